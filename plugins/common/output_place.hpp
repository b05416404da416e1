// SPDX-License-Identifier: MIT
// Checks in setup that a file can be written, without creating anything.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <kairos/error.hpp>
#include <string>
#include <system_error>

namespace kairos::plugins {

/// How a file is written: into it, or by a new file that takes its name when it is complete.
enum class Writing { InPlace, Replaced };

namespace detail {

/// "filepath /a/b", or the path alone.
[[nodiscard]] inline std::string named(const std::filesystem::path& file, const std::string& option) {
  return option.empty() ? file.string() : option + ' ' + file.string();
}

}  // namespace detail

/// Throws unless the nearest existing directory of the file is writable; writers create those below it.
inline void check_output_directory(const std::filesystem::path& file, const std::string& option = "") {
  std::error_code ignored;
  std::filesystem::path place = file.parent_path();
  while (!std::filesystem::exists(place, ignored) && place.has_relative_path()) place = place.parent_path();
  if (place.empty()) place = ".";
  if (!std::filesystem::is_directory(place, ignored) || ::access(place.c_str(), W_OK | X_OK) != 0)
    throw Error(KAIROS_E_IO, "cannot write " + detail::named(file, option) + ": " + place.string() +
                                 " is not a writable directory. Choose another path");
}

/// Throws unless the file can be written. The option is named in the message if it is given.
inline void check_output_place(const std::filesystem::path& file, Writing how,
                               const std::string& option = "") {
  namespace fs = std::filesystem;
  std::error_code ignored;
  const std::string who = detail::named(file, option);
  if (fs::is_directory(file, ignored)) throw Error(KAIROS_E_IO, who + " is a directory. Name a file in it");
  const fs::file_type kind = fs::status(file, ignored).type();
  if (kind != fs::file_type::not_found && kind != fs::file_type::regular)
    throw Error(KAIROS_E_IO, who + " is not a regular file, and writing to it could block. Name a file");
  if (how == Writing::Replaced || kind == fs::file_type::not_found)
    check_output_directory(file, option);
  else if (::access(file.c_str(), W_OK) != 0)
    throw Error(KAIROS_E_IO, "cannot write " + who + ": it is not writable. Choose another path");
}

}  // namespace kairos::plugins
