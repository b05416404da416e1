// SPDX-License-Identifier: MIT
// Large pages do not change values.
#include "base/large_pages.hpp"

#include <catch2/catch.hpp>

using kairos::host::prefer_large_pages;
using kairos::host::reserve_large;

TEST_CASE("Memory in large pages has the requested size and keeps the values", "[host]") {
  std::vector<float> values{1, 2, 3};
  constexpr std::size_t count = std::size_t{3} << 20;
  reserve_large(values, count);
  CHECK(values.capacity() == count);
  CHECK(values == std::vector<float>{1, 2, 3});
  const float* const place = values.data();
  values.resize(count);
  CHECK(values.data() == place);
  CHECK(values.back() == 0);

  reserve_large(values, 10);
  CHECK(values.capacity() == count);
}

TEST_CASE("Requesting large pages keeps existing values at any alignment", "[host]") {
  std::vector<float> values(std::size_t{3} << 20, 7.0F);
  prefer_large_pages(values.data() + 1, (values.size() - 1) * sizeof(float));
  prefer_large_pages(values.data(), 5);
  CHECK(values == std::vector<float>(values.size(), 7.0F));
}
