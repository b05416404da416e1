// SPDX-License-Identifier: MIT
// Copies plugins and damages the copies, for tests of the gate.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>

#include "kairos/host/plugins.hpp"
#include "plugin/elf/library_index.hpp"
#include "plugin/preflight.hpp"

namespace kairos::host {

/// A plugin of this folder.
inline std::filesystem::path broken_plugin(const std::string& name) {
  return std::filesystem::path(KAIROS_BROKEN_PLUGINS) / (name + ".so");
}

template <class T>
void patch(std::string& bytes, std::size_t offset, T value) {
  std::memcpy(bytes.data() + offset, &value, sizeof value);
}

/// Offset of the note's description: after the eight bytes of the owner.
inline std::size_t note_description(const std::string& bytes) {
  const std::size_t owner = bytes.find(std::string_view("\x07\0\0\0\x0c\0\0\0\x01\0\0\0Kairos\0\0", 20));
  if (owner == std::string::npos) throw std::logic_error("the fixture has no note");
  return owner + 20;
}

inline Diagnosis refusal_of(const std::filesystem::path& file) {
  LibraryIndex libraries;
  return inspect(file, libraries).refusal.value_or(Diagnosis{});
}

}  // namespace kairos::host
