// SPDX-License-Identifier: MIT
// A model as a file, an architecture or a shorthand holds it: what summary and convert share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"
#include "nn/keras/keys.hpp"

namespace kairos::host::cli {

/// What was named on the command line, opened.
struct StoredModel {
  std::string name;               ///< as given
  std::optional<ModelFile> file;  ///< absent for an architecture alone
  ModelSource source;             ///< empty for a file of weights alone

  [[nodiscard]] bool has_architecture() const { return !source.file.empty() || !source.text.empty(); }
};

/// `.json`, `.keras`, `.h5`, `.hdf5`, `.weights.h5`, `.npz`, or a shorthand. Throws Error(File).
[[nodiscard]] StoredModel open_model(const std::string& name);

/// Whether losses reduce their batches as the file says.
enum class StoredReductions { Keep, Drop };

/// Loss and metrics of a compiled Keras file, from its training_config, for a model of these outputs (empty:
/// one); without a loss if it is not compiled. `name` is for messages; `unknown` notes arguments of a newer
/// Keras. Throws Error(Model) for what Kairos cannot compile.
[[nodiscard]] CompileOptions stored_losses(const std::string& training_config,
                                           const std::vector<std::string>& outputs, const std::string& name,
                                           UnknownKeys& unknown,
                                           StoredReductions reductions = StoredReductions::Keep);

/// As Keras JSON; "" if the file names none.
[[nodiscard]] std::string stored_optimizer(const std::string& training_config, const std::string& name);

/// Brings the optimizer of `model` to where the file left it. False, and nothing has changed, if the
/// variables in the file are not those of this optimizer.
[[nodiscard]] bool restore_optimizer(Model& model, const ModelFile& file);

}  // namespace kairos::host::cli
