// SPDX-License-Identifier: MIT
// kairos convert: converts a model between Keras formats.
#include <filesystem>

#include "base/atomic_file.hpp"
#include "cli/command.hpp"
#include "cli/model_input.hpp"
#include "cli/output_files.hpp"
#include "cli/training_config.hpp"
#include "io/file_kind.hpp"
#include "kairos/host/error.hpp"
#include "nn/architecture.hpp"
#include "nn/compile.hpp"
#include "plugin/run/file_guard.hpp"

namespace kairos::host::cli {

namespace {

[[noreturn]] void refuse(const char* code, const std::string& where, const char* what,
                         const std::string& found, const std::string& cure) {
  throw Error(ErrorKind::Usage, {code, where, what, found, "", cure});
}

/// The architecture of the file itself, or of --model for a file of weights.
ModelSource architecture_of(const ModelInput& stored, const Settings& settings) {
  if (stored.has_architecture()) {
    if (settings.has("model"))
      refuse("KAIROS-U041", "--model", "the file has its own architecture", "\"" + stored.name + "\"",
             "Leave --model out");
    return stored.source;
  }
  if (!settings.has("model"))
    refuse("KAIROS-U041", stored.name, "the file holds weights only, without a model", "",
           "Give the architecture with --model, for example --model model.json");
  ModelInput architecture = open_model(settings.text("model"));
  if (!architecture.has_architecture())
    refuse("KAIROS-U041", "--model " + architecture.name, "the file holds weights only, without a model", "",
           "Name a file with an architecture");
  return architecture.source;
}

enum class OptimizerFate { Absent, Kept, Unnamed, LeftOut };

/// Whether the file names a loss.
bool is_compiled(const CompileOptions& options) {
  return !options.loss.empty() || !options.outputs.empty();
}

OptimizerFate fate_of(Model& model, const ModelFile& file, const CompileOptions& options) {
  if (!is_compiled(options)) return file.optimizer.empty() ? OptimizerFate::Absent : OptimizerFate::LeftOut;
  // A file that does not name its optimizer does not say whose state it holds.
  if (options.optimizer == CompileOptions().optimizer) return OptimizerFate::Unnamed;
  if (file.optimizer.empty()) return OptimizerFate::Absent;
  return restore_optimizer(model, file) ? OptimizerFate::Kept : OptimizerFate::LeftOut;
}

/// What was written, and what was left out.
std::string report(const std::string& out, SaveContent content, bool compiled, OptimizerFate fate) {
  if (content == SaveContent::Weights) return out + ": the weights\n";
  std::string text = out + ": the model" + (compiled ? ", compiled" : "");
  switch (fate) {
    case OptimizerFate::Absent:
      break;
    case OptimizerFate::Kept:
      text += ", with the optimizer's state";
      break;
    case OptimizerFate::Unnamed:
      text += "; the file does not name its optimizer, so it is rmsprop as in Keras";
      break;
    case OptimizerFate::LeftOut:
      text += "; the optimizer's state is left out";
      break;
  }
  return text + "\n";
}

CompileOptions stored_all(const ModelFile& file, const std::string& name, UnknownKeys& unknown) {
  const std::string& training = file.training_config_json;
  const std::vector<std::string> outputs = file.architecture_json.empty()
                                               ? std::vector<std::string>{}
                                               : port_facts(file.architecture_json, name).outputs;
  CompileOptions options = stored_losses(training, outputs, name, unknown);
  if (const std::string optimizer = stored_optimizer(training, name); !optimizer.empty())
    options.optimizer = optimizer;
  return options;
}

int convert(const ModelInput& stored, const std::string& out, const Settings& settings) {
  ModelSource source = architecture_of(stored, settings);
  source.strict = settings.is_on("strict");
  source.messages = console_messages();
  source.open_length = any_length;
  if (kind_of(out) == FileKind::Json) {
    write_file(out, keras_json(source) + "\n");
    return print(out + ": the architecture\n"), 0;
  }
  const FileKind kind = kind_of(out);
  const bool weights =
      settings.is_on("weights_only") || kind == FileKind::Hdf5Weights || kind == FileKind::Npz;
  const SaveContent content = weights ? SaveContent::Weights : SaveContent::Model;
  check_model_ending(out, content, JsonFile::Taken);
  if (!stored.file)
    refuse("KAIROS-U042", stored.name, "an architecture has no weights to write", "\"" + out + "\"",
           "Convert a file of weights, with --model " + stored.name);
  UnknownKeys unknown(source.strict);
  CompileOptions options;
  if (content == SaveContent::Model && !settings.is_on("drop_training"))
    options = stored_all(*stored.file, stored.name, unknown);
  const std::unique_ptr<Model> model = compile(source, options, unknown);
  warn_unknown_keys(unknown, source);
  set_weights(*model, *stored.file, stored.name);
  const OptimizerFate fate = fate_of(*model, *stored.file, options);
  model->save(out, content);
  return print(report(out, content, is_compiled(options), fate)), 0;
}

}  // namespace

int run_convert(Arguments arguments) {
  const auto [names, settings] = read_command_line(Command::Convert, arguments);
  if (settings.help_wanted())
    return print(settings.help("convert a model between .keras, .h5, .hdf5, .weights.h5, .npz and .json",
                               "IN OUT")),
           0;
  if (names.size() != 2)
    refuse("KAIROS-U040", "kairos convert", "expected two files", std::to_string(names.size()),
           "Write kairos convert model.h5 model.keras");
  require_writable(names[1], "OUT");
  RunFiles files{{{names[0], "IN"}}, {{names[1], "OUT"}}};
  if (settings.has("model")) files.read.push_back({settings.text("model"), "--model"});
  check_run_files(files);
  return convert(open_model(names[0]), names[1], settings);
}

}  // namespace kairos::host::cli
