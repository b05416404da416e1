// SPDX-License-Identifier: MIT
#include "compute/kernels/packed.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "compute/buffer.hpp"
#include "host/compute/levels.hpp"
#include "host/compute/normal_values.hpp"

namespace kairos::host {
extern const PackedKernels packed_kernels_base;
#ifdef __x86_64__
extern const PackedKernels packed_kernels_v3;
#endif
}  // namespace kairos::host

using namespace kairos::host;
using kairos::tests::normal_values;

namespace {

using Values = std::vector<float>;

auto levels() {
#ifdef __x86_64__
  return kairos::tests::levels_of(packed_kernels_base, &packed_kernels_v3, packed_kernels());
#else
  return kairos::tests::levels_of<PackedKernels>(packed_kernels_base, nullptr, packed_kernels());
#endif
}

float at(const Values& values, std::int64_t index) {
  return values[static_cast<std::size_t>(index)];
}

FloatBuffer packed(const PackedKernels& kernels, std::int64_t depth, std::int64_t columns,
                   const MatrixView& b) {
  FloatBuffer buffer;
  buffer.reserve(kernels.packed_size(depth, columns));
  kernels.pack(depth, columns, b, buffer.data());
  return buffer;
}

/// Elements of `found` that are `step` apart row by row agree; those between the rows are still `between`.
void check_rows(const Values& found, std::int64_t rows, std::int64_t columns, std::int64_t step,
                float between, const std::function<double(std::int64_t, std::int64_t)>& expected) {
  for (std::int64_t row = 0; row < rows; ++row)
    for (std::int64_t column = 0; column < step; ++column) {
      INFO("row " << row << ", column " << column);
      const double value = static_cast<double>(at(found, row * step + column));
      if (column < columns)
        REQUIRE(value == Approx(expected(row, column)).epsilon(1e-5).margin(1e-4));
      else
        REQUIRE(value == static_cast<double>(between));
    }
}

}  // namespace

TEST_CASE("A product with packed factors is the sum of both terms and the bias, for any size",
          "[host][compute]") {
  for (const auto& [name, kernels] : levels())
    for (const std::int64_t rows : {1, 5, 6, 13, 24, 35})
      for (const std::int64_t columns : {1, 7, 16, 33, 64})
        for (const auto& [first, second] : std::vector<std::pair<int, int>>{{1, 0}, {9, 0}, {5, 17}}) {
          INFO(name << ": " << rows << " x " << columns << ", depths " << first << " and " << second);
          const std::int64_t step = first + 2;  // rows of a need not be contiguous
          const Values a = normal_values(rows * step, 1), b = normal_values(first * columns, 2),
                       x = normal_values(rows * second, 3), y = normal_values(second * columns, 4),
                       bias = normal_values(columns, 5);
          const FloatBuffer packed_b = packed(*kernels, first, columns, {b.data(), columns, 1});
          // Transposed: element (row, column) of the factor is at column * second + row.
          const FloatBuffer packed_y = packed(*kernels, second, columns, {y.data(), 1, second});
          const auto expected = [&, first = first, second = second](std::int64_t row, std::int64_t column) {
            double sum = 0;
            for (std::int64_t k = 0; k < first; ++k)
              sum += static_cast<double>(at(a, row * step + k) * at(b, k * columns + column));
            for (std::int64_t k = 0; k < second; ++k)
              sum += static_cast<double>(at(x, row * second + k) * at(y, column * second + k));
            return sum;
          };
          const std::int64_t ldc = columns + 3;
          Values c(static_cast<std::size_t>(rows * ldc), 7.0F);
          PackedProduct product{rows,     columns, {a.data(), step, first, packed_b.data()}, {}, nullptr,
                                c.data(), ldc};
          if (second > 0) product.second = {x.data(), second, second, packed_y.data()};
          kernels->multiply(product);
          check_rows(c, rows, columns, ldc, 7, expected);
          product.bias = bias.data();
          kernels->multiply(product);
          check_rows(c, rows, columns, ldc, 7, [&](std::int64_t row, std::int64_t column) {
            return expected(row, column) + static_cast<double>(at(bias, column));
          });
        }
}

TEST_CASE("The gradient of a packed product is added over all pieces, for any size", "[host][compute]") {
  constexpr std::int64_t piece_stride = 9;
  for (const auto& [name, kernels] : levels())
    for (const auto& [pieces, rows] : std::vector<std::pair<int, int>>{{1, 1}, {1, 9}, {3, 4}})
      for (const std::int64_t columns : {1, 7, 16, 33, 64})
        for (const auto& [first, second] : std::vector<std::pair<int, int>>{{1, 0}, {8, 13}, {13, 32}}) {
          INFO(name << ": " << pieces << " of " << rows << ", " << columns << " columns, " << first << " and "
                    << second << " wide");
          const std::int64_t all = pieces * piece_stride;
          const Values a = normal_values(all * first, 1), x = normal_values(all * second, 2),
                       b = normal_values(all * columns, 3);
          const auto sum_over_rows = [&, pieces = pieces, rows = rows](const auto& term) {
            double sum = 0;
            for (std::int64_t piece = 0; piece < pieces; ++piece)
              for (std::int64_t row = 0; row < rows; ++row)
                sum += static_cast<double>(term(piece * piece_stride + row));
            return sum;
          };
          const std::int64_t ldc = columns + 3;
          Values of_a(static_cast<std::size_t>(first * ldc), 7.0F),
              of_x(static_cast<std::size_t>(second * ldc), 7.0F),
              bias(static_cast<std::size_t>(columns), 7.0F);
          GradientProduct product{
              pieces, piece_stride, rows, columns, b.data(), bias.data(), {a.data(), first, of_a.data(), ldc},
              {}};
          if (second > 0) product.second = {x.data(), second, of_x.data(), ldc};
          FloatBuffer scratch;
          scratch.reserve(kernels->gradient_scratch(pieces * rows, first + second));
          kernels->add_gradient(product, scratch.data());
          const auto check = [&](const Values& found, const Values& factor, std::int64_t width) {
            check_rows(found, width, columns, ldc, 7, [&](std::int64_t row, std::int64_t column) {
              return 7 + sum_over_rows([&](std::int64_t k) {
                       return at(factor, k * width + row) * at(b, k * columns + column);
                     });
            });
          };
          check(of_a, a, first);
          check(of_x, x, second);
          check_rows(bias, 1, columns, columns, 7, [&](std::int64_t, std::int64_t column) {
            return 7 + sum_over_rows([&](std::int64_t k) { return at(b, k * columns + column); });
          });
        }
}
