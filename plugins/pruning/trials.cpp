// SPDX-License-Identifier: MIT
// Appends to the file of trials under a lock, and reads it.
#include "trials.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <kairos/error.hpp>
#include <system_error>
#include <thread>
#include <utility>

#include "../common/text.hpp"

namespace kairos::plugins {

namespace {

/// A file that is open and locked; closing it ends the lock.
class LockedFile {
 public:
  explicit LockedFile(const std::filesystem::path& path) : path_(path) {
    std::error_code ignored;  // opening the file says why it fails
    std::filesystem::create_directories(path.parent_path(), ignored);
    descriptor_ = ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor_ < 0) fail("open");
    lock();
  }
  ~LockedFile() { ::close(descriptor_); }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;

  [[nodiscard]] std::string content() const {
    std::string text;
    std::array<char, 1 << 16> piece{};
    for (ssize_t got;
         (got = ::pread(descriptor_, piece.data(), piece.size(), static_cast<off_t>(text.size()))) > 0;)
      text.append(piece.data(), static_cast<std::size_t>(got));
    return text;
  }
  /// The text follows the first `size` bytes of the file, or the file ends there.
  void put(std::size_t size, std::string_view text) const {
    const auto begin = static_cast<off_t>(size);
    if (::ftruncate(descriptor_, begin) != 0) fail("write");
    while (!text.empty()) {
      const ssize_t written = ::write(descriptor_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        const int reason = written < 0 ? errno : ENOSPC;
        const bool is_undone = ::ftruncate(descriptor_, begin) == 0;
        errno = reason;
        fail(is_undone ? "write" : "write or shorten");
      }
      text.remove_prefix(static_cast<std::size_t>(written));
    }
  }

 private:
  /// The others hold it for an instant, so that one that is held for long is that of a program that hangs.
  void lock() const {
    constexpr std::chrono::seconds patience{5};
    constexpr std::chrono::milliseconds look{5};
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + patience;
    while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
      const int reason = errno;
      if (reason == EINTR) continue;
      if (reason == EWOULDBLOCK && Clock::now() < end) {
        std::this_thread::sleep_for(look);
        continue;
      }
      ::close(descriptor_);
      if (reason == EWOULDBLOCK)
        throw Error(KAIROS_E_IO, "cannot lock " + path_.string() +
                                     ": another program has held its lock for " +
                                     std::to_string(patience.count()) +
                                     " seconds. End it; flock(1) and lslocks(8) show locks");
      errno = reason;
      fail("lock");
    }
  }

  [[noreturn]] void fail(const char* what) const {
    throw Error(KAIROS_E_IO, std::string("cannot ") + what + ' ' + path_.string() + ": " +
                                 std::strerror(errno) + ". Free the path or choose another");
  }

  const std::filesystem::path& path_;
  int descriptor_ = -1;
};

}  // namespace

Trials TrialsFile::report(std::string_view trial, std::string_view epoch, std::string_view value) const {
  const LockedFile file(path_);
  std::string text = file.content();
  text.resize(text.rfind('\n') + 1);  // The writer of a line without an end was killed.
  std::string more;
  if (text.empty()) more = "trial,epoch,value\n";
  more.append(trial).append(1, ',').append(epoch).append(1, ',').append(value).append(1, '\n');
  file.put(text.size(), more);
  return read(text + more);
}

Trials TrialsFile::read(std::string_view text) {
  Trials trials;
  for (std::size_t end; (end = text.find('\n')) != std::string_view::npos;) {
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const std::size_t second = line.rfind(',');
    if (second == 0 || second == std::string_view::npos) continue;
    const std::size_t first = line.rfind(',', second - 1);
    if (first == std::string_view::npos) continue;
    const std::string_view epoch_text = line.substr(first + 1, second - first - 1);
    const std::string_view value_text = line.substr(second + 1);
    Trial& trial = trials[std::string(line.substr(0, first))];
    if (epoch_text == "begin") trial = {};
    if (epoch_text == "complete") trial.is_complete = true;
    std::int64_t epoch = 0;
    double value = 0;
    const char* const value_end = value_text.data() + value_text.size();
    if (read_integer(epoch_text, epoch) && !value_text.empty() &&
        std::from_chars(value_text.data(), value_end, value).ptr == value_end)
      trial.values[epoch] = value;
  }
  return trials;
}

}  // namespace kairos::plugins
