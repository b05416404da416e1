// SPDX-License-Identifier: MIT
// From settings to a model: what fit, evaluate and predict share.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/data_settings.hpp"
#include "cli/settings.hpp"
#include "io/architecture.hpp"
#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host::cli {

/// What --model names, read once: data need the names of its ports, and it may need the shape of the data.
struct GivenModel {
  ModelSource source;
  std::string training_config;    ///< of a compiled Keras file; "" for none
  bool has_weights = false;       ///< --model is a file that holds them
  std::optional<ModelFile> file;  ///< --model, where it has weights: the state of its optimizer too
  PortFacts ports;                ///< empty for a chain
};

/// Throws Error(File) for a file that cannot be read, Error(Model) for one without a model.
[[nodiscard]] GivenModel read_given_model(const Settings& settings);

/// The model of --model, compiled, with the weights of the file that it was read from or of --weights. To
/// train, it goes on with the file's optimizer, as Keras' load_model and fit do, unless --optimizer is given.
[[nodiscard]] std::unique_ptr<Model> make_model(const Settings& settings, GivenModel given,
                                                const Dataset& data, Purpose purpose);

/// Throws Error(Usage) if a setting that the command needs is missing.
void require(const Settings& settings, const char* key, const char* cure);

/// Throws Error(File) unless a file of this name can be made here: before training, and without making it.
void require_writable(const std::string& file, const std::string& flag);

}  // namespace kairos::host::cli
