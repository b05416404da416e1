// SPDX-License-Identifier: MIT
// Appends to the file of trials under a lock, and reads it.
#include "trials.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <kairos/error.hpp>
#include <system_error>
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
    while (::flock(descriptor_, LOCK_EX) != 0)
      if (errno != EINTR) {
        const int reason = errno;
        ::close(descriptor_);
        errno = reason;
        fail("lock");
      }
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
  void append(const std::string& text) const {
    if (::write(descriptor_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) fail("write");
  }

 private:
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
  std::string more;
  if (text.empty()) more = "trial,epoch,value\n";
  if (!text.empty() && text.back() != '\n') more = "\n";  // a writer was killed
  more.append(trial).append(1, ',').append(epoch).append(1, ',').append(value).append(1, '\n');
  file.append(more);
  return read(text + more);
}

Trials TrialsFile::read(std::string_view text) {
  Trials trials;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
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
    const char* const end = value_text.data() + value_text.size();
    if (read_integer(epoch_text, epoch) && !value_text.empty() &&
        std::from_chars(value_text.data(), end, value).ptr == end)
      trial.values[epoch] = value;
  }
  return trials;
}

}  // namespace kairos::plugins
