// SPDX-License-Identifier: MIT
// The name of a file until it is complete.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <kairos/error.hpp>
#include <string>
#include <system_error>
#include <utility>

namespace kairos::plugins {

/// A file beside the one that it becomes; it is removed if it does not. Errors are thrown as kairos::Error
/// with a way out.
class PartFile {
 public:
  PartFile() = default;
  ~PartFile() { remove(); }
  PartFile(const PartFile&) = delete;
  PartFile& operator=(const PartFile&) = delete;

  /// Directories are created. The file itself is created by whoever writes it.
  void begin(std::filesystem::path file) {
    remove();
    file_ = std::move(file);
    std::error_code error;
    std::filesystem::create_directories(file_.parent_path(), error);
    if (error) fail(error.message());
    part_ = file_.string() + ".part-" + std::to_string(::getpid());
  }
  [[nodiscard]] const std::string& path() const { return part_; }
  /// The file takes its name.
  void finish() {
    if (std::rename(part_.c_str(), file_.c_str()) != 0) fail(std::strerror(errno));
    part_.clear();
  }
  void remove() {
    if (!part_.empty()) std::remove(part_.c_str());
    part_.clear();
  }
  [[noreturn]] void fail(const std::string& why) {
    remove();
    throw Error(KAIROS_E_IO,
                "cannot write " + file_.string() + ": " + why + ". Free the path or choose another");
  }

 private:
  std::filesystem::path file_;
  std::string part_;  ///< "" if there is none
};

}  // namespace kairos::plugins
