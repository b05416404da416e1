// SPDX-License-Identifier: MIT
#include "compute/kernel_parts.hpp"

#include <catch2/catch.hpp>
#include <vector>

using namespace kairos::host;

TEST_CASE("A kernel is partitioned if each thread gets enough rows and little is exchanged",
          "[host][compute]") {
  CHECK(KernelParts::is_worthwhile(2, 128, 784, 512));
  CHECK_FALSE(KernelParts::is_worthwhile(1, 128, 784, 512));
  CHECK_FALSE(KernelParts::is_worthwhile(16, 128, 784, 512));
  CHECK_FALSE(KernelParts::is_worthwhile(2, 1000, 784, 512));
  CHECK_FALSE(KernelParts::is_worthwhile(2, 128, 784, 10));
}

TEST_CASE("A kernel has as many parts as threads, or as inputs if there are fewer", "[host][compute]") {
  const auto parts_of = [](std::int64_t inputs, std::int64_t threads) {
    const KernelParts parts(inputs, threads);
    std::vector<std::int64_t> found;
    for (std::int64_t i = 0; i < parts.count(); ++i) {
      CHECK(parts.part(i).index == i);
      found.push_back(parts.part(i).first);
      found.push_back(parts.part(i).inputs);
    }
    return found;
  };
  CHECK(parts_of(784, 1) == std::vector<std::int64_t>{0, 784});
  CHECK(parts_of(784, 2) == std::vector<std::int64_t>{0, 392, 392, 392});
  CHECK(parts_of(7, 3) == std::vector<std::int64_t>{0, 3, 3, 3, 6, 1});
  CHECK(parts_of(7, 5) == std::vector<std::int64_t>{0, 2, 2, 2, 4, 2, 6, 1});
  CHECK(parts_of(2, 8) == std::vector<std::int64_t>{0, 1, 1, 1});
}
