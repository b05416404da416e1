// SPDX-License-Identifier: MIT
#include "base/name_list.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace kairos::host;

TEST_CASE("Lists of names end after twenty", "[host]") {
  CHECK(joined_names({}).empty());
  CHECK(joined_names(std::vector<std::string>{"a", "b"}) == "a, b");
  const std::vector<std::string> many(20, "x");
  CHECK_THAT(joined_names(many), Catch::Matchers::EndsWith("x, x"));
  CHECK(joined_names(std::vector<std::string>(21, "x")) == joined_names(many) + ", …");
}
