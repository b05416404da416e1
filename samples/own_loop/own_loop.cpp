// SPDX-License-Identifier: MIT
// A custom training loop that hosts Kairos' callbacks, without a Kairos model.
#include <kairos/host/callbacks.hpp>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "linear_model.hpp"

namespace {

namespace host = kairos::host;

constexpr int epochs = 200;
constexpr int samples = 64;

/// Scans the plugin directories and the .so files among the arguments.
host::Catalog find_plugins(const std::vector<host::PluginSpec>& specs) {
  std::vector<std::filesystem::path> files;
  for (const host::PluginSpec& spec : specs)
    if (spec.is_file()) files.emplace_back(spec.target);
  std::optional<std::string_view> path;
  if (const char* value = ::secure_getenv("KAIROS_PLUGIN_PATH")) path = value;
  return host::Catalog::scan(host::plugin_directories({}, path, KAIROS_PLUGIN_DIR), files);
}

void train(const std::vector<host::PluginSpec>& specs) {
  const host::Catalog catalog = find_plugins(specs);
  LinearModel model;

  host::CallbacksOptions options;
  options.keys = {{"loss", host::Direction::Min}};
  options.messages = [](host::Level, std::string_view author, std::string_view text) {
    std::printf("%.*s: %.*s\n", static_cast<int>(author.size()), author.data(), static_cast<int>(text.size()),
                text.data());
  };
  host::Callbacks callbacks(catalog, specs, model, options);
  host::RunInfo run;
  run.epochs = epochs;
  run.steps_per_epoch = run.samples = samples;
  run.batch_size = 1;
  callbacks.setup(run);
  callbacks.train_begin();

  double mean = 0;
  for (int epoch = 0; epoch < epochs && !callbacks.stop(); ++epoch) {
    callbacks.epoch_begin(epoch);
    double sum = 0;
    for (int i = 0; i < samples; ++i) {
      callbacks.train_batch_begin(i, 1);
      const float x = static_cast<float>(i) / samples;
      sum += model.step(x, 3 * x - 1);
      mean = sum / (i + 1);
      host::LogValues logs{mean};
      callbacks.train_batch_end(logs);
      if (callbacks.stop()) break;
    }
    host::LogValues logs{mean};
    callbacks.epoch_end(logs, nullptr);
  }

  const host::RunEnd end = callbacks.stop() ? host::RunEnd::Stopped : host::RunEnd::Completed;
  callbacks.train_end(end);
  callbacks.finish(end);
  if (callbacks.stop())
    std::printf("stopped by %s: %s\n", callbacks.stop()->instance.c_str(), callbacks.stop()->reason.c_str());
  const auto weights = model.tensors(host::Role::Weight);
  std::printf("y = %.3f x %+.3f, loss %.6f\n", static_cast<double>(*weights[0].data),
              static_cast<double>(*weights[1].data), mean);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    std::vector<host::PluginSpec> specs;
    for (int i = 1; i < argc; ++i) specs.push_back(host::parse_plugin_spec(argv[i]));
    train(specs);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
