// SPDX-License-Identifier: MIT
// Fields may come from files of others.
#include "cli/text_table.hpp"

#include <algorithm>
#include <cstddef>

#include "base/printable.hpp"
#include "cli/terminal.hpp"

namespace kairos::host::cli {

std::string text_of(const Table& table) {
  Table shown = table;
  std::vector<std::size_t> widths(table.empty() ? 0 : table.front().size());
  for (std::vector<std::string>& row : shown)
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = row[i].empty() ? "-" : printable(row[i]);
      widths[i] = std::max(widths[i], width_of(row[i]));
    }
  std::string text;
  for (const std::vector<std::string>& row : shown) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i)
      line += row[i] + std::string(widths[i] - width_of(row[i]) + 2, ' ');
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

std::string csv_of(const Table& table) {
  std::string text;
  for (const std::vector<std::string>& row : table)
    for (std::size_t i = 0; i < row.size(); ++i)
      text += csv_field(row[i]) + (i + 1 == row.size() ? "\n" : ",");
  return text;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r ") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

}  // namespace kairos::host::cli
