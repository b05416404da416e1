// SPDX-License-Identifier: MIT
// Messages call a file by its flag, which only the program knows.
#include "cli/files_of_settings.hpp"

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <system_error>
#include <utility>

#include "base/file_place.hpp"
#include "cli/class_names.hpp"
#include "cli/config_file.hpp"
#include "cli/live_history.hpp"
#include "data/array_file.hpp"
#include "data/data_files.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/checkpoint.hpp"

namespace kairos::host::cli {

namespace fs = std::filesystem;

namespace {

void add_data(RunFiles& files, const Settings& settings, const std::string& prefix) {
  if (settings.has(prefix + "data"))
    files.read.push_back({file_of_source(settings.text(prefix + "data")), flag_of(prefix + "data")});
  for (const char* key : {"input", "target", "sample_weight"})
    for (const NamedText& one : settings.named(prefix + key))
      if (names_file(one.value))  // not a column
        files.read.push_back({file_of_source(one.value), flag_of(prefix + key)});
}

void add_file(RunFiles& files, const Settings& settings, const char* key, FileContent content) {
  if (settings.has(key)) files.read.push_back({settings.text(key), flag_of(key), content});
}

/// An architecture is a configuration; a shorthand is no file.
void add_model(RunFiles& files, const Settings& settings) {
  const fs::path model = settings.text("model");
  std::error_code ignored;
  if (!fs::is_regular_file(model, ignored)) return;
  files.read.push_back(
      {model, "--model", kind_of(model) == FileKind::Json ? FileContent::Configuration : FileContent::Model});
}

void add_in_directory(RunFiles& files, const Settings& settings, const RunDirectory& directory,
                      const char* name, FileContent content) {
  if (directory.path().empty()) return;
  // The path as the user wrote it, for messages.
  files.written.push_back(
      {fs::path(settings.text("run_dir")) / name, "--run-dir", content, "Choose another directory"});
}

/// Whether --config is the record of an earlier run, which this run would replace with the same settings.
bool is_record(const Settings& settings, const fs::path& record) {
  if (!settings.has("config")) return false;
  const fs::path config = settings.text("config");
  return FilePlace(config) == FilePlace(record) &&
         read_config_file(config) == nlohmann::json::parse(settings.json_in(record.parent_path()));
}

}  // namespace

RunFiles files_read(const Settings& settings, Purpose purpose) {
  RunFiles files;
  add_data(files, settings, "");
  if (purpose == Purpose::Train) add_data(files, settings, "validation_");
  add_model(files, settings);
  add_file(files, settings, "weights", FileContent::Model);
  add_file(files, settings, "config", FileContent::Configuration);
  add_file(files, settings, "class_names", FileContent::ClassNames);
  if (const fs::path list = class_list_beside_model(settings); !list.empty())
    files.read.push_back({list, "the model's class names", FileContent::ClassNames});
  if (const fs::path columns = file_beside_model(settings, "input_columns.json"); !columns.empty())
    files.read.push_back({columns, "the model's input columns", FileContent::InputColumns});
  if (purpose == Purpose::Train) add_file(files, settings, "callback_state", FileContent::State);
  return files;
}

void add_record(RunFiles& files, const Settings& settings, const RunDirectory& directory,
                const char* record) {
  if (is_record(settings, directory.path() / record)) return;
  add_in_directory(files, settings, directory, record, FileContent::Configuration);
}

void add_results_of_fit(RunFiles& files, const Settings& settings, const RunDirectory& directory,
                        Labels labels) {
  for (const char* key : {"save_model", "save_weights"})
    if (settings.has(key)) files.written.push_back({settings.text(key), flag_of(key), FileContent::Model});
  if (settings.has("history")) files.written.push_back({settings.text("history"), "--history"});
  add_record(files, settings, directory, "run.json");
  add_in_directory(files, settings, directory, "history.json", FileContent::Other);
  add_in_directory(files, settings, directory, live_history_name, FileContent::Other);
  add_in_directory(files, settings, directory, "callback_state", FileContent::State);
  if (!directory.path().empty())
    files.read.push_back({directory.path() / RunCheckpoints::folder, "--run-dir", FileContent::Other});
  add_in_directory(files, settings, directory, "input_columns.json", FileContent::InputColumns);
  if (labels == Labels::Names)
    add_in_directory(files, settings, directory, "class_names.json", FileContent::ClassNames);
}

}  // namespace kairos::host::cli
