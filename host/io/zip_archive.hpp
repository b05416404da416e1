// SPDX-License-Identifier: MIT
// libzip's handles with an owner, and archives built in memory. For npz.cpp and keras_archive.cpp only.
#pragma once

#include <zip.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/input_file.hpp"

namespace kairos::host {

struct DiscardZip {
  void operator()(zip_t* archive) const noexcept { zip_discard(archive); }
};
struct CloseZipEntry {
  void operator()(zip_file_t* entry) const noexcept { zip_fclose(entry); }
};
using ZipArchive = std::unique_ptr<zip_t, DiscardZip>;
using ZipEntry = std::unique_ptr<zip_file_t, CloseZipEntry>;

/// Null with the reason in `reason` if `file` is no complete archive. `file` may be closed before it.
[[nodiscard]] ZipArchive open_zip(const InputFile& file, std::string& reason);

/// What the entries that were looked at declare, together. An archive made to hurt has many that share their
/// bytes, or inflate to more than deflate can.
class ZipBudget {
 public:
  explicit ZipBudget(std::uint64_t file_size) : file_left_(file_size) {}

  /// What cannot be true of this entry beside those before it, in words for `found`; "" if all can.
  [[nodiscard]] std::string fault(const zip_stat_t& entry);

 private:
  std::uint64_t file_left_;
};

/// What is to stand in an archive.
struct ZipContent {
  std::string name;
  std::string bytes;
};

/// The bytes of an archive with these entries, stored, in this order; equal content gives equal bytes. `path`
/// is for messages. Throws Error(File).
[[nodiscard]] std::string build_zip(const std::filesystem::path& path,
                                    const std::vector<ZipContent>& entries);

}  // namespace kairos::host
