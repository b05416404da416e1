// SPDX-License-Identifier: MIT
// From settings to a pass.
#include "cli/prepared_pass.hpp"

#include <utility>

#include "cli/class_names.hpp"
#include "cli/command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/files_of_settings.hpp"
#include "cli/load_model.hpp"
#include "cli/machine.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

PassOptions read_options(const Settings& settings) {
  PassOptions options;
  options.batch_size = settings.integer("batch_size");
  options.steps = settings.integer("steps");
  options.plugins = parse_specs(settings.items("plugin"));
  options.messages = console_messages(log_level(settings));
  options.owns_process = true;
  set_watch_over_plugins(settings, options);
  return options;
}

/// Without weights, the model has random ones, and its results are random.
void require_weights(const Settings& settings, const ModelInput& input) {
  if (input.file || settings.has("weights")) return;
  throw Error(ErrorKind::Usage,
              {"KAIROS-U065", "--model " + settings.text("model"), "the model has no trained weights", "",
               "--weights, or a model file that holds weights (.keras, .h5)",
               "Give the weights with --weights, or the model that fit wrote with --save-model"});
}

}  // namespace

PreparedPass::PreparedPass(Settings& settings, Purpose purpose, const char* record)
    : options_(read_options(settings)),
      catalog_(scan_catalog(settings.items("plugin_dir"), options_.plugins)),
      directory_(settings.text("run_dir")) {
  options_.catalog = &catalog_;
  refuse_commands_of_config(settings, options_.plugins, catalog_);
  hide_secrets(settings, catalog_);
  options_.notes = notes_of(settings);
  options_.run_directory = directory_.path();
  options_.files = files_read(settings, purpose);
  add_record(options_.files, settings, directory_, record);
  options_.before_pass = [this, record, configuration = settings.json_in(directory_.path())] {
    directory_.begin(record, configuration);
  };
  ModelInput input = read_model(settings);
  require_weights(settings, input);
  options_.stream = stream_options(settings, purpose);
  const CompileOptions compiled = compile_options(settings, input, purpose);
  stream_ = open_data(settings, input.ports, purpose);
  data_ = stream_ ? LoadedData{stream_->layout(), {}} : load(settings, input.ports, purpose);
  if (purpose == Purpose::Evaluate) require_use_of_class_names(settings, data_.train);
  model_ = make_model(settings, std::move(input), compiled, data_.train, purpose);
  if (purpose == Purpose::Evaluate) require_all_classes(settings, data_.train, *model_);
}

int PreparedPass::tell_interrupt() const {
  const int signal = options_.interrupted->load();
  if (signal == 0) return 0;
  options_.messages(Level::Warning, "",
                    interrupted_by(signal) + " before the last batch; there is no result");
  return exit_code_of_signal(signal);
}

}  // namespace kairos::host::cli
