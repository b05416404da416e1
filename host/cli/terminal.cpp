// SPDX-License-Identifier: MIT
// Asks the environment and the terminal.
#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>

#include "cli/setting_values.hpp"

namespace kairos::host::cli {

namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::size_t bounded(std::size_t value) {
  return std::clamp<std::size_t>(value, 20, 1000);
}

}  // namespace

Window window() {
  Window window{100, 30};
  for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) {
    struct winsize size {};
    if (::ioctl(stream, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) continue;
    window = {bounded(size.ws_col), bounded(size.ws_row)};
    break;
  }
  if (const auto columns = number_from<std::size_t>(variable("COLUMNS"))) window.columns = bounded(*columns);
  if (const auto rows = number_from<std::size_t>(variable("LINES"))) window.rows = bounded(*rows);
  return window;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & '\xC0') != '\x80'; }));
}

bool shows_unicode() {
  if (variable("TERM") == "dumb") return false;
  std::string_view locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"})
    if (locale = variable(name); !locale.empty()) break;
  std::string folded;
  for (const char c : locale)
    if (c != '-') folded += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return folded.find("utf8") != std::string::npos;  // also with a modifier: en_US.UTF-8@euro
}

}  // namespace kairos::host::cli
