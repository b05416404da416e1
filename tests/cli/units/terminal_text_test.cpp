// SPDX-License-Identifier: MIT
// What a terminal may receive.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <optional>

#include "cli/printable_lines.hpp"
#include "cli/terminal.hpp"

using namespace kairos::host::cli;

namespace {

/// An environment variable, restored at the end.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value, 1);
  }
  ~Variable() {
    if (before_)
      ::setenv(name_, before_->c_str(), 1);
    else
      ::unsetenv(name_);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("Control characters become escapes", "[cli]") {
  CHECK(printable_lines("\x1b[31mEVIL\a\rx\x7f") == "\\u001b[31mEVIL\\u0007\\u000dx\\u007f");
  CHECK(printable_lines("\xc2\x9b"
                        "31m caf\xc3\xa9 \xc2\xa0") == "\\u009b31m caf\xc3\xa9 \xc2\xa0");
  CHECK(printable_lines("a\tb\n\x1b") == "a\tb\n\\u001b");
}

TEST_CASE("The window is that of COLUMNS and LINES, within bounds", "[cli]") {
  {
    const Variable columns("COLUMNS", "72"), lines("LINES", "24");
    CHECK(window().columns == 72);
    CHECK(window().rows == 24);
  }
  const Variable columns("COLUMNS", "1");
  CHECK(window().columns == 20);
}

TEST_CASE("Unicode is for UTF-8 locales on terminals that know more than text", "[cli]") {
  const Variable all("LC_ALL", ""), type("LC_CTYPE", ""), term("TERM", "xterm");
  {
    const Variable lang("LANG", "de_DE.UTF-8");
    CHECK(shows_unicode());
    const Variable posix("LC_ALL", "C");
    CHECK_FALSE(shows_unicode());
  }
  const Variable lang("LANG", "en_US.utf8");
  CHECK(shows_unicode());
  const Variable dumb("TERM", "dumb");
  CHECK_FALSE(shows_unicode());
}
