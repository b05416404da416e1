// SPDX-License-Identifier: MIT
// Tells files from texts.
#include "cli/model_input.hpp"

#include "io/file_kind.hpp"
#include "kairos/host/error.hpp"
#include "nn/compiled_model.hpp"

namespace kairos::host::cli {

/// A shorthand has parentheses, or consists of names of layers alone.
bool is_model_file(const std::string& text) {
  if (text.starts_with("{")) return false;
  const FileKind kind = kind_of(text);
  if (kind == FileKind::Json || holds_weights(kind)) return true;
  // The disk does not decide: a file called "relu" would change the meaning of that shorthand.
  return text.find('(') == std::string::npos && text.find_first_of("/.") != std::string::npos;
}

ModelInput open_model(const std::string& text) {
  ModelInput input{.name = text, .source = {}, .file = std::nullopt};
  if (!is_model_file(text)) {
    input.source.text = text;
    return input;
  }
  input.source.name = text;
  if (kind_of(text) == FileKind::Json) {
    input.source.file = text;
  } else {
    input.file = read_model_file(text, JsonFile::Taken);
    input.source.text = input.file->architecture_json;
  }
  return input;
}

void require_architecture(const ModelInput& input, const char* cure) {
  if (input.has_architecture()) return;
  throw Error(ErrorKind::Model,
              {"KAIROS-M095", input.name, "the file holds weights only, without a model", "", "", cure});
}

void set_weights(Model& model, const ModelFile& file, const std::string& path) {
  dynamic_cast<CompiledModel&>(model).take_weights(file, path);
}

}  // namespace kairos::host::cli
