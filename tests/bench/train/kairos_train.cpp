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

/// A 3x3 convolution of each channel and a 1x1 convolution, as in MobileNet.
std::string separable(int filters, int stride) {
  const std::string normalized = " batchnorm() ReLU(max_value=6) ";
  return "dwconv2d(3,strides=" + std::to_string(stride) + ",padding=same,use_bias=false)" + normalized +
         "conv2d(" + std::to_string(filters) + ",1,use_bias=false)" + normalized;
}

std::string convolution(int filters, int stride) {
  return "conv2d(" + std::to_string(filters) + ",3,strides=" + std::to_string(stride) +
         ",padding=same,use_bias=false) batchnorm() relu ";
}

std::string architecture(const std::string& name) {
  if (name == "a") return "dense(512,relu) dense(512,relu) dense(10,softmax)";
  if (name == "b") return "dense(64,relu) dense(64,relu) dense(1)";
  if (name == "d") return "lstm(128) dense(1)";
  if (name == "mobilenet")
    return "conv2d(32,3,padding=same,use_bias=false) batchnorm() ReLU(max_value=6) " + separable(64, 1) +
           separable(128, 2) + separable(128, 1) + separable(256, 2) + separable(256, 1) +
           "globalavgpool() dense(10,softmax)";
  if (name == "resnet")
    return convolution(32, 1) + convolution(32, 1) + convolution(32, 1) + convolution(64, 2) +
           convolution(64, 1) + convolution(128, 2) + convolution(128, 1) +
           "globalavgpool() dense(10,softmax)";
  if (name == "autoencoder")
    return "dense(256,sigmoid) dense(64,sigmoid) dense(256,sigmoid) dense(784,sigmoid)";
  return "conv2d(32,3,relu) conv2d(64,3,relu) maxpool(2) flatten() "
         "dense(128,relu) dense(10,softmax)";
}

std::string optimizer(const std::string& name) {
  if (name == "sgd") return "SGD(learning_rate=0.01)";
  return name == "rmsprop" ? "RMSprop(learning_rate=0.001)" : "Adam(learning_rate=0.001)";
}

Dataset dataset(Work& work) {
  Array x{{work.samples}, std::move(work.x)};
  x.shape.insert(x.shape.end(), work.input.begin(), work.input.end());
  Dataset data;
  data.inputs.push_back({"", std::move(x)});
  const auto width = static_cast<std::int64_t>(work.y.size()) / work.samples;
  data.targets.push_back({"", {{work.samples, width}, std::move(work.y)}});
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
  compiling.optimizer = optimizer(work.optimizer);
  compiling.loss = work.outputs == 0   ? "binary_crossentropy"
                   : work.classifies() ? "sparse_categorical_crossentropy"
                                       : "mse";
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
