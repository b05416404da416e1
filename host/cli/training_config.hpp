// SPDX-License-Identifier: MIT
// The training configuration of a compiled Keras file.
#pragma once

#include <string>
#include <vector>

#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"
#include "nn/keras/keys.hpp"

namespace kairos::host::cli {

/// Whether to use the reductions of losses that the file names.
enum class StoredReductions { Keep, Drop };

/// Loss and metrics of a training configuration, for a model with these outputs (empty: one); without a loss
/// if the model was not compiled. `name` is for messages; `unknown` collects arguments of a newer Keras.
/// Throws Error(Model) for what Kairos cannot compile.
[[nodiscard]] CompileOptions stored_losses(const std::string& training_config,
                                           const std::vector<std::string>& outputs, const std::string& name,
                                           UnknownKeys& unknown,
                                           StoredReductions reductions = StoredReductions::Keep);

/// The optimizer as Keras JSON; "" if the configuration names none.
[[nodiscard]] std::string stored_optimizer(const std::string& training_config, const std::string& name);

/// Restores the state of the optimizer of `model` from the file. Returns false, and changes nothing, if the
/// variables in the file do not fit this optimizer.
[[nodiscard]] bool restore_optimizer(Model& model, const ModelFile& file);

}  // namespace kairos::host::cli
