// SPDX-License-Identifier: MIT
// Temporary name and lock, fsync, rename, fsync of the directory.
#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>
#include <utility>

#include "base/temporary_files.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t past_cache_from = std::uint64_t{8} << 20;
constexpr std::size_t block_bytes = std::size_t{1} << 20;  ///< of a write that bypasses the page cache
constexpr std::size_t block_alignment = 4096;              ///< no disk requires more

std::string reason(int error) {
  return std::generic_category().message(error);
}

fs::path folder_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

std::string cure_for(int error, const fs::path& path) {
  switch (error) {
    case ENOENT: {
      std::error_code ignored;
      if (fs::is_directory(folder_of(path), ignored))
        return "Choose another directory: this one cannot hold files";
      return "Create the directory " + path.parent_path().string() + " first";
    }
    case ENOTDIR:
      return "Choose another path: part of this one is a file";
    case EROFS:
      return "Choose a place on another file system: this one is mounted read-only";
    case EACCES:
    case EPERM:
      return "Choose a directory that you may write to";
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return "Free some space or choose another disk";
    case ENAMETOOLONG:
      return "Choose a shorter name";
    default:
      return "Check the device that holds it";
  }
}

/// The target of a chain of symbolic links, even if it does not exist yet.
fs::path follow_links(fs::path path) {
  constexpr int links_followed = 40;  // the limit of the kernel
  std::error_code ignored;
  for (int i = 0; i < links_followed && fs::is_symlink(path, ignored); ++i)
    path = folder_of(path) / fs::read_symlink(path, ignored);
  return path;
}

}  // namespace

void AtomicFile::fail(const char* what, int error) const {
  std::error_code ignored;
  const bool stays = !replaced_ && fs::exists(target_, ignored);
  throw Error(ErrorKind::File, {"KAIROS-F005", path_.string(), what, reason(error),
                                replaced_ ? ""
                                : stays   ? "a writable location; the existing file is unchanged"
                                          : "a writable location",
                                cure_for(error, path_)});
}

AtomicFile::AtomicFile(const fs::path& path, std::uint64_t bytes) : path_(path), target_(follow_links(path)) {
  struct stat status {};
  const bool exists = ::stat(target_.c_str(), &status) == 0;
  if (exists && !S_ISREG(status.st_mode))
    throw Error(ErrorKind::File,
                {"KAIROS-F008", path_.string(), "cannot write the file",
                 S_ISDIR(status.st_mode) ? "a directory of that name" : "a device or FIFO of that name",
                 "a regular file or nothing", "Choose another name"});
  create();
  // Keeping the mode is optional: a file system without modes must not prevent writing.
  if (exists && ::fchmod(descriptor_, status.st_mode & 07777) != 0) errno = 0;
  if (bytes >= past_cache_from) leave_cache_out();
}

void AtomicFile::create() {
  constexpr int attempts = 16;
  for (int i = 0; i < attempts && descriptor_ < 0; ++i) {
    temporary_ = folder_of(target_) / temporary_name();
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) break;
    if (descriptor_ >= 0 && !hold_temporary(descriptor_)) ::close(std::exchange(descriptor_, -1));
  }
  if (descriptor_ < 0) {
    temporary_.clear();
    fail("cannot write the file", errno);
  }
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void AtomicFile::Free::operator()(char* memory) const noexcept {
  std::free(memory);
}

void AtomicFile::leave_cache_out() {
  std::unique_ptr<char[], Free> block(static_cast<char*>(std::aligned_alloc(block_alignment, block_bytes)));
  const int flags = ::fcntl(descriptor_, F_GETFL);
  if (!block || flags < 0 || ::fcntl(descriptor_, F_SETFL, flags | O_DIRECT) != 0)
    return;  // not supported by this file system
  staged_ = std::move(block);
  cached_ = false;
}

void AtomicFile::use_cache() {
  cached_ = true;
  const int flags = ::fcntl(descriptor_, F_GETFL);
  if (flags < 0 || ::fcntl(descriptor_, F_SETFL, flags & ~O_DIRECT) != 0)
    fail("cannot write the file", errno);
}

void AtomicFile::write(std::string_view bytes) {
  if (!staged_) return write_now(bytes);
  while (!bytes.empty()) {
    const std::size_t now = std::min(bytes.size(), block_bytes - staged_bytes_);
    bytes.copy(staged_.get() + staged_bytes_, now);
    bytes.remove_prefix(now);
    staged_bytes_ += now;
    if (staged_bytes_ < block_bytes) return;
    write_now({staged_.get(), block_bytes});
    staged_bytes_ = 0;
  }
}

void AtomicFile::write_now(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EINVAL && !cached_) {  // the disk has larger blocks
      use_cache();
      continue;
    }
    if (n < 0) fail("cannot write the file", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    if (!bytes.empty() && !cached_) use_cache();  // the rest is not a whole block
  }
}

void AtomicFile::commit() {
  if (!cached_) use_cache();
  if (staged_) write_now({staged_.get(), staged_bytes_});
  if (::fsync(descriptor_) != 0) fail("cannot flush the file to disk", errno);
  // Closing gives up the lock, so it comes after; what it could report, the flush has reported.
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) fail("cannot rename the temporary file", errno);
  temporary_.clear();
  replaced_ = true;
  ::close(std::exchange(descriptor_, -1));
  const int folder = ::open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;  // writable but not readable: the file is complete, only its name is not yet synced
  const int synced = ::fsync(folder);
  const int error = errno;
  ::close(folder);
  if (synced != 0 && error != EINVAL && error != ENOTSUP) fail("cannot flush the directory to disk", error);
}

void write_file(const fs::path& path, std::string_view content) {
  AtomicFile file(path, content.size());
  file.write(content);
  file.commit();
}

void make_parent_directories(const fs::path& file) {
  if (!file.has_parent_path()) return;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error)
    throw Error(ErrorKind::File, {"KAIROS-F006", file.parent_path().string(), "cannot create the directory",
                                  error.message(), "a writable location", cure_for(error.value(), file)});
}

}  // namespace kairos::host
