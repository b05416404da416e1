// SPDX-License-Identifier: MIT
// kairos predict.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/atomic_file.hpp"
#include "cli/class_names.hpp"
#include "cli/command.hpp"
#include "cli/output_files.hpp"
#include "cli/prepared_pass.hpp"
#include "cli/text_table.hpp"
#include "data/array_file.hpp"
#include "io/file_kind.hpp"
#include "io/npy.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/fit.hpp"
#include "nn/parameter.hpp"

namespace kairos::host::cli {

namespace {

void check_ending(const std::string& file, std::size_t outputs) {
  const FileKind kind = kind_of(file);
  if (kind == FileKind::Npz || ((kind == FileKind::Npy || kind == FileKind::Csv) && outputs == 1)) return;
  throw Error(ErrorKind::Usage,
              {"KAIROS-U006", "--out " + file, "unsupported file name extension", shown_ending(file),
               outputs == 1 ? endings({FileKind::Npy, FileKind::Npz, FileKind::Csv})
                            : ".npz, because the model has several outputs",
               "Choose a file name with such an extension"});
}

/// Class names appear in a CSV only: one per number of the output, or two for a single number.
void check_class_names(const Settings& settings, const std::vector<std::string>& names, const Model& model) {
  const std::string flag = "--class-names " + settings.text("class_names");
  if (kind_of(settings.text("out")) != FileKind::Csv)
    throw Error(ErrorKind::Usage,
                {"KAIROS-U014", flag, "this kind of file cannot hold class names", settings.text("out"),
                 "an --out that ends in .csv", "Choose one, or leave --class-names out"});
  const Port& output = model.outputs().front();
  const std::int64_t size = size_of(output.shape);
  if (size == static_cast<std::int64_t>(names.size()) || (size == 1 && names.size() == 2)) return;
  throw Error(
      ErrorKind::Usage,
      {"KAIROS-U014", flag, "the number of class names does not match the model's output",
       std::to_string(names.size()) + " names", std::to_string(size) + " as \"" + output.name + "\" has",
       "Give the class_names.json of the run that trained the model"});
}

/// The class_names.json next to the model, if it has a name per number of the output. For a single number it
/// is not used, because that may not be a probability.
std::vector<std::string> names_beside_model(const Settings& settings, const Model& model) {
  const std::filesystem::path list = class_list_beside_model(settings);
  const std::int64_t size = size_of(model.outputs().front().shape);
  if (list.empty() || size < 2 || kind_of(settings.text("out")) != FileKind::Csv) return {};
  std::vector<std::string> names = read_class_names(list);
  if (size != static_cast<std::int64_t>(names.size())) return {};
  return names;
}

std::vector<std::string> names_for_table(const Settings& settings, const Model& model) {
  if (!settings.has("class_names")) return names_beside_model(settings, model);
  std::vector<std::string> names = read_class_names(settings.text("class_names"));
  check_class_names(settings, names, model);
  return names;
}

/// One line per sample: its file if samples are images, the numbers of the output, and with class names the
/// name of the class. The class is that of the largest number; of a single number it is the second class if
/// the number is greater than 0.5, as in Keras' binary_accuracy.
std::string prediction_table(const NamedArray& output, const std::vector<std::string>& names,
                             const std::vector<std::string>& files) {
  const auto size = static_cast<std::size_t>(output.array.row_size());
  std::string table = files.empty() ? "" : "file,";
  for (std::size_t i = 0; i < size; ++i) {
    const std::string number = size > 1 ? "_" + std::to_string(i) : "";
    const std::string column = names.empty() ? output.name + number : names[size > 1 ? i : 1];
    table += (i > 0 ? "," : "") + csv_field(column);
  }
  table += names.empty() ? "\n" : ",class\n";
  auto file = files.begin();
  for (auto row = output.array.values.begin(); row != output.array.values.end();
       row += static_cast<std::ptrdiff_t>(size)) {
    if (file != files.end()) table += csv_field(*file++) + ",";
    const auto end = row + static_cast<std::ptrdiff_t>(size);
    for (auto value = row; value != end; ++value)
      table += fmt::format("{}{}", value == row ? "" : ",", *value);
    const auto largest = static_cast<std::size_t>(std::max_element(row, end) - row);
    const std::size_t label = size > 1 ? largest : (*row > 0.5F ? 1 : 0);
    table += names.empty() ? "\n" : "," + csv_field(names[label]) + "\n";
  }
  return table;
}

/// The exit code.
int predict_to_file(Settings& settings) {
  PreparedPass pass(settings, Purpose::Predict, "predict.json");
  const std::string out = settings.text("out");
  check_ending(out, pass.model().outputs().size());
  const std::vector<std::string> class_names = names_for_table(settings, pass.model());
  require_writable(out, "--out");
  pass.will_write({out, "--out"});

  const std::vector<NamedArray> predictions = pass.run([](auto&&... parts) { return predict(parts...); });
  if (const int interrupted = predictions.empty() ? pass.tell_interrupt() : 0; interrupted != 0)
    return interrupted;
  const FileKind kind = kind_of(out);
  if (kind == FileKind::Csv)
    write_file(out, prediction_table(predictions.front(), class_names, pass.files()));
  else if (kind == FileKind::Npy)
    write_npy(out, predictions.front().array);
  else
    write_npz(out, predictions);
  return 0;
}

/// A table may still contain its labels, or --target may drop a column by mistake: the usual causes of a
/// column too many, too few, or of text. "" for no hint.
std::string target_hint(const Settings& settings, const std::string& code) {
  if (!settings.has("target")) return "If a column holds the labels, name it with --target to drop it";
  if (const std::optional<Diagnosis> missing = missing_target(settings)) {
    const std::string& cure = missing->cure;
    return "The table has no column " + missing->found + " for --target to drop" +
           (cure.empty() ? "" : ". " + cure);
  }
  return code == "KAIROS-D025" ? "" : "If no column holds labels, leave --target out: it drops one";
}

/// The same error with the hint before its cure.
Error with_target_hint(const Error& error, const Settings& settings) {
  Diagnosis diagnosis = error.diagnosis();
  const std::string hint = target_hint(settings, diagnosis.code);
  if (hint.empty()) return error;
  diagnosis.cure = hint + (hint.back() == '?' ? " Otherwise: " : ". Otherwise: ") + diagnosis.cure;
  return {error.kind(), diagnosis};
}

/// Whether all columns of the table are inputs, except those of --target.
bool target_decides_inputs(const Settings& settings) {
  if (!reads_table(settings) || settings.has("input")) return false;
  const std::vector<NamedText> targets = settings.named("target");
  return std::none_of(targets.begin(), targets.end(),
                      [](const NamedText& one) { return names_file(one.value); });
}

}  // namespace

int run_predict(Arguments arguments) {
  Settings settings(Command::Predict, arguments);
  if (settings.help_wanted()) return print(settings.help("compute the outputs of a model for data")), 0;
  if (settings.is_on("print_config")) return print_config(settings), 0;
  settings.require("model", "Name a Keras file, or a shorthand with --weights");
  require_data(settings);
  settings.require("out", "Name the file to write, such as --out predictions.npy");
  try {
    return predict_to_file(settings);
  } catch (const Error& error) {
    const std::string& code = error.diagnosis().code;
    const bool columns_misfit =
        code == "KAIROS-D025" || code == "KAIROS-D324" || code == "KAIROS-M016" || code == "KAIROS-M090";
    if (columns_misfit && target_decides_inputs(settings)) throw with_target_hint(error, settings);
    throw;
  }
}

}  // namespace kairos::host::cli
