// SPDX-License-Identifier: MIT
// Room for many values changes none of them.
#include "base/large_pages.hpp"

#include <catch2/catch.hpp>

using kairos::host::prefer_large_pages;
using kairos::host::reserve_large;

TEST_CASE("Room in large pages keeps the values and is as much as was asked for", "[host]") {
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

TEST_CASE("Asking for large pages keeps what is written already, wherever it begins", "[host]") {
  std::vector<float> values(std::size_t{3} << 20, 7.0F);
  prefer_large_pages(values.data() + 1, (values.size() - 1) * sizeof(float));
  prefer_large_pages(values.data(), 5);
  CHECK(values == std::vector<float>(values.size(), 7.0F));
}
