// SPDX-License-Identifier: MIT
// Texts that may not control a terminal.
#include <catch2/catch.hpp>

#include "base/printable.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

TEST_CASE("printable escapes control characters and bytes that are not UTF-8", "[host]") {
  CHECK(printable("") == "");
  CHECK(printable("plain, caf\u00E9, \u2501, \U0001F600") == "plain, caf\u00E9, \u2501, \U0001F600");
  CHECK(printable("\x1b[31m\n\t\x7f") == "\\x1b[31m\\x0a\\x09\\x7f");
  CHECK(printable(std::string_view("\0", 1)) == "\\x00");
  CHECK(printable("\u009B1m\u0085") == "\\xc2\\x9b1m\\xc2\\x85");  // CSI and NEL as one character
  CHECK(printable("\x9b"
                  "1m") == "\\x9b1m");  // CSI of an 8-bit terminal
  CHECK(printable("caf\xe9") == "caf\\xe9");
  CHECK(printable("\xe2\x94") == "\\xe2\\x94");
  CHECK(printable("\xe0\x80\xaf") == "\\xe0\\x80\\xaf");           // a slash in three bytes
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");           // half of a surrogate pair
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  CHECK(printable("\U0010FFFD\uD7FF\u0800") == "\U0010FFFD\uD7FF\u0800");
}

TEST_CASE("A diagnosis cuts a long name between characters", "[host]") {
  std::string name(4095, 'a');
  const Diagnosis diagnosis{"KAIROS-D001", name + "\u00E9\u00E9", "what", "", "", ""};
  CHECK(diagnosis.text() == "KAIROS-D001: " + name + "\u2026: what.");
}

}  // namespace kairos::host
