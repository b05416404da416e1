// SPDX-License-Identifier: MIT
// What stands behind --plugin, and the values of its options.
#include "fuzz.hpp"
#include "kairos/abi.h"
#include "plugin/expression.hpp"
#include "plugin/option_value.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::expect_value_or_diagnosis([&] { static_cast<void>(host::parse_plugin_spec(text)); });
  for (std::int32_t type = 0; type < 16; ++type)
    if (const auto value = host::parse_value(type, text)) {
      // What is written down must be read back as the same.
      const auto again = host::parse_value(type, host::value_text(*value));
      if (!again || !(*again == *value)) std::abort();
    }
  fuzz::expect_value_or_diagnosis([&] {
    const std::string variables[] = {"epoch", "lr"};
    host::Expression expression(text, variables, "schedule");
    const double values[] = {3, 0.01};
    static_cast<void>(expression.evaluate(values));
  });
  return 0;
}
