// SPDX-License-Identifier: MIT
// Opens with O_NONBLOCK and checks the type before reading, so that a FIFO cannot block the program.
#include "base/input_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <system_error>
#include <vector>

#include "base/available_memory.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void refuse(const char* code, const std::string& name, const char* what,
                         const std::string& found, const char* expected, const std::string& cure) {
  throw Error(ErrorKind::File, {code, name, what, found, expected, cure});
}

std::string reason_of(int error) {
  return std::generic_category().message(error);
}

/// A file of nearly the same name in the same directory, or the first directory of the path that is missing.
std::string cure_for_missing(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  constexpr std::size_t entries_looked_at = 1000;
  std::vector<std::string> names;
  std::error_code ignored;
  if (!fs::exists(folder, ignored))
    return "Check the path: the directory " + folder.string() + " does not exist";
  if (fs::is_symlink(fs::symlink_status(path, ignored)))
    return "It is a symbolic link to " + fs::read_symlink(path, ignored).string() +
           ", which does not exist: create that file, or remove the link";
  for (fs::directory_iterator entry(folder, ignored), end; entry != end && names.size() < entries_looked_at;
       entry.increment(ignored)) {
    if (ignored) break;
    names.push_back(entry->path().filename().string());
  }
  const std::string near = nearest(path.filename().string(), names);
  return near.empty() ? "Check the path" : "Did you mean \"" + near + "\"?";
}

std::string cure_of_reading(int error, const fs::path& path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return cure_for_missing(path);
    case EACCES:
    case EPERM:
      return "Change its permissions so that you can read it";
    case ELOOP:
      return "Name the file itself: its symbolic links form a loop";
    default:
      return "Check the path and the device that holds it";
  }
}

FileStamp stamp_from(const struct stat& status) {
  constexpr std::int64_t second = 1'000'000'000;
  return {status.st_dev, status.st_ino, static_cast<std::uint64_t>(status.st_size),
          status.st_mtim.tv_sec * second + status.st_mtim.tv_nsec};
}

/// Some network file systems renumber their files, so a changed inode alone is no evidence of a change.
bool is_unchanged(const FileStamp& before, const FileStamp& now) {
  return before.size == now.size && before.modified == now.modified;
}

/// "640 bytes, written at 2026-01-31 12:00:00.123456789 UTC"
std::string stamp_text(const FileStamp& stamp) {
  constexpr std::int64_t second = 1'000'000'000;
  std::time_t seconds = stamp.modified / second;
  std::int64_t rest = stamp.modified % second;
  if (rest < 0) --seconds, rest += second;
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 64> time{};
  std::strftime(time.data(), time.size(), "%Y-%m-%d %H:%M:%S", &parts);
  return fmt::format("{} bytes, written at {}.{:09} UTC", stamp.size, time.data(), rest);
}

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a directory";
  if (S_ISFIFO(mode)) return "a FIFO";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

}  // namespace

InputFile::InputFile(const fs::path& path, EmptyFile empty) : name_(path.string()) {
  descriptor_ = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (descriptor_ < 0) {
    const int error = errno;
    refuse("KAIROS-F001", name_, "cannot open the file", reason_of(error), "a readable file",
           cure_of_reading(error, path));
  }
  try {
    struct stat status {};
    if (::fstat(descriptor_, &status) != 0)
      refuse("KAIROS-F001", name_, "cannot open the file", reason_of(errno), "a readable file",
             "Check the device that holds it");
    if (!S_ISREG(status.st_mode))
      refuse("KAIROS-F002", name_, "this is not a regular file", kind_of(status.st_mode), "a regular file",
             "Give the path of a file");
    if (status.st_size == 0 && empty == EmptyFile::Refused)
      refuse("KAIROS-F003", name_, "the file is empty", "0 bytes", "",
             "Check the program that should have written it");
    stamp_ = stamp_from(status);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

InputFile::~InputFile() {
  ::close(descriptor_);
}

std::size_t InputFile::read(std::span<std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::read(descriptor_, bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      refuse("KAIROS-F004", name_, "reading failed", reason_of(errno), "", "Check the device that holds it");
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

void InputFile::read_all_at(std::uint64_t offset, std::span<std::byte> bytes) const {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n =
        ::pread(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0)
      refuse("KAIROS-F004", name_, "reading failed", reason_of(errno), "", "Check the device that holds it");
    if (n == 0)
      refuse("KAIROS-F014", name_, "the file became shorter while it was being read",
             std::to_string(offset + done) + " bytes", std::to_string(size()).c_str(),
             "Make sure that nothing else writes to it, and run again");
    done += static_cast<std::size_t>(n);
  }
}

void InputFile::check_unchanged() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0)
    refuse("KAIROS-F004", name_, "reading failed", reason_of(errno), "", "Check the device that holds it");
  const FileStamp now = stamp_from(status);
  if (is_unchanged(stamp_, now)) return;
  if (now.size < size())
    refuse("KAIROS-F014", name_, "the file became shorter while it was being read",
           std::to_string(now.size) + " bytes", std::to_string(size()).c_str(),
           "Make sure that nothing else writes to it, and run again");
  refuse("KAIROS-F080", name_, "the file was modified while it was being read", stamp_text(now),
         stamp_text(stamp_).c_str(), "Make sure that nothing else writes to it, and run again");
}

void InputFile::check_is(const FileStamp& earlier) const {
  if (is_unchanged(earlier, stamp_)) return;
  const bool same = stamp_.device == earlier.device && stamp_.inode == earlier.inode;
  refuse(same ? "KAIROS-F080" : "KAIROS-F081", name_,
         same ? "the file was modified while it was in use" : "the file was replaced by another one",
         stamp_text(stamp_), stamp_text(earlier).c_str(),
         "Do not change the data until the run has ended, and run again");
}

std::optional<FileStamp> stamp_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return stamp_from(status);
}

std::string read_file(InputFile& file, std::uint64_t limit) {
  if (file.size() > limit)
    refuse("KAIROS-F007", file.name(), "the file is too large", std::to_string(file.size()) + " bytes",
           ("at most " + std::to_string(limit)).c_str(), "Check that this is the intended file");
  require_memory(file.name(), file.size(), whole_file_error);
  std::string text(file.size(), '\0');
  text.resize(file.read(std::as_writable_bytes(std::span(text))));
  file.check_unchanged();
  return text;
}

std::string read_file(const fs::path& path, std::uint64_t limit) {
  InputFile file(path);
  return read_file(file, limit);
}

}  // namespace kairos::host
