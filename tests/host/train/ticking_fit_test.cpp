// SPDX-License-Identifier: MIT
// Programs that use the library may have signal handlers, and threads started before the library is used.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "compute/team_size.hpp"
#include "host/compute/normal_values.hpp"
#include "host/compute/ticking_handler.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using kairos::tests::normal_values;
using kairos::tests::TickingHandler;

namespace {

constexpr std::int64_t samples = 64;

double loss_of(const std::string& text, const std::vector<std::int64_t>& shape, Precision precision) {
  ModelSource source;
  source.text = text;
  source.input_shape = shape;
  CompileOptions compiling;
  compiling.optimizer = "Adam(learning_rate=0.001)";
  compiling.loss = "mse";
  compiling.precision = precision;
  const auto model = compile(source, compiling);
  Array x{{samples}, {}};
  std::int64_t size = samples;
  for (const std::int64_t extent : shape) {
    x.shape.push_back(extent);
    size *= extent;
  }
  x.values = normal_values(size, 1);
  Dataset data;
  data.inputs.push_back({"", std::move(x)});
  data.targets.push_back({"", {{samples, 1}, normal_values(samples, 2)}});
  FitOptions options;
  options.epochs = 3;
  return fit(*model, data, options).last("loss").value();
}

}  // namespace

TEST_CASE("Signal handlers of the program do not affect a fit", "[host][train]") {
  struct Case {
    std::string text;
    std::vector<std::int64_t> shape;
  };
  const Case cases[]{{"dense(512,relu) dense(512,relu) dense(1)", {784}},
                     {"dense(32,relu) dense(1)", {16}},
                     {"conv2d(16,3,relu) conv2d(32,3,relu,dilation_rate=2) flatten() dense(1)", {14, 14, 8}},
                     {"lstm(32) dense(1)", {12, 16}}};
  for (const int threads : {1, 2}) {
    const TeamSize team(threads);
    on_each_thread(threads, [] {});
    for (const Case& one : cases) {
      INFO(one.text << " on " << threads << " threads");
      const double expected = loss_of(one.text, one.shape, Precision::Float32);
      const TickingHandler ticking(threads);
      CHECK(loss_of(one.text, one.shape, Precision::Float32) == expected);
      CHECK(TickingHandler::astray == 0);
    }
  }
}
