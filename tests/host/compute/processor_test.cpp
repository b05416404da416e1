// SPDX-License-Identifier: MIT
#include "compute/processor.hpp"

#include <catch2/catch.hpp>

#include "host/error_text.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

TEST_CASE("A processor without bfloat16 is refused with the name of its vectors", "[host][compute]") {
  CHECK(error_of([] {
          require_bf16({"AVX2", false});
        }) ==
        "KAIROS-M035: precision bf16: this processor does not multiply bfloat16; found AVX2, expected "
        "AVX512_BF16 or AMX. Set precision to float32.");
  CHECK_NOTHROW(require_bf16({"AVX512_BF16", true}));
  CHECK_NOTHROW(require_bf16({"AMX", true}));
}

TEST_CASE("This processor has a name for its vectors, and bfloat16 only beyond AVX-512", "[host][compute]") {
  const Processor processor = this_processor();
  INFO(processor.vectors);
  CHECK_FALSE(processor.vectors.empty());
  CHECK(processor.multiplies_bf16 == (processor.vectors == "AMX" || processor.vectors == "AVX512_BF16"));
}
