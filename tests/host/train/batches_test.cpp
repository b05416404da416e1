// SPDX-License-Identifier: MIT
// The order of samples and the content of batches.
#include "train/batches.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <numeric>

using namespace kairos::host;

namespace {

std::vector<std::int64_t> counted(std::int64_t n) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(n));
  std::iota(all.begin(), all.end(), std::int64_t{0});
  return all;
}

}  // namespace

TEST_CASE("shuffle=true permutes samples differently in each pass and equally for a seed", "[host][train]") {
  auto order = sample_order(Shuffle::Samples, 100, 10, 1, 0);
  CHECK(order != counted(100));
  CHECK(order == sample_order(Shuffle::Samples, 100, 10, 1, 0));
  CHECK(order != sample_order(Shuffle::Samples, 100, 10, 1, 1));
  CHECK(order != sample_order(Shuffle::Samples, 100, 10, 2, 0));
  std::sort(order.begin(), order.end());
  CHECK(order == counted(100));
}

TEST_CASE("shuffle=batch moves whole batches and leaves the short one last", "[host][train]") {
  const auto order = sample_order(Shuffle::Batches, 32, 5, 3, 0);
  CHECK(order[30] == 30);
  CHECK(order[31] == 31);
  CHECK(order != counted(32));
  for (std::size_t batch = 0; batch < 6; ++batch) {
    CHECK(order[batch * 5] % 5 == 0);
    for (std::size_t i = 1; i < 5; ++i)
      CHECK(order[batch * 5 + i] == order[batch * 5] + static_cast<std::int64_t>(i));
  }
}

TEST_CASE("A batch size larger than the data gives one batch of all samples", "[host][train]") {
  Array x{{3, 1}, {1, 2, 3}};
  Batches batches({{&x}, {}}, {}, {0, 3, {}}, std::numeric_limits<std::int64_t>::max());
  CHECK(batches.count() == 1);
  CHECK(batches.at(0).size == 3);
}

TEST_CASE("The order of a seed is the same on every machine", "[host][train]") {
  CHECK(sample_order(Shuffle::Samples, 6, 2, 0, 0) == std::vector<std::int64_t>{1, 4, 2, 3, 5, 0});
}

TEST_CASE("A batch holds its rows of inputs, targets and weights, shuffled together", "[host][train]") {
  Array x{{7, 2}, {}}, y{{7}, {}}, w{{7}, {}};
  for (int i = 0; i < 7; ++i) {
    x.values.insert(x.values.end(), {static_cast<float>(i), static_cast<float>(10 * i)});
    y.values.push_back(static_cast<float>(i));
    w.values.push_back(static_cast<float>(i));
  }
  const Shuffle shuffle = GENERATE(Shuffle::None, Shuffle::Samples, Shuffle::Batches);
  Batches batches({{&x}, {&y}}, {w}, {1, 6, {}}, 2);
  CHECK(batches.count() == 3);
  batches.reorder(shuffle, 5, 0);
  std::vector<float> seen;
  for (std::int64_t b = 0; b < batches.count(); ++b) {
    const Batch& batch = batches.at(b);
    CHECK(batch.size == (b == 2 ? 1 : 2));
    for (std::int64_t i = 0; i < batch.size; ++i) {
      const float row = batch.targets[0][i];
      CHECK(batch.inputs[0][2 * i] == row);
      CHECK(batch.inputs[0][2 * i + 1] == 10 * row);
      CHECK(batch.weights[0].values[i] == row);
      seen.push_back(row);
    }
  }
  std::sort(seen.begin(), seen.end());
  CHECK(seen == std::vector<float>{1, 2, 3, 4, 5});
}
