// SPDX-License-Identifier: MIT
// Writes the logs of each epoch as a row of a CSV file.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/csv_text.hpp"
#include "../common/line_file.hpp"
#include "../common/python_number.hpp"

namespace kairos::plugins {

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

  State<std::int64_t> size{this, "size", 0};  ///< of the file, in bytes, after the last row

  void setup(Run&) {
    const std::string_view text = separator.value();
    separator_ = text == "\\t" ? '\t' : text.size() == 1 ? text.front() : '\n';
    if (std::string_view("\n\r\"").find(separator_) != std::string_view::npos)
      throw Error("separator is \"" + std::string(text) +
                  "\"; expected one character other than a quotation mark or line break. Write for example "
                  "separator=';'");
    *file_ = LineFile(std::string(filename.value()));
  }

  void on_train_begin(Run& run) {
    columns_->clear();
    for (std::uint32_t i = 0; i < run.log_count(); ++i) columns_->emplace_back(run.log_name(i), i);
    std::sort(columns_->begin(), columns_->end());
    std::string header = "epoch";
    for (const auto& [name, index] : *columns_) header += separator_ + csv_text(name, separator_);

    // Without a row, nothing is lost.
    if (append || size > static_cast<std::int64_t>(header.size()) + 1) file_->warn_of_loss(run, size, "rows");
    const bool goes_on = (append || run.run_resumed()) && file_->has_content();
    if (goes_on) {
      check_header(header);
      cut(run);
    }
    file_->open(goes_on);
    if (!goes_on) file_->write(header);
    size = file_->size();
  }

  void on_epoch_end(Epoch& epoch) {
    if (!file_->is_open()) return;  // Opening failed, and on_error=warn continues.
    std::string row = std::to_string(epoch.index());
    for (const auto& [name, index] : *columns_) {
      const std::optional<double> value = epoch.log(index);
      row += separator_ + (value ? python_number(*value) : "NA");
    }
    file_->write(row);
    size = file_->size();
  }

  void on_train_end(End&) { file_->close(); }

 private:
  void check_header(const std::string& expected) const {
    std::string found(expected.size() + 2, '\0');
    std::ifstream in(file_->path(), std::ios::binary);
    in.read(found.data(), static_cast<std::streamsize>(found.size()));
    found.resize(static_cast<std::size_t>(in.gcount()));
    const std::size_t end = found.find('\n');
    found.resize(std::min(end, found.size()));
    if (!found.empty() && found.back() == '\r') found.pop_back();  // Keras' line ending.
    if (found != expected)
      throw Error(KAIROS_E_DATA, file_->path().string() + " has other columns; found \"" + found +
                                     "\", expected \"" + expected +
                                     "\". Choose another file, or set append=false to replace it");
  }

  /// Removes the rows that the resumed run writes again, and an incomplete last row.
  void cut(const Run& run) const {
    const auto is_kept = [&run](const std::string& line) {
      std::int64_t epoch = -1;  // Of the header, too.
      std::from_chars(line.data(), line.data() + line.size(), epoch);
      return epoch < run.initial_epoch();
    };
    // The state may be of a run with another file, in which a row happens to end after as many bytes.
    const bool is_same_file = append || (size > 0 && is_kept(file_->line_before(size)));
    file_->cut_for_resume(run, is_same_file ? size.value() : 0, append, is_kept);
  }

  Owned<std::vector<std::pair<std::string, std::uint32_t>>> columns_{this};  ///< log keys and their indices
  Owned<LineFile> file_{this};
  char separator_ = ',';
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::CSVLogger)
