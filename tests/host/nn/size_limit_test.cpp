// SPDX-License-Identifier: MIT
// Architectures that need more memory than the machine has are refused before anything is allocated.
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "host/error_text.hpp"
#include "nn/architecture.hpp"
#include "nn/graph.hpp"

using namespace kairos::host;
using Catch::Matchers::Contains;
using kairos::tests::error_of;

TEST_CASE("An architecture that exceeds the memory limit is refused with the name of the layer",
          "[host][nn]") {
  struct Case {
    const char* text;
    const char* where;
    const char* found;
  };
  constexpr std::int64_t most_values = 100000;
  const Case cases[] = {
      // A trained weight counts twice, with its gradient.
      {"input(100) dense(600)", "\"dense\" (Dense)", "weight \"kernel\" of (100, 600)"},
      // Each of them alone would fit.
      {"input(100) dense(400) dense(100)", "\"dense_1\" (Dense)", "weight \"kernel\" of (400, 100)"},
      {"input(1) dense(2147483647)", "\"dense\" (Dense)", "weight \"kernel\" of (1, 2147483647)"},
      {"input(2147483647,2147483647,2147483647) flatten", "input \"input_layer\"",
       "one sample of (2147483647"},
      {"input(2,2,1) zeropad(1000000) flatten", "(ZeroPadding2D)", "one sample of (2000002, 2000002, 1)"},
  };
  for (const Case& one : cases) {
    CAPTURE(one.text);
    const std::string error =
        error_of([&] { return build_graph(read_shorthand(one.text), {}, 1, most_values); });
    CHECK_THAT(error, Contains("KAIROS-M011") && Contains(one.where) && Contains(one.found) &&
                          Contains("at most 100000 values"));
  }
  CHECK_NOTHROW(build_graph(read_shorthand("input(100) dense(400)"), {}, 1, most_values));
}

TEST_CASE("A batch that exceeds the memory limit is refused before it is allocated", "[host][nn]") {
  const auto graph = build_graph(read_shorthand("input(10) dense(10)"), {}, 1, 1000);
  const std::vector<float> values(400);
  const float* const inputs[] = {values.data()};
  CHECK_NOTHROW(graph->forward({20, Mode::Infer, 0}, inputs));
  CHECK_THAT(error_of([&] {
               return graph->forward({40, Mode::Infer, 0}, inputs), 0;
             }),
             Contains("KAIROS-M012") && Contains("40 samples") && Contains("Choose a smaller batch size"));
}

TEST_CASE("The memory limit of this machine is positive", "[host][nn]") {
  CHECK(values_of_this_machine() > 1000000);
}
