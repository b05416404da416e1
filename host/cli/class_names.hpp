// SPDX-License-Identifier: MIT
// The numbers of text labels in a trained model.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/settings.hpp"
#include "kairos/host/dataset.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host::cli {

/// A file of this name in the run directory that gave the model, else in the directory of the trained
/// weights; empty if there is none.
[[nodiscard]] std::filesystem::path file_beside_model(const Settings& settings, const char* name);

/// The class_names.json found there; empty if there is none.
[[nodiscard]] std::filesystem::path class_list_beside_model(const Settings& settings);

/// The names in that class_names.json; empty if there is none.
[[nodiscard]] std::vector<std::string> class_names_beside_model(const Settings& settings);

/// Throws Error(Usage) if the number of text labels in the data differs from the number of classes of a
/// trained model, and no list says which number each label had in training.
void require_all_classes(const Settings& settings, const Dataset& data, const Model& model);

}  // namespace kairos::host::cli
