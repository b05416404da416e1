// SPDX-License-Identifier: MIT
// A model as a file, an architecture or a shorthand holds it: what summary and convert share.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"

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

/// Optimizer, loss and metrics of a compiled file; without a loss if it is not compiled. Throws Error(Model)
/// for what Kairos cannot write again.
[[nodiscard]] CompileOptions stored_options(const ModelFile& file, const std::string& name);

/// Brings the optimizer of `model` to where the file left it. False, and nothing has changed, if the
/// variables in the file are not those of this optimizer.
[[nodiscard]] bool restore_optimizer(Model& model, const ModelFile& file);

}  // namespace kairos::host::cli
