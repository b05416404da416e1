// SPDX-License-Identifier: MIT
// Which files a DataSpec names.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "kairos/host/data.hpp"

namespace kairos::host {

/// The file of a text such as "data.h5:/x", which names an array in it; any other text as it is.
[[nodiscard]] std::filesystem::path file_of_source(const std::string& text);

/// Files and directories of the inputs, targets and weights, without columns and arrays inside of them.
[[nodiscard]] std::vector<std::filesystem::path> data_files(const DataSpec& spec);

}  // namespace kairos::host
