// SPDX-License-Identifier: MIT
// Labels in sorted order have the numbers of training only if the data contains every class.
#include "cli/class_names.hpp"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "cli/command.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace fs = std::filesystem;

namespace {

/// The file of the trained weights; empty for a model without.
fs::path trained_file(const Settings& settings) {
  if (settings.has("weights")) return settings.text("weights");
  const fs::path model = settings.text("model");
  std::error_code ignored;
  const bool trained = kind_of(model) != FileKind::Json && fs::is_regular_file(model, ignored);
  return trained ? model : fs::path();
}

std::string names_text(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 5;
  std::string text = std::to_string(names.size()) + " (";
  for (std::size_t i = 0; i < std::min(names.size(), shown); ++i) text += (i > 0 ? ", " : "") + names[i];
  return text + (names.size() > shown ? ", …)" : ")");
}

/// Classes that the output of the only target distinguishes; 0 if unknown.
std::size_t classes_of(const Model& model) {
  if (model.targets().size() != 1) return 0;
  const auto outputs = model.outputs();
  const auto output = std::find_if(outputs.begin(), outputs.end(),
                                   [&](const Port& one) { return one.name == model.targets().front().name; });
  if (output == outputs.end() || output->shape.empty()) return 0;
  const std::int64_t units = output->shape.back();
  return units == 1 ? 2 : static_cast<std::size_t>(std::max<std::int64_t>(units, 0));
}

}  // namespace

fs::path file_beside_model(const Settings& settings, const char* name) {
  const fs::path trained = trained_file(settings);
  if (trained.empty()) return {};
  std::error_code ignored;
  const fs::path beside_run = settings.training_directory() / name,
                 beside_file = trained.parent_path() / name;
  if (!settings.training_directory().empty() && fs::is_regular_file(beside_run, ignored)) return beside_run;
  return fs::is_regular_file(beside_file, ignored) ? beside_file : fs::path();
}

fs::path class_list_beside_model(const Settings& settings) {
  return file_beside_model(settings, "class_names.json");
}

std::vector<std::string> class_names_beside_model(const Settings& settings) {
  const fs::path list = class_list_beside_model(settings);
  if (list.empty()) return {};
  return read_class_names(list);
}

void require_all_classes(const Settings& settings, const Dataset& data, const Model& model) {
  const std::size_t classes = classes_of(model);
  if (settings.has("class_names") || data.class_names.empty() || classes == 0 ||
      data.class_names.size() == classes || trained_file(settings).empty())
    return;
  throw Error(
      ErrorKind::Usage,
      {"KAIROS-U014", data.origin,
       "the number of classes differs from the trained model, so their numbers may differ from training",
       names_text(data.class_names), std::to_string(classes),
       "Give the list of the run that trained it with --class-names RUN_DIR/class_names.json"});
}

}  // namespace kairos::host::cli
