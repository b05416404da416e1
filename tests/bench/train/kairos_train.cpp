// SPDX-License-Identifier: MIT
// The training benchmark on Kairos, through its public API. A sixth argument is the precision.
#include <omp.h>

#include <exception>
#include <string>
#include <utility>

#include "kairos/host/host.hpp"
#include "work.hpp"

namespace {

using namespace kairos::host;
using kairos::bench::Work;

std::string architecture(char name) {
  switch (name) {
    case 'a':
      return "dense(512,relu) dense(512,relu) dense(10,softmax)";
    case 'b':
      return "dense(64,relu) dense(64,relu) dense(1)";
    case 'd':
      return "lstm(128) dense(1)";
    default:
      return "conv2d(32,3,relu) conv2d(64,3,relu) maxpool(2) flatten() "
             "dense(128,relu) dense(10,softmax)";
  }
}

Dataset dataset(Work& work) {
  Array x{{work.samples}, std::move(work.x)};
  x.shape.insert(x.shape.end(), work.input.begin(), work.input.end());
  Dataset data;
  data.inputs.push_back({"", std::move(x)});
  data.targets.push_back({"", {{work.samples, 1}, std::move(work.y)}});
  data.origin = "benchmark";
  return data;
}

int run(Work work, const std::string& precision) {
  omp_set_num_threads(work.threads);
  const Dataset data = dataset(work);
  ModelSource source;
  source.text = architecture(work.name);
  source.input_shape = work.input;
  CompileOptions compiling;
  compiling.optimizer = work.optimizer == "sgd" ? "SGD(learning_rate=0.01)" : "Adam(learning_rate=0.001)";
  compiling.loss = work.classifies() ? "sparse_categorical_crossentropy" : "mse";
  compiling.precision = kairos::host::precision(precision);
  const auto model = compile(source, compiling);

  const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_BENCH_PLUGINS});
  FitOptions options;
  options.batch_size = work.batch;
  options.shuffle = Shuffle::None;
  options.catalog = &catalog;
  options.plugins.assign(static_cast<std::size_t>(work.callbacks), parse_plugin_spec("Idle"));
  (void)fit(*model, data, options);
  options.epochs = work.epochs;
  const kairos::bench::Clock clock;
  const History history = fit(*model, data, options);
  kairos::bench::report(work, clock, history.last("loss").value_or(0));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(kairos::bench::read_work(argc, argv), argc > 6 ? argv[6] : "float32");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
