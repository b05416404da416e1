// SPDX-License-Identifier: MIT
#include "compute/permutation.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

using namespace kairos::host;

TEST_CASE("A permutation places every value, whatever the order of the dimensions", "[host][compute]") {
  const std::vector<std::int64_t> shape{3, 1, 5, 7, 2};
  std::vector<std::size_t> order{0, 1, 2, 3, 4};
  std::vector<float> from(3 * 5 * 7 * 2), to(from.size());
  for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<float>(i);
  do {
    permute(shape, order, from.data(), to.data());
    std::size_t next = 0;
    std::vector<std::int64_t> at(5, 0);  // in the result
    for (std::size_t i = 0; i < to.size(); ++i) {
      std::vector<std::int64_t> source(5);
      for (std::size_t d = 0; d < 5; ++d) source[order[d]] = at[d];
      std::int64_t position = 0;
      for (std::size_t d = 0; d < 5; ++d) position = position * shape[d] + source[d];
      REQUIRE(to[next++] == static_cast<float>(position));
      for (std::size_t d = 5; d-- > 0;) {
        if (++at[d] < shape[order[d]]) break;
        at[d] = 0;
      }
    }
  } while (std::next_permutation(order.begin(), order.end()));
  CHECK(is_in_order(std::vector<std::size_t>{0, 1, 2}));
  CHECK_FALSE(is_in_order(std::vector<std::size_t>{0, 2, 1}));
}
