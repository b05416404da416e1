// SPDX-License-Identifier: MIT
// Owning handles for libzip, and archives built in memory. For npz.cpp and keras_archive.cpp only.
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

/// Null with the reason in `reason` if `file` is not a complete archive. `file` may be closed before the
/// archive.
[[nodiscard]] ZipArchive open_zip(const InputFile& file, std::string& reason);

/// The sum of the sizes that entries declare. A hostile archive has entries that share their bytes, or that
/// declare more than deflate can produce.
class ZipBudget {
 public:
  explicit ZipBudget(std::uint64_t file_size) : file_left_(file_size) {}

  /// Why the declared sizes of this entry contradict those of earlier entries or the file, in words for
  /// `found`; "" if they do not.
  [[nodiscard]] std::string fault(const zip_stat_t& entry);

 private:
  std::uint64_t file_left_;
};

/// The content of an entry.
struct ZipContent {
  std::string name;
  std::string bytes;
};

/// The bytes of an archive with these entries, stored, in this order; equal content gives equal bytes. `path`
/// is for messages. Throws Error(File).
[[nodiscard]] std::string build_zip(const std::filesystem::path& path,
                                    const std::vector<ZipContent>& entries);

}  // namespace kairos::host
