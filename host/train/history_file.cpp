// SPDX-License-Identifier: MIT
// The file is never read while a run appends to it.
#include "train/history_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include "base/input_file.hpp"
#include "base/json_number.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

using nlohmann::ordered_json;

std::string line_of(const History& history, std::size_t index) {
  ordered_json line;
  line["epoch"] = history.epochs[index];
  ordered_json& logs = line["logs"] = ordered_json::object();
  for (const History::Series& one : history.series) logs[one.key] = json_number(one.values[index]);
  return line.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

/// The content when it was opened: the file may grow while it is read.
std::string content_of(const std::filesystem::path& path) {
  constexpr std::uint64_t largest = std::uint64_t{1} << 30;
  InputFile file(path, EmptyFile::Opened);
  if (file.size() > largest)
    throw Error(
        ErrorKind::File,
        {"KAIROS-F007", path.string(), "the file is too large", std::to_string(file.size()) + " bytes",
         "at most " + std::to_string(largest), "Check that this is the intended file"});
  std::string text(file.size(), '\0');
  text.resize(file.read(std::as_writable_bytes(std::span(text))));
  return text;
}

/// Adds an epoch before `end`. False, and `history` is unchanged, for any other line.
bool add_line(std::string_view text, std::int64_t end, History& history) {
  const ordered_json line = ordered_json::parse(text, nullptr, false);
  if (!line.is_object() || !line.contains("epoch") || !line.contains("logs")) return false;
  const ordered_json &epoch = line["epoch"], &logs = line["logs"];
  if (!epoch.is_number_integer() || !logs.is_object()) return false;
  const auto number = epoch.get<std::int64_t>();
  if (number <= (history.epochs.empty() ? -1 : history.epochs.back()) || number >= end) return false;
  std::vector<LogKey> keys;
  std::vector<LogValue> values;
  for (const auto& [key, value] : logs.items()) {
    std::optional<double> read;
    if (!read_json_number(value, read)) return false;
    keys.push_back({key});
    values.push_back({read.value_or(0), read.has_value()});
  }
  history.append(number, keys, values);
  return true;
}

/// Adds the lines of epochs before `end`, up to the first other line. Returns their length in bytes.
std::size_t add_lines(std::string_view text, std::int64_t end, History& history) {
  std::size_t done = 0;
  while (done < text.size()) {
    const std::size_t newline = text.find('\n', done);
    if (newline == std::string_view::npos || !add_line(text.substr(done, newline - done), end, history))
      break;
    done = newline + 1;
  }
  return done;
}

}  // namespace

void HistoryFile::fail(const char* what, int error) const {
  throw Error(ErrorKind::File,
              {"KAIROS-F005", path_.string(), what, std::generic_category().message(error),
               "a file that can be written", "Check its directory and the space on its disk"});
}

HistoryFile::HistoryFile(const std::filesystem::path& file) : path_(file) {
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
  if (descriptor_ < 0) fail("cannot write the file", errno);
  struct stat status {};
  if (::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode)) return;
  ::close(descriptor_);
  throw Error(ErrorKind::File, {"KAIROS-F008", path_.string(), "cannot write the file",
                                "a device or FIFO of that name", "a regular file or nothing", "Remove it"});
}

HistoryFile::~HistoryFile() {
  ::close(descriptor_);
}

void HistoryFile::cut_to(std::int64_t epoch) {
  History kept;
  size_ = add_lines(content_of(path_), epoch, kept);
  last_ = kept.epochs.empty() ? -1 : kept.epochs.back();
  if (::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) fail("cannot shorten the file", errno);
  has_rest_ = false;
}

void HistoryFile::append(const History& history) {
  constexpr std::ptrdiff_t most_at_once = 256;
  auto next = history.epochs.end();
  while (next != history.epochs.begin() && *std::prev(next) > last_) --next;
  while (next != history.epochs.end()) {
    const auto end = next + std::min(most_at_once, history.epochs.end() - next);
    std::string lines;
    for (; next != end; ++next)
      lines += line_of(history, static_cast<std::size_t>(next - history.epochs.begin()));
    write(lines);
    last_ = *std::prev(end);
  }
}

void HistoryFile::write(std::string_view lines) {
  const auto at = static_cast<off_t>(size_);
  if (std::exchange(has_rest_, true) && ::ftruncate(descriptor_, at) != 0)
    fail("cannot shorten the file", errno);
  ssize_t written = 0;
  do {
    written = ::pwrite(descriptor_, lines.data(), lines.size(), at);
  } while (written < 0 && errno == EINTR);
  if (written != std::ssize(lines)) {
    const int error = written < 0 ? errno : ENOSPC;  // a disk that takes a part has no space for the rest
    [[maybe_unused]] const int shortened =
        ::ftruncate(descriptor_, at);  // the first error is the one to report
    fail("cannot write the file", error);
  }
  size_ += lines.size();
  has_rest_ = false;
}

History parse_history_lines(std::string_view text, std::string_view origin) {
  History history;
  const std::size_t done = add_lines(text, std::numeric_limits<std::int64_t>::max(), history);
  const std::size_t newline = text.find('\n', done);
  if (newline == std::string_view::npos || newline + 1 == text.size()) return history;
  constexpr std::size_t longest = 40;
  throw Error(
      ErrorKind::File,
      {"KAIROS-F050", std::string(origin) + ":" + std::to_string(history.epochs.size() + 1),
       "this is not an epoch of a History", std::string(text.substr(done, std::min(longest, newline - done))),
       R"({"epoch": 0, "logs": {"loss": 0.5}}, with a higher epoch than the line before)",
       "Remove this line and those after it"});
}

History read_history_lines(const std::filesystem::path& file) {
  return parse_history_lines(content_of(file), file.string());
}

}  // namespace kairos::host
