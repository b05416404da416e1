// SPDX-License-Identifier: MIT
// A model as the command line names it, opened.
#pragma once

#include <optional>
#include <string>

#include "io/architecture.hpp"
#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"
#include "nn/keras/keys.hpp"

namespace kairos::host::cli {

struct ModelInput {
  std::string name;                       ///< as given
  ModelSource source;                     ///< empty for a file that holds weights only
  std::optional<ModelFile> file;          ///< absent for an architecture alone
  std::optional<ModelFile> weights = {};  ///< the file of --weights, if it has been read already
  UnknownKeys unknown = UnknownKeys();    ///< of the file; one warning covers its model and its losses
  PortFacts ports = {};  ///< what data needs of the model; empty for a shorthand, and in summary and convert

  [[nodiscard]] bool has_architecture() const { return !source.file.empty() || !source.text.empty(); }
  /// Of a compiled Keras file; "" for none.
  [[nodiscard]] std::string training_config() const { return file ? file->training_config_json : ""; }
};

/// Whether `--model` means a file by this text, not a shorthand or JSON.
[[nodiscard]] bool is_model_file(const std::string& text);

/// Opens a Keras file, an architecture in Keras' JSON (a file or the text itself) or a shorthand. Throws
/// Error(File).
[[nodiscard]] ModelInput open_model(const std::string& text);

/// Throws Error(Model) for a file that holds weights only; `cure` says what to name instead.
void require_architecture(const ModelInput& input, const char* cure);

/// Puts the weights of `file` into a model that `compile` made. `path` is for messages. Throws Error(Model)
/// if they do not fit.
void set_weights(Model& model, const ModelFile& file, const std::string& path);

}  // namespace kairos::host::cli
