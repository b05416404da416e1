// SPDX-License-Identifier: MIT
#include "compute/kernels/kernels.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "compute/parallel.hpp"
#include "host/compute/levels.hpp"
#include "host/compute/normal_values.hpp"

namespace kairos::host {
extern const Kernels kernels_base;
#ifdef __x86_64__
extern const Kernels kernels_v3;
#endif
}  // namespace kairos::host

using namespace kairos::host;
using kairos::tests::normal_values;

namespace {

using Values = std::vector<float>;
using Level = kairos::tests::Level<Kernels>;

auto levels() {
#ifdef __x86_64__
  return kairos::tests::levels_of(kernels_base, &kernels_v3, kernels());
#else
  return kairos::tests::levels_of<Kernels>(kernels_base, nullptr, kernels());
#endif
}

void check_close(const Values& found, const Values& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO("element " << i);
    REQUIRE(found[i] == Approx(expected[i]).epsilon(1e-5).margin(1e-5));
  }
}

}  // namespace

TEST_CASE("The loops multiply matrices of any size on every level", "[host][compute]") {
  const std::int64_t sizes[] = {1, 2, 5, 7, 8, 13, 16, 20, 33, 64};
  for (const Level& level : levels())
    for (const std::int64_t rows : {1, 3, 6, 7, 13, 32})
      for (const std::int64_t columns : sizes)
        for (const std::int64_t depth : {1, 4, 20, 64}) {
          INFO(level.name << ": " << rows << " x " << columns << ", depth " << depth);
          const Values a = normal_values(rows * depth, 1), b = normal_values(depth * columns, 2),
                       bias = normal_values(columns, 3);
          Values plain(static_cast<std::size_t>(rows * columns)), with_bias = plain;
          for (std::int64_t r = 0; r < rows; ++r)
            for (std::int64_t c = 0; c < columns; ++c) {
              double sum = 0;
              for (std::int64_t k = 0; k < depth; ++k)
                sum += static_cast<double>(a[static_cast<std::size_t>(r * depth + k)]) *
                       static_cast<double>(b[static_cast<std::size_t>(k * columns + c)]);
              const auto at = static_cast<std::size_t>(r * columns + c);
              plain[at] = static_cast<float>(sum);
              with_bias[at] =
                  static_cast<float>(sum + static_cast<double>(bias[static_cast<std::size_t>(c)]));
            }
          Values scratch(static_cast<std::size_t>(level.kernels->multiply_scratch(depth)));
          Values found(plain.size());
          level.kernels->multiply({rows, columns, depth, {a.data(), depth, 1}, b.data(), found.data()},
                                  scratch.data());
          check_close(found, plain);
          Values turned(a.size());
          level.kernels->transpose(rows, depth, a.data(), depth, turned.data(), rows);
          level.kernels->multiply(
              {rows, columns, depth, {turned.data(), 1, rows}, b.data(), found.data(), bias.data()},
              scratch.data());
          check_close(found, with_bias);
          Values panels(b.size());
          level.kernels->pack_panels(depth, columns, b.data(), columns, panels.data());
          Product packed{rows,          columns,      depth,      {a.data(), depth, 1},
                         panels.data(), found.data(), bias.data()};
          packed.b_layout = Layout::Panels;
          level.kernels->multiply(packed, scratch.data());
          check_close(found, with_bias);
        }
}

TEST_CASE("A product with beta = 1 and a segmented factor is right on every level", "[host][compute]") {
  constexpr std::int64_t rows = 7, depth = 6, segments = 3, gap = 50;
  for (const Level& level : levels())
    for (const std::int64_t columns : {1, 5, 8, 16, 21}) {
      INFO(level.name << ": " << columns << " columns");
      const Values a = normal_values(gap * segments + rows * depth, 1);
      const Values b = normal_values(segments * depth * columns, 2),
                   before = normal_values(rows * columns, 3);
      Values expected = before, found = before;
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c)
          for (std::int64_t k = 0; k < segments * depth; ++k)
            expected[static_cast<std::size_t>(r * columns + c)] +=
                a[static_cast<std::size_t>(k / depth * gap + r * depth + k % depth)] *
                b[static_cast<std::size_t>(k * columns + c)];
      Values scratch(static_cast<std::size_t>(level.kernels->multiply_scratch(segments * depth)));
      level.kernels->multiply({rows,
                               columns,
                               depth,
                               {a.data(), depth, 1},
                               b.data(),
                               found.data(),
                               nullptr,
                               Beta::One,
                               segments,
                               gap},
                              scratch.data());
      check_close(found, expected);
    }
}

TEST_CASE("Rows are summed column by column on every level", "[host][compute]") {
  for (const Level& level : levels())
    for (const std::int64_t columns : {1, 7, 8, 21, 64}) {
      const Values from = normal_values(5 * columns, 4);
      Values expected(static_cast<std::size_t>(columns)), found = expected;
      for (std::size_t i = 0; i < from.size(); ++i) expected[i % expected.size()] += from[i];
      level.kernels->sum_rows(5, columns, from.data(), found.data());
      check_close(found, expected);
    }
}

TEST_CASE("Parts are summed with and without a bias on every level", "[host][compute]") {
  for (const Level& level : levels())
    for (const std::int64_t n : {1, 7, 16, 37}) {
      const std::int64_t step = n + 3, parts = 3;
      const Values from = normal_values(parts * step, 4), bias = normal_values(n, 5);
      Values with_bias(bias), without(bias.size()), found(bias.size());
      for (std::int64_t part = 0; part < parts; ++part)
        for (std::size_t i = 0; i < bias.size(); ++i) {
          const float value = from[static_cast<std::size_t>(part * step) + i];
          with_bias[i] += value;
          without[i] += value;
        }
      level.kernels->sum_parts(n, parts, from.data(), step, bias.data(), found.data());
      check_close(found, with_bias);
      level.kernels->sum_parts(n, parts, from.data(), step, nullptr, found.data());
      check_close(found, without);
    }
}

TEST_CASE("The larger value is kept with its index, and NaN stays, on every level", "[host][compute]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Level& level : levels()) {
    Values best, values;
    for (int i = 0; i < 19; ++i) {
      best.insert(best.end(), {1.0F, 1.0F, nan, 1.0F});
      values.insert(values.end(), {2.0F, 1.0F, 5.0F, nan});
    }
    std::vector<std::int32_t> where(best.size(), 3);
    level.kernels->keep_larger(static_cast<std::int64_t>(best.size()), values.data(), 7, best.data(),
                               where.data());
    for (std::size_t i = 0; i < best.size(); i += 4) {
      CHECK(best[i] == 2.0F);
      CHECK(best[i + 1] == 1.0F);
      CHECK(std::isnan(best[i + 2]));
      CHECK(std::isnan(best[i + 3]));
      CHECK(std::vector<std::int32_t>(where.begin() + static_cast<std::ptrdiff_t>(i),
                                      where.begin() + static_cast<std::ptrdiff_t>(i + 4)) ==
            std::vector<std::int32_t>{7, 3, 3, 7});
    }
  }
}

TEST_CASE("A parallel loop visits every element once", "[host][compute]") {
  for (const std::int64_t n : {0, 1, 15, 16, 17, 1000, 4097}) {
    std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
    in_parallel(n, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
    });
    for (const std::atomic<int>& visit : visits) REQUIRE(visit == 1);
  }
}

TEST_CASE("Dropout's factors are those of random_at, on every level", "[host][compute]") {
  constexpr std::int64_t n = 1003;
  constexpr std::uint64_t key = 0xC0FFEE, first = 16, drop_below = std::uint64_t{0xD} << 60;
  for (const Level& level : levels()) {
    INFO(level.name);
    Values factors(n, -1);
    level.kernels->draw_factors(n, key, first, drop_below, 1.25F, factors.data());
    for (std::int64_t i = 0; i < n; ++i) {
      INFO("element " << i);
      const bool dropped = random_at(key, first + static_cast<std::uint64_t>(i)) < drop_below;
      REQUIRE(factors[static_cast<std::size_t>(i)] == (dropped ? 0.0F : 1.25F));
    }
  }
}

TEST_CASE("Products of elements are exact on every level and may replace a factor", "[host][compute]") {
  constexpr std::int64_t n = 37;
  const Values a = normal_values(n, 1), b = normal_values(n, 2);
  for (const Level& level : levels()) {
    INFO(level.name);
    Values product = a;
    level.kernels->multiply_each(n, product.data(), b.data(), product.data());
    for (std::size_t i = 0; i < n; ++i) REQUIRE(product[i] == a[i] * b[i]);
  }
}
