// SPDX-License-Identifier: MIT
// Tells files from texts.
#include "cli/model_input.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "kairos/host/error.hpp"
#include "nn/compiled_model.hpp"

namespace kairos::host::cli {

namespace fs = std::filesystem;

namespace {

std::string ending_of(const std::string& name) {
  std::string ending = fs::path(name).extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); });
  return ending;
}

/// A shorthand has parentheses, or consists of names of layers alone.
bool is_file_name(const std::string& text) {
  constexpr std::array<std::string_view, 5> endings{".json", ".keras", ".h5", ".hdf5", ".npz"};
  if (text.starts_with("{")) return false;
  if (std::find(endings.begin(), endings.end(), ending_of(text)) != endings.end()) return true;
  if (text.find('(') != std::string::npos) return false;
  std::error_code ignored;
  return text.find_first_of("/.") != std::string::npos || fs::is_regular_file(text, ignored);
}

}  // namespace

ModelInput open_model(const std::string& text) {
  ModelInput input{.name = text, .source = {}, .file = std::nullopt};
  if (!is_file_name(text)) {
    input.source.text = text;
    return input;
  }
  input.source.name = text;
  if (ending_of(text) == ".json") {
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
