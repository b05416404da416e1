// SPDX-License-Identifier: MIT
// Shared by the fuzz targets: bytes under a path, and the rules for readers.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include "kairos/host/error.hpp"

namespace kairos::fuzz {

[[nodiscard]] inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Bytes in memory that a reader can open under a path, for the lifetime of this object.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) {
    if (descriptor_ < 0 || ::write(descriptor_, bytes.data(), bytes.size()) < 0) std::abort();
  }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// Runs a reader. It may succeed, or throw an Error that has a code and says what failed, is not internal,
/// and contains no control characters from the file. Anything else ends the process, which is a finding.
template <class Read>
void expect_value_or_diagnosis(Read&& read) {
  try {
    read();
  } catch (const host::Error& error) {
    const std::string_view text = error.what();
    const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; };
    bool plain = text.starts_with("KAIROS-") && !error.diagnosis().what.empty();
    for (const char c : text) plain = plain && !control(c);
    if (!plain || error.kind() == host::ErrorKind::Internal) std::abort();
  }
}

}  // namespace kairos::fuzz
