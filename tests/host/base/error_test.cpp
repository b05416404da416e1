// SPDX-License-Identifier: MIT
// Messages contain names from files, which may be hostile.
#include "kairos/host/error.hpp"

#include <catch2/catch.hpp>

using namespace kairos::host;

TEST_CASE("A message shows control characters instead of sending them to the terminal", "[host]") {
  const Diagnosis diagnosis{"KAIROS-M001", "layer \"\x1b[2J\"", "it is\nunknown", "\x7f", "", "Mend\tit"};
  CHECK(diagnosis.text() == "KAIROS-M001: layer \"\\x1b[2J\": it is\\x0aunknown; found \\x7f. Mend\\x09it.");
}

TEST_CASE("A message keeps non-ASCII text, and truncates very long names", "[host]") {
  CHECK(Diagnosis{"KAIROS-D001", "größe.csv", "a … b", "", "", ""}.text() ==
        "KAIROS-D001: größe.csv: a … b.");
  const Diagnosis diagnosis{"KAIROS-M001", std::string(1 << 20, 'x'), "it is unknown", "", "", ""};
  CHECK(diagnosis.text().size() < 5000);
}

TEST_CASE("A very long word is not compared with candidates", "[host]") {
  CHECK(nearest(std::string(1 << 20, 'x'), {"dense"}).empty());
  CHECK(nearest("dens", {std::string(1 << 20, 'x'), "dense"}) == "dense");
}
