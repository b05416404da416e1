// SPDX-License-Identifier: MIT
#include "compute/normalization.hpp"

#include <barrier>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "compute/parallel.hpp"
#include "host/compute/normal_values.hpp"

using namespace kairos::host;
using kairos::tests::normal_values;

namespace {

using Values = std::vector<float>;
using Doubles = std::vector<double>;

constexpr float epsilon = 1e-3F;

/// Mean and inverse deviation of `n` values that are `stride` apart, of those that count.
std::pair<double, double> statistics(const float* x, std::int64_t n, std::int64_t stride,
                                     const RowMask& mask) {
  double sum = 0, squares = 0, count = 0;
  for (std::int64_t i = 0; i < n; ++i)
    if (mask.counts(i)) sum += static_cast<double>(x[i * stride]), ++count;
  const double mean = count == 0 ? 0 : sum / count;
  for (std::int64_t i = 0; i < n; ++i)
    if (mask.counts(i)) squares += std::pow(static_cast<double>(x[i * stride]) - mean, 2);
  return {mean, 1 / std::sqrt((count == 0 ? 0 : squares / count) + static_cast<double>(epsilon))};
}

struct Case {
  std::int64_t rows, width;
  float mean;  ///< of the values, whose deviation is 1
};

const std::vector<Case> cases{{1, 1, 0},    {2, 19, 0},    {37, 5, 3},       {4099, 3, -2},
                              {700, 64, 0}, {3001, 70, 1}, {2500, 33, 1000}, {5, 3000, 0}};

struct Inputs {
  explicit Inputs(const Case& c)
      : x(normal_values(c.rows * c.width, 1)),
        y_gradient(normal_values(c.rows * c.width, 2)),
        scale(normal_values(c.width, 3)),
        offset(normal_values(c.width, 4)) {
    for (float& value : x) value += c.mean;
  }
  Values x, y_gradient, scale, offset;
};

struct Results {
  explicit Results(const Case& c)
      : y(static_cast<std::size_t>(c.rows * c.width)),
        x_gradient(y.size()),
        scale(static_cast<std::size_t>(c.width)),
        offset(scale.size()) {}
  bool operator==(const Results&) const = default;

  Values y, x_gradient, scale, offset;
};

Results by_columns(const Case& c, const Inputs& in, const RowMask& mask) {
  Results out(c);
  ColumnNormalizer normalizer(c.width, epsilon);
  normalizer.measure(c.rows, in.x.data(), mask);
  const NormalizationWeights weights{in.scale.data(), in.offset.data()};
  normalizer.forward(c.rows, in.x.data(), weights, out.y.data());
  normalizer.backward(c.rows, in.x.data(), weights, in.y_gradient.data(),
                      {out.scale.data(), out.offset.data(), out.x_gradient.data()});
  return out;
}

Results by_rows(const Case& c, const Inputs& in) {
  Results out(c);
  RowNormalizer normalizer(c.width, epsilon);
  normalizer.reserve(c.rows);
  const NormalizationWeights weights{in.scale.data(), in.offset.data()};
  normalizer.forward(c.rows, in.x.data(), weights, out.y.data());
  normalizer.backward(c.rows, in.x.data(), weights, in.y_gradient.data(),
                      {out.scale.data(), out.offset.data(), out.x_gradient.data()});
  return out;
}

/// Values near `expected`, whose float32 inputs have `size`.
void check(const Values& found, const Doubles& expected, double size, const char* what) {
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(what << " " << i);
    REQUIRE(static_cast<double>(found[i]) == Approx(expected[i]).epsilon(2e-5).margin(2e-6 * size));
  }
}

}  // namespace

TEST_CASE("Columns are normalized with the statistics of the rows that count", "[host][compute]") {
  for (const Case& c : cases)
    for (const bool masked : {false, true}) {
      INFO(c.rows << " rows of " << c.width << (masked ? ", masked" : ""));
      const Inputs in(c);
      Values counts;
      for (std::int64_t i = 0; i < c.rows; ++i) counts.push_back(i % 7 == 3 || i % 50 > 40 ? 0.0F : 1.0F);
      const RowMask mask{masked ? counts.data() : nullptr, 1};
      const Results found = by_columns(c, in, mask);
      Doubles y(found.y.size()), x_gradient(y.size()), scale(found.scale.size()), offset(scale.size());
      double counted = 0;
      for (std::int64_t row = 0; row < c.rows; ++row) counted += mask.counts(row) ? 1 : 0;
      for (std::size_t i = 0; i < scale.size(); ++i) {
        const auto [mean, inverse] = statistics(in.x.data() + i, c.rows, c.width, mask);
        const auto gamma = static_cast<double>(in.scale[i]);
        const auto at = [&, i](std::int64_t row) { return static_cast<std::size_t>(row * c.width) + i; };
        const auto normal = [&, mean = mean, inverse = inverse](std::int64_t row) {
          return (static_cast<double>(in.x[at(row)]) - mean) * inverse;
        };
        for (std::int64_t row = 0; row < c.rows; ++row) {
          const auto g = static_cast<double>(in.y_gradient[at(row)]);
          y[at(row)] = normal(row) * gamma + static_cast<double>(in.offset[i]);
          scale[i] += g * normal(row);
          offset[i] += g;
        }
        for (std::int64_t row = 0; row < c.rows; ++row) {
          const double shared = mask.counts(row) ? (offset[i] + normal(row) * scale[i]) / counted : 0;
          x_gradient[at(row)] = gamma * inverse * (static_cast<double>(in.y_gradient[at(row)]) - shared);
        }
      }
      const double size = 1 + std::abs(static_cast<double>(c.mean));
      check(found.y, y, size, "y");
      check(found.x_gradient, x_gradient, size, "gradient of x");
      check(found.scale, scale, size * std::sqrt(static_cast<double>(c.rows)), "gradient of the scale");
      check(found.offset, offset, size * std::sqrt(static_cast<double>(c.rows)), "gradient of the offset");
    }
}

TEST_CASE("Rows are normalized, with gradients", "[host][compute]") {
  for (const Case& c : cases) {
    INFO(c.rows << " rows of " << c.width);
    const Inputs in(c);
    const Results found = by_rows(c, in);
    Doubles y(found.y.size()), x_gradient(y.size()), scale(found.scale.size()), offset(scale.size());
    for (std::int64_t row = 0; row < c.rows; ++row) {
      const auto first = static_cast<std::size_t>(row * c.width);
      const auto [mean, inverse] = statistics(in.x.data() + first, c.width, 1, {});
      double plain = 0, weighted = 0;
      const auto normal = [&, mean = mean, inverse = inverse](std::size_t i) {
        return (static_cast<double>(in.x[first + i]) - mean) * inverse;
      };
      const auto scaled = [&](std::size_t i) {
        return static_cast<double>(in.y_gradient[first + i]) * static_cast<double>(in.scale[i]);
      };
      for (std::size_t i = 0; i < scale.size(); ++i) {
        y[first + i] = normal(i) * static_cast<double>(in.scale[i]) + static_cast<double>(in.offset[i]);
        scale[i] += static_cast<double>(in.y_gradient[first + i]) * normal(i);
        offset[i] += static_cast<double>(in.y_gradient[first + i]);
        plain += scaled(i) / static_cast<double>(c.width);
        weighted += scaled(i) * normal(i) / static_cast<double>(c.width);
      }
      for (std::size_t i = 0; i < scale.size(); ++i)
        x_gradient[first + i] = inverse * (scaled(i) - plain - normal(i) * weighted);
    }
    const double size = 1 + std::abs(static_cast<double>(c.mean));
    check(found.y, y, 40 * size, "y");  // a row of one value is only its rounding, divided by √epsilon
    check(found.x_gradient, x_gradient, 40 * size, "gradient of x");
    check(found.scale, scale, size * std::sqrt(static_cast<double>(c.rows)), "gradient of the scale");
    check(found.offset, offset, size * std::sqrt(static_cast<double>(c.rows)), "gradient of the offset");
  }
}

TEST_CASE("Normalization gives the same bits on any number of threads", "[host][compute]") {
  const Case c{3001, 70, 1};
  const Inputs in(c);
  const auto on = [&](std::int64_t threads, const auto& work) {
    const std::int64_t before = parallel_threads();
    set_parallel_threads(threads);
    const Results found = work();
    set_parallel_threads(before);
    return found;
  };
  const auto columns = [&] { return by_columns(c, in, {}); };
  const auto rows = [&] { return by_rows(c, in); };
  CHECK((on(1, columns) == on(2, columns)));
  CHECK((on(1, columns) == on(3, columns)));
  CHECK((on(1, rows) == on(2, rows)));
  CHECK((on(1, rows) == on(3, rows)));
}

namespace {

/// Sums the values of several threads, each of which calls `sum` as often.
class Threads {
 public:
  explicit Threads(std::ptrdiff_t count) : all_here_(count), all_read_(count) {}
  void sum(std::size_t thread, std::span<double> values) {
    given_[thread].assign(values.begin(), values.end());
    all_here_.arrive_and_wait();
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = given_[0][i] + given_[1][i];
    all_read_.arrive_and_wait();
  }

 private:
  std::barrier<> all_here_, all_read_;
  Doubles given_[2];
};

}  // namespace

TEST_CASE("Parts of a batch on two processes are normalized as the whole batch", "[host][compute]") {
  const Case c{37, 5, 3};
  const Inputs in(c);
  Values counts(static_cast<std::size_t>(c.rows), 1.0F);
  counts[3] = counts[20] = 0;
  for (const std::int64_t first : {20, 37}) {  // the second part has no rows
    INFO(first << " rows in the first part");
    const Results whole = by_columns(c, in, {counts.data(), 1});
    Threads threads(2);
    Values y(whole.y.size()), x_gradient(y.size()), scale[2], offset[2];
    const auto work = [&](std::size_t part) {
      const std::int64_t begin = part == 0 ? 0 : first, rows = part == 0 ? first : c.rows - first;
      const std::int64_t at = begin * c.width;
      const SumOfParts sum = [&, part](std::span<double> values) { threads.sum(part, values); };
      scale[part].resize(static_cast<std::size_t>(c.width));
      offset[part].resize(static_cast<std::size_t>(c.width));
      ColumnNormalizer normalizer(c.width, epsilon);
      const NormalizationWeights weights{in.scale.data(), in.offset.data()};
      normalizer.measure(rows, in.x.data() + at, {counts.data() + begin, 1}, sum);
      normalizer.forward(rows, in.x.data() + at, weights, y.data() + at);
      normalizer.backward(rows, in.x.data() + at, weights, in.y_gradient.data() + at,
                          {scale[part].data(), offset[part].data(), x_gradient.data() + at}, sum);
    };
    std::thread other([&] { work(1); });
    work(0);
    other.join();
    for (std::size_t i = 0; i < scale[0].size(); ++i) {
      scale[0][i] += scale[1][i];
      offset[0][i] += offset[1][i];
    }
    const auto as_doubles = [](const Values& values) { return Doubles(values.begin(), values.end()); };
    check(y, as_doubles(whole.y), 4, "y");
    check(x_gradient, as_doubles(whole.x_gradient), 4, "gradient of x");
    check(scale[0], as_doubles(whole.scale), 20, "gradient of the scale");
    check(offset[0], as_doubles(whole.offset), 20, "gradient of the offset");
  }
}
