// SPDX-License-Identifier: MIT
// A text file to which a callback appends lines, each complete when it is written.
#pragma once

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <kairos/error.hpp>
#include <kairos/event.hpp>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "output_place.hpp"

namespace kairos::plugins {

/// Errors are thrown as kairos::Error with a way out.
class LineFile {
 public:
  LineFile() = default;
  /// Checks in setup that the file can be written, without creating anything.
  explicit LineFile(std::filesystem::path path) : path_(std::move(path)) {
    check_output_place(path_, Writing::InPlace);
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] bool is_open() const { return file_ != nullptr; }
  [[nodiscard]] bool has_content() const {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path_, ignored) && std::filesystem::file_size(path_, ignored) > 0;
  }

  /// Warns in a resumed run that lines are lost, because the file is missing or shorter than its state says.
  /// `what` names the lines.
  void warn_of_loss(const Run& run, std::int64_t saved_size, const std::string& what) const {
    if (!run.resumed()) return;
    const std::int64_t found = has_content() ? size() : 0;
    if (found >= saved_size) return;
    run.print(path_.string() +
                  (found == 0 ? " is missing or empty" : " has " + std::to_string(found) + " bytes") +
                  ", but had " + std::to_string(saved_size) + " bytes when the run was saved: earlier " +
                  what + " are lost. To keep them, end this run, restore the file and resume again",
              Level::Warning);
  }

  /// Removes what a resumed run writes again: what follows the byte at which its state says that the file
  /// ended. Without such a state, what follows the last line of which `is_kept` is true, unless the file is
  /// appended to: its lines may be those of other runs.
  template <class Kept>
  void cut_for_resume(const Run& run, std::int64_t saved_size, bool appends, Kept is_kept) const {
    if (run.resumed() && ends_line_at(saved_size))
      cut_at(saved_size);
    else if (run.run_resumed() && !appends)
      cut(is_kept);
  }

  /// Removes what follows the last line of which `is_kept` is true, such as an incomplete last line. Earlier
  /// lines stay: an earlier run may have written them.
  template <class Kept>
  void cut(Kept is_kept) const {
    std::ifstream in(path_, std::ios::binary);
    std::string line;
    std::uintmax_t position = 0;
    std::uintmax_t keep = 0;
    while (std::getline(in, line) && !in.eof()) {
      position += line.size() + 1;
      if (is_kept(line)) keep = position;
    }
    in.close();
    std::filesystem::resize_file(path_, keep);
  }

  /// In bytes, with every line that was written.
  [[nodiscard]] std::int64_t size() const {
    return static_cast<std::int64_t>(std::filesystem::file_size(path_));
  }
  /// Whether a line ends after so many bytes; false also if the file is shorter, as after a power cut.
  [[nodiscard]] bool ends_line_at(std::int64_t bytes) const {
    if (bytes < 1) return false;
    std::ifstream in(path_, std::ios::binary);
    in.seekg(bytes - 1);
    return in.get() == '\n';
  }
  /// The line that ends after so many bytes, or the end of a very long one.
  [[nodiscard]] std::string line_before(std::int64_t bytes) const {
    constexpr std::int64_t most = 1 << 16;
    const std::int64_t count = std::clamp<std::int64_t>(bytes, 1, most);
    std::string text(static_cast<std::size_t>(count), '\0');
    std::ifstream in(path_, std::ios::binary);
    in.seekg(bytes - count);
    in.read(text.data(), count);
    text.pop_back();  // the line break
    return text.substr(text.rfind('\n') + 1);
  }
  void cut_at(std::int64_t bytes) const {
    std::filesystem::resize_file(path_, static_cast<std::uintmax_t>(bytes));
  }

  /// Opens the file, replacing it or at its end, where an incomplete last line of a killed run is ended.
  void open(bool appends) {
    std::filesystem::create_directories(path_.parent_path());
    const bool torn = appends && has_content() && !ends_line_at(size());
    file_.reset(std::fopen(path_.c_str(), appends ? "ae" : "we"));
    if (file_ == nullptr) fail("open");
    if (torn) write("");
  }

  /// Writes one line and flushes it.
  void write(std::string line) {
    line += '\n';
    if (std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size() || std::fflush(file_.get()) != 0)
      fail("write");
  }

  void close() { file_.reset(); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(KAIROS_E_IO, "cannot " + what + " " + path_.string() + ": " + std::strerror(errno) +
                                 ". Free the path or choose another");
  }

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace kairos::plugins
