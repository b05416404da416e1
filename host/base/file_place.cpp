// SPDX-License-Identifier: MIT
// Asks the system, because names alone do not identify files: links, "..", mounts, case-insensitive file
// systems.
#include "base/file_place.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <system_error>

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

/// The target of a chain of links, even if it does not exist.
fs::path resolved(const fs::path& path) {
  constexpr int links_followed = 40;  // the limit of the kernel
  std::error_code error;
  fs::path at = fs::absolute(path, error);
  for (int i = 0; i < links_followed; ++i) {
    const fs::path whole = fs::weakly_canonical(at, error);
    if (error) return at.lexically_normal();
    at = whole;
    if (!fs::is_symlink(fs::symlink_status(at, error))) break;
    at = at.parent_path() / fs::read_symlink(at, error);
  }
  // "runs/a/" is the same as "runs/a".
  return at.has_filename() ? at : at.parent_path();
}

/// Whether names in this directory are case-insensitive.
bool ignores_case(const fs::path& directory) {
  constexpr std::array<unsigned long, 6> systems = {
      0x4d44,     0x2011bab0, 0x5346544e,  // vfat, exfat, ntfs
      0x7366746e, 0xff534d42, 0xfe534d42,  // ntfs3, cifs, smb2
  };
  struct statfs system {};
  if (::statfs(directory.c_str(), &system) == 0 &&
      std::find(systems.begin(), systems.end(), static_cast<unsigned long>(system.f_type) & 0xffffffff) !=
          systems.end())
    return true;
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  int flags = 0;
  const bool known = ::ioctl(descriptor, FS_IOC_GETFLAGS, &flags) == 0;
  ::close(descriptor);
  return known && (static_cast<unsigned>(flags) & FS_CASEFOLD_FL) != 0;
}

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

}  // namespace

FilePlace::FilePlace(const fs::path& path) : path_(path) {
  struct stat status {};
  bool found = ::stat(path.c_str(), &status) == 0;
  if (!found) path_ = resolved(path);
  fs::path at = path_;
  while (!found && !at.empty()) {
    found = ::stat(at.c_str(), &status) == 0;
    if (found || !at.has_relative_path()) break;
    missing_ = missing_.empty() ? at.filename() : at.filename() / missing_;
    at = at.parent_path();
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  mode_ = status.st_mode;
  names_ = status.st_nlink;
  if (!missing_.empty() && ignores_case(at)) missing_ = lower_case(missing_.string());
}

fs::path FilePlace::path() const {
  return exists() ? resolved(path_) : path_;
}

bool FilePlace::is_directory() const noexcept {
  return exists() && S_ISDIR(mode_);
}

bool FilePlace::is_stream() const noexcept {
  return exists() && !S_ISDIR(mode_) && !S_ISREG(mode_);
}

bool FilePlace::operator==(const FilePlace& other) const {
  return device_ == other.device_ && inode_ == other.inode_ && missing_ == other.missing_;
}

bool FilePlace::is_inside(const FilePlace& directory) const {
  if (!directory.is_directory()) return false;
  for (fs::path at = path(); at.has_relative_path();) {
    at = at.parent_path();
    struct stat status {};
    if (::stat(at.c_str(), &status) == 0 && status.st_dev == directory.device_ &&
        status.st_ino == directory.inode_)
      return true;
  }
  return false;
}

bool FilePlace::has_link_to(const FilePlace& file) const {
  if (!is_directory()) return false;
  constexpr auto options =
      fs::directory_options::follow_directory_symlink | fs::directory_options::skip_permission_denied;
  const bool is_file = file.exists() && !file.is_directory();
  const bool has_more_names = is_file && file.names_ > 1;
  std::error_code error;
  for (fs::recursive_directory_iterator entry(path_, options, error), end; !error && entry != end;
       entry.increment(error)) {
    // The class directories of a data set; links further down may form loops.
    if (!is_file || entry.depth() > 0) entry.disable_recursion_pending();
    std::error_code ignored;
    const bool is_link = entry->is_symlink(ignored);
    if (!is_link && !has_more_names) continue;
    const FilePlace target(entry->path());
    if (target == file || (is_link && file.is_inside(target))) return true;
  }
  return false;
}

}  // namespace kairos::host
