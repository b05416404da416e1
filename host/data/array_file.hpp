// SPDX-License-Identifier: MIT
// Files that hold one array: what feeds one input, or the targets or weights of one output.
#pragma once

#include <string>

#include "kairos/host/array.hpp"

namespace kairos::host {

/// Whether a text names such a file (.npy, .csv, IDX, file.h5:/path) rather than a column or an array of an
/// archive.
[[nodiscard]] bool names_file(const std::string& text);

/// What a .csv file may hold.
enum class CsvWidth { OneColumn, Table };

/// Reads and checks a file that `names_file` knows, under its own name, so that a message names the right
/// one. Throws Error(Data), or Error(File) if it cannot be read.
[[nodiscard]] Array read_array_file(const std::string& file, CsvWidth width);

}  // namespace kairos::host
