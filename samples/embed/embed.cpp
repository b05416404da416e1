// SPDX-License-Identifier: MIT
// Trains from a C++ program: reads a CSV, calls fit with plugins, and prints the History.
#include <kairos/host/host.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace host = kairos::host;

int train(const std::string& csv, const std::vector<std::string>& plugins) {
  host::DataSpec spec;
  spec.file = csv;
  spec.target = "label";
  const host::Dataset digits = host::load_data(spec).train;

  host::ModelSource source;
  source.text = "dense(64,relu) dense(10,softmax)";
  source.input_shape = {64};
  host::CompileOptions compiling;
  compiling.optimizer = "Adam(learning_rate=0.002)";
  compiling.loss = "sparse_categorical_crossentropy";
  compiling.metrics = {"accuracy"};
  const auto model = host::compile(source, compiling);

  // The bundled plugins, and those in KAIROS_PLUGIN_PATH.
  std::optional<std::string_view> path;
  if (const char* value = ::secure_getenv("KAIROS_PLUGIN_PATH")) path = value;
  const host::Catalog catalog = host::Catalog::scan(host::plugin_directories({}, path, KAIROS_PLUGIN_DIR));

  host::FitOptions options;
  options.epochs = 30;
  options.validation_split = 0.2;
  options.catalog = &catalog;
  for (const std::string& text : plugins) options.plugins.push_back(host::parse_plugin_spec(text));
  options.messages = [](host::Level, std::string_view author, std::string_view text) {
    std::fprintf(stderr, "%.*s: %.*s\n", static_cast<int>(author.size()), author.data(),
                 static_cast<int>(text.size()), text.data());
  };
  const host::History history = host::fit(*model, digits, options);

  const std::vector<std::optional<double>>& losses = *history.find("val_loss");
  for (std::size_t i = 0; i < losses.size(); ++i)
    if (losses[i])
      std::printf("epoch %lld  val_loss %.4f\n", static_cast<long long>(history.epochs[i]) + 1, *losses[i]);
  if (history.stop)
    std::printf("stopped by %s: %s\n", history.stop->instance.c_str(), history.stop->reason.c_str());
  std::printf("validation accuracy %.3f\n", history.last("val_accuracy").value_or(0));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: embed DIGITS.csv [PLUGIN[:key=value,...]]...\n");
    return 2;
  }
  try {
    return train(argv[1], {argv + 2, argv + argc});
  } catch (const std::exception& error) {  // The text of a kairos::host::Error is one line with the fix.
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
