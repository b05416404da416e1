// SPDX-License-Identifier: MIT
// Writes the logs of each epoch as a row of a CSV file.
#include <kairos/plugin.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace kairos::plugins {

namespace fs = std::filesystem;

/// Behaves as Keras 3.15 `CSVLogger` (epochs from 0, keys sorted, numbers as Python prints them).
/// Differences: the columns are the log keys of the run, lines end with "\n", missing directories are
/// created, and a file with other columns is rejected.
struct CSVLogger : Callback<CSVLogger> {
  static constexpr auto id = "kairos.CSVLogger";
  static constexpr auto summary = "Writes the logs of each epoch to a CSV file.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", required, "file to write; missing directories are created"};
  Option<std::string_view> separator{this, "separator", ",", "character between columns; \\t for a tab"};
  Option<bool> append{this, "append", false, "append to an existing file with the same columns"};

  void setup(Run&) {
    const std::string_view text = separator.value();
    separator_ = text == "\\t" ? '\t' : text.size() == 1 ? text.front() : '\n';
    if (std::string_view("\n\r\"").find(separator_) != std::string_view::npos)
      throw Error("separator is \"" + std::string(text) +
                  "\"; expected one character other than a quotation mark or line break. Write for example "
                  "separator=';'");
    check_place();
  }

  void on_train_begin(Run& run) {
    columns_->clear();
    for (std::uint32_t i = 0; i < run.log_count(); ++i) columns_->emplace_back(run.log_name(i), i);
    std::sort(columns_->begin(), columns_->end());
    std::string header = "epoch";
    for (const auto& [name, index] : *columns_) header += separator_ + quoted(name);

    const bool goes_on =
        (append || run.run_resumed()) && fs::is_regular_file(path()) && fs::file_size(path()) > 0;
    if (goes_on) {
      check_header(header);
      if (run.run_resumed()) cut(run.initial_epoch());
    }
    const bool torn = goes_on && !ends_with_newline();
    open(goes_on ? "ae" : "we");
    if (!goes_on) write(header);
    if (torn) write("");  // Ends the incomplete last row of a killed run.
  }

  void on_epoch_end(Epoch& epoch) {
    if (*file_ == nullptr) return;  // Opening failed, and on_error=warn continues.
    std::string row = std::to_string(epoch.index());
    for (const auto& [name, index] : *columns_) {
      const std::optional<double> value = epoch.log(index);
      row += separator_ + (value ? shortest(*value) : "NA");
    }
    write(row);
  }

  void on_train_end(End&) { file_->reset(); }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  [[nodiscard]] fs::path path() const { return filename.value(); }

  [[noreturn]] void fail(const std::string& what) const {
    throw Error(KAIROS_E_IO, "cannot " + what + " " + path().string() + ": " + std::strerror(errno) +
                                 ". Free the path or choose another");
  }

  /// Checks the path before training, without creating anything.
  void check_place() const {
    std::error_code ignored;
    if (fs::is_directory(path(), ignored))
      throw Error(KAIROS_E_IO, path().string() + " is a directory. Name a file in it");
    const fs::file_type kind = fs::status(path(), ignored).type();
    if (kind != fs::file_type::not_found && kind != fs::file_type::regular)
      throw Error(KAIROS_E_IO,
                  path().string() + " is not a regular file, and writing to it could block. Name a file");
    fs::path place = path();
    while (!fs::exists(place, ignored) && place.has_relative_path()) place = place.parent_path();
    const bool below = place != path();
    if ((below && !fs::is_directory(place, ignored)) ||
        ::access(place.c_str(), below ? W_OK | X_OK : W_OK) != 0)
      throw Error(KAIROS_E_IO, "cannot write " + path().string() + ": " + place.string() +
                                   (below ? " is not a writable directory" : " is not writable") +
                                   ". Choose another path");
  }

  void check_header(const std::string& expected) const {
    std::string found(expected.size() + 2, '\0');
    std::ifstream in(path(), std::ios::binary);
    in.read(found.data(), static_cast<std::streamsize>(found.size()));
    found.resize(static_cast<std::size_t>(in.gcount()));
    const std::size_t end = found.find('\n');
    found.resize(std::min(end, found.size()));
    if (!found.empty() && found.back() == '\r') found.pop_back();  // Keras' line ending.
    if (found != expected)
      throw Error(KAIROS_E_DATA, path().string() + " has other columns; found \"" + found +
                                     "\", expected \"" + expected +
                                     "\". Choose another file, or set append=false to replace it");
  }

  /// Removes the rows that the resumed run writes again, from `first_epoch` on, and an incomplete last row.
  void cut(std::int64_t first_epoch) const {
    std::ifstream in(path(), std::ios::binary);
    std::string line;
    std::uintmax_t position = 0;
    std::uintmax_t keep = 0;
    while (std::getline(in, line) && !in.eof()) {
      position += line.size() + 1;
      std::int64_t epoch = -1;
      std::from_chars(line.data(), line.data() + line.size(), epoch);
      if (epoch < first_epoch) keep = position;
    }
    in.close();
    fs::resize_file(path(), keep);
  }

  [[nodiscard]] bool ends_with_newline() const {
    std::ifstream in(path(), std::ios::binary);
    in.seekg(-1, std::ios::end);
    return in.get() == '\n';
  }

  void open(const char* how) {
    fs::create_directories(path().parent_path());
    file_->reset(std::fopen(path().c_str(), how));
    if (*file_ == nullptr) fail("open");
  }

  /// Writes one line and flushes it.
  void write(std::string line) {
    line += '\n';
    if (std::fwrite(line.data(), 1, line.size(), file_->get()) != line.size() ||
        std::fflush(file_->get()) != 0)
      fail("write");
  }

  [[nodiscard]] std::string quoted(const std::string& text) const {
    if (text.find_first_of(std::string("\"\r\n") + separator_) == std::string::npos) return text;
    std::string out = "\"";
    for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
    return out + '"';
  }

  /// As Python's repr: the shortest digits that read back as the same number, with ".0" for whole numbers.
  [[nodiscard]] static std::string shortest(double value) {
    if (std::isnan(value)) return "nan";
    if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
    std::array<char, 32> text{};
    char* const begin = text.data();
    const std::string scientific(
        begin, std::to_chars(begin, begin + text.size(), value, std::chars_format::scientific).ptr);
    const int exponent = std::stoi(scientific.substr(scientific.find('e') + 1));
    if (exponent < -4 || exponent >= 16) return scientific;
    const std::string fixed(begin,
                            std::to_chars(begin, begin + text.size(), value, std::chars_format::fixed).ptr);
    return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
  }

  Owned<std::vector<std::pair<std::string, std::uint32_t>>> columns_{this};  ///< log keys and their indices
  Owned<std::unique_ptr<std::FILE, Close>> file_{this};
  char separator_ = ',';
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::CSVLogger)
