// SPDX-License-Identifier: MIT
// Runs a script with the system's Python, whose NumPy and h5py are the reference for our files.
#pragma once

#include <cstdio>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "host/temporary_directory.hpp"

namespace kairos::tests {

/// The output of the script, including standard error. It runs in `directory`.
inline std::string python(const TemporaryDirectory& directory, const std::string& script) {
  const std::filesystem::path file = directory.put("script.py", script);
  const std::string command =
      "cd '" + directory.path().string() + "' && /usr/bin/python3 '" + file.string() + "' 2>&1";
  FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("cannot run python3");
  std::string out;
  char buffer[4096];
  for (std::size_t n; (n = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) out.append(buffer, n);
  ::pclose(pipe);
  return out;
}

}  // namespace kairos::tests
