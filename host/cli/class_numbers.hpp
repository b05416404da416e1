// SPDX-License-Identifier: MIT
// Labels in words, and the numbers that a trained model knows them by.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "cli/settings.hpp"
#include "kairos/host/dataset.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host::cli {

/// A file of this name beside that of the trained weights; empty where there is none.
[[nodiscard]] std::filesystem::path file_beside_model(const Settings& settings, const char* name);

/// The class_names.json beside the file of the trained weights; empty without such a file.
[[nodiscard]] std::filesystem::path class_list_beside_model(const Settings& settings);

/// What the class_names.json beside the file of the trained weights lists; empty without such a file. Says on
/// standard error that it is used.
[[nodiscard]] std::vector<std::string> class_names_beside_model(const Settings& settings);

/// Throws Error(Usage) if the data have another number of classes in words than a trained model has outputs
/// for, and no list says which number each of them had in training.
void require_all_classes(const Settings& settings, const Dataset& data, const Model& model);

}  // namespace kairos::host::cli
