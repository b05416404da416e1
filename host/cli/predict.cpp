// SPDX-License-Identifier: MIT
// kairos predict.
#include <filesystem>

#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "io/npy.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::host::cli {

namespace {

void check_ending(const std::string& file, std::size_t outputs) {
  const std::string ending = std::filesystem::path(file).extension().string();
  if (ending == ".npz" || (ending == ".npy" && outputs == 1)) return;
  throw Error(
      ErrorKind::Usage,
      {"KAIROS-U006", "--out " + file, "the ending does not fit", ending.empty() ? "no ending" : ending,
       outputs == 1 ? ".npy or .npz" : ".npz, because the model has several outputs",
       "Name the file with it"});
}

}  // namespace

int run_predict(Arguments arguments) {
  const Settings settings("predict", predict_settings(), arguments);
  if (settings.help_wanted()) return print(settings.help("outputs of a model for data")), 0;
  if (settings.is_on("print_config")) return print(settings.json()), 0;
  require(settings, "model", "Name a Keras file, or a shorthand with --weights");
  require_data(settings);
  require(settings, "out", "Name the file to write, such as --out predictions.npy");

  PassOptions options;
  options.batch_size = settings.integer("batch_size");
  options.steps = settings.integer("steps");
  options.plugins = parse_specs(settings.list("plugin"));
  const Catalog catalog = scan_catalog(settings.list("plugin_dir"), options.plugins);
  options.catalog = &catalog;
  if (settings.has("run_dir")) options.run_directory = std::filesystem::absolute(settings.text("run_dir"));
  options.messages = console_messages();
  GivenModel given = read_given_model(settings);
  const LoadedData data = load(settings, given.ports, Purpose::Predict);
  const std::unique_ptr<Model> model = make_model(settings, std::move(given), data.train, Purpose::Predict);
  const std::string out = settings.text("out");
  check_ending(out, model->outputs().size());
  require_writable(out, "--out");

  const std::vector<NamedArray> predictions = predict(*model, data.train, options);
  if (std::filesystem::path(out).extension() == ".npy")
    write_npy(out, predictions.front().array);
  else
    write_npz(out, predictions);
  return 0;
}

}  // namespace kairos::host::cli
