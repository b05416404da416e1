// SPDX-License-Identifier: MIT
// The files that a DataSpec names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kairos/host/data.hpp"

namespace kairos::host {

/// The file of a text such as "data.h5:/x", which names an array in it; any other text unchanged.
[[nodiscard]] std::filesystem::path file_of_source(const std::string& text);

/// Files and directories of the inputs, targets and weights, without the columns and arrays in them.
[[nodiscard]] std::vector<std::filesystem::path> data_files(const DataSpec& spec);

}  // namespace kairos::host
