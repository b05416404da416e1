// SPDX-License-Identifier: MIT
// Writes small files that readers only ever see whole.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <kairos/error.hpp>
#include <string>
#include <string_view>
#include <system_error>

namespace kairos::plugins {

/// Replaces the file by `text`; directories are created. On failure, an earlier file stays. Throws
/// kairos::Error.
inline void write_whole_file(const std::filesystem::path& file, std::string_view text) {
  const auto fail = [&file](const std::string& why) {
    throw Error(KAIROS_E_IO,
                "cannot write " + file.string() + ": " + why + ". Free the path or choose another");
  };
  std::error_code error;
  std::filesystem::create_directories(file.parent_path(), error);
  if (error) fail(error.message());
  const std::string part = file.string() + ".part-" + std::to_string(::getpid());
  std::FILE* const out = std::fopen(part.c_str(), "we");
  if (out == nullptr) fail(std::strerror(errno));
  const bool written = std::fwrite(text.data(), 1, text.size(), out) == text.size() &&
                       std::fflush(out) == 0 && ::fsync(::fileno(out)) == 0;
  const int reason = errno;
  std::fclose(out);
  if (written && std::rename(part.c_str(), file.c_str()) == 0) return;
  const std::string why = std::strerror(written ? errno : reason);
  std::remove(part.c_str());
  fail(why);
}

}  // namespace kairos::plugins
