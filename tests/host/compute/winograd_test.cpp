// SPDX-License-Identifier: MIT
#include "compute/winograd.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <vector>

#include "compute/kernels/winograd.hpp"
#include "compute/team_size.hpp"
#include "host/compute/convolution_cases.hpp"
#include "host/compute/levels.hpp"

namespace kairos::host {
extern const WinogradKernels winograd_kernels_base;
#ifdef __x86_64__
extern const WinogradKernels winograd_kernels_v3;
#endif
}  // namespace kairos::host

using namespace kairos::host;
using kairos::tests::ConvolutionCase;
using kairos::tests::ConvolutionRig;
using kairos::tests::normal_values;
using kairos::tests::Values;

namespace {

auto levels() {
#ifdef __x86_64__
  return kairos::tests::levels_of(winograd_kernels_base, &winograd_kernels_v3, winograd_kernels());
#else
  return kairos::tests::levels_of<WinogradKernels>(winograd_kernels_base, nullptr, winograd_kernels());
#endif
}

const std::vector<ConvolutionCase> cases{
    {"no margins, even", {{12, 10}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {10, 8}}, 32, 48},
    {"no margins, odd", {{9, 12}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {7, 10}}, 33, 40},
    {"margins all around", {{7, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {7, 8}}, 48, 35},
    {"the widest margins", {{5, 6}, {3, 3}, {1, 1}, {1, 1}, {2, 2}, {7, 8}}, 32, 32},
    {"a margin in front of rows only", {{6, 9}, {3, 3}, {1, 1}, {1, 1}, {2, 0}, {6, 7}}, 32, 64},
    {"few parts of a batch", {{5, 5}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {5, 5}}, 257, 256},
    {"many blocks of tiles", {{40, 44}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {40, 44}}, 32, 32},
};

constexpr double sums[3][4] = {{1, 1, 1, 0}, {0, 1, -1, 0}, {0, 1, 1, -1}};  // Aᵀ of F(3x3, 2x2)
constexpr double of_kernel[4][3] = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};  // G of F(2x2, 3x3)

float at(const Values& values, std::int64_t index) {
  return values[static_cast<std::size_t>(index)];
}

/// One image, one kernel per channel, and its tiles.
struct Tiled {
  Tiled(std::int64_t r, std::int64_t c, std::int64_t n)
      : rows(r),
        columns(c),
        channels(n),
        tiles((r + 1) / 2 * ((c + 1) / 2)),
        width(c + 2 + c % 2),
        image(normal_values((r + 2 + r % 2) * width * n, 1)),
        step(16 * n + 3) {}

  [[nodiscard]] TileLines lines(std::int64_t line) const { return {rows, columns, channels, line}; }
  [[nodiscard]] double pixel(std::int64_t row, std::int64_t column, std::int64_t channel) const {
    return static_cast<double>(at(image, (row * width + column) * channels + channel));
  }
  Values input(const WinogradKernels& kernels) const {
    Values made(static_cast<std::size_t>(tiles * step));
    kernels.from_input(lines(width * channels), image.data(), {made.data(), step});
    return made;
  }

  std::int64_t rows, columns, channels, tiles, width;
  Values image;
  std::int64_t step;
};

}  // namespace

TEST_CASE("Tiles times the transformed kernel become the convolution of each channel, for any size",
          "[host][compute]") {
  for (const auto& [name, kernels] : levels())
    for (const auto& [rows, columns] : std::vector<std::pair<int, int>>{{1, 1}, {2, 4}, {5, 3}, {4, 7}})
      for (const std::int64_t channels : {1, 5, 16, 35}) {
        INFO(name << ": " << rows << " x " << columns << " x " << channels);
        const Tiled t(rows, columns, channels);
        const Values kernel = normal_values(9 * channels, 2), bias = normal_values(channels, 3);
        Values tiles = t.input(*kernels);
        for (std::int64_t tile = 0; tile < t.tiles; ++tile)
          for (std::int64_t p = 0; p < 16; ++p)
            for (std::int64_t k = 0; k < channels; ++k) {
              double factor = 0;
              for (int i = 0; i < 3; ++i)
                for (int j = 0; j < 3; ++j)
                  factor += of_kernel[p / 4][i] * of_kernel[p % 4][j] *
                            static_cast<double>(at(kernel, (3 * i + j) * channels + k));
              tiles[static_cast<std::size_t>(tile * t.step + p * channels + k)] *= static_cast<float>(factor);
            }
        Values found(static_cast<std::size_t>(rows * columns * channels));
        kernels->to_output(t.lines(columns * channels), {tiles.data(), t.step}, bias.data(), found.data());
        for (std::int64_t row = 0; row < rows; ++row)
          for (std::int64_t column = 0; column < columns; ++column)
            for (std::int64_t k = 0; k < channels; ++k) {
              double expected = static_cast<double>(at(bias, k));
              for (int i = 0; i < 3; ++i)
                for (int j = 0; j < 3; ++j)
                  expected += t.pixel(row + i, column + j, k) *
                              static_cast<double>(at(kernel, (3 * i + j) * channels + k));
              REQUIRE(static_cast<double>(at(found, (row * columns + column) * channels + k)) ==
                      Approx(expected).epsilon(1e-5).margin(1e-5));
            }
      }
}

TEST_CASE("Tiles of an image times tiles of a gradient give the kernel's gradient, for any size",
          "[host][compute]") {
  for (const auto& [name, kernels] : levels())
    for (const auto& [rows, columns] : std::vector<std::pair<int, int>>{{1, 1}, {2, 4}, {5, 3}, {4, 7}})
      for (const std::int64_t channels : {1, 5, 16, 35}) {
        INFO(name << ": " << rows << " x " << columns << " x " << channels);
        const Tiled t(rows, columns, channels);
        const Values gradient = normal_values(rows * columns * channels, 4), input = t.input(*kernels);
        Values tiles(input.size());
        kernels->from_gradient(t.lines(columns * channels), gradient.data(), {tiles.data(), t.step});
        for (std::int64_t point = 0; point < 9; ++point)
          for (std::int64_t k = 0; k < channels; ++k) {
            double expected = 0, found = 0;
            for (std::int64_t row = 0; row < rows; ++row)
              for (std::int64_t column = 0; column < columns; ++column)
                expected += t.pixel(row + point / 3, column + point % 3, k) *
                            static_cast<double>(at(gradient, (row * columns + column) * channels + k));
            for (std::int64_t tile = 0; tile < t.tiles; ++tile)
              for (std::int64_t p = 0; p < 16; ++p) {
                const std::int64_t place = tile * t.step + p * channels + k;
                found += sums[point / 3][p / 4] * sums[point % 3][p % 4] *
                         static_cast<double>(at(input, place)) * static_cast<double>(at(tiles, place));
              }
            REQUIRE(found == Approx(expected).epsilon(1e-5).margin(1e-5));
          }
      }
}

TEST_CASE("A convolution by tiles and its gradients match their definitions", "[host][compute]") {
  // For sums of some hundred normal numbers; the kernel's gradient sums over the batch.
  constexpr double margin = 4e-4;
  for (const ConvolutionCase& c : cases)
    for (const std::int64_t batch : {1, 3, 10})  // fewer images than parts of a batch, and more
      if (batch < 10 || c.window.input[0] * c.channels < 1000)
        kairos::tests::check_definition<WinogradConvolution>(c, batch, true, margin);
}

TEST_CASE("A convolution by tiles gives the same bits with any number of threads", "[host][compute]") {
  const ConvolutionCase large{"large", {{20, 21}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {20, 21}}, 32, 32};
  kairos::tests::check_same_bits<WinogradConvolution>(large, 11, [](int threads, const auto& work) {
    const TeamSize team(threads);
    work();
  });
}

TEST_CASE("A convolution by tiles does not lose a NaN", "[host][compute]") {
  ConvolutionRig<WinogradConvolution> rig(cases[0], 1);
  rig.x[0] = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(rig.forward()[0]));
  rig.y_gradient[0] = rig.x[0];
  CHECK(std::isnan(rig.backward_data()[0]));
  Values bias;
  CHECK(std::isnan(rig.backward_weights(bias)[0]));
  CHECK(std::isnan(bias[0]));
}

TEST_CASE("3 by 3 convolutions with enough work are computed by tiles", "[host][compute]") {
  const ConvolutionShape good{{{26, 26}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {24, 24}}, 32, 64, 1};
  CHECK(WinogradConvolution::supports(good));
  const auto refused = [&](auto&& change) {
    ConvolutionShape other = good;
    change(other);
    return !WinogradConvolution::supports(other);
  };
  CHECK(refused([](ConvolutionShape& s) { s.groups = 2; }));
  CHECK(refused([](ConvolutionShape& s) { s.channels = 16; }));
  CHECK(refused([](ConvolutionShape& s) { s.channels = s.filters = 512; }));
  CHECK(refused([](ConvolutionShape& s) { s.window.size = {3, 1}; }));
  CHECK(refused([](ConvolutionShape& s) { s.window.stride = {2, 2}; }));
  CHECK(refused([](ConvolutionShape& s) { s.window.dilation = {1, 2}; }));
  CHECK(refused([](ConvolutionShape& s) { s.window.before = {3, 1}; }));
  CHECK(refused([](ConvolutionShape& s) { s.window.output = {12, 12}; }));  // leaves pixels out
  CHECK(refused([](ConvolutionShape& s) { s.window.input = {8, 8}, s.window.output = {6, 6}; }));
}

TEST_CASE("Gradients of wide kernels are summed by tiles if an image has many of them", "[host][compute]") {
  ConvolutionShape shape{{{9, 9}, {3, 3}, {1, 1}, {1, 1}, {0, 0}, {7, 7}}, 128, 128, 1};
  CHECK(WinogradConvolution::prefers_backward_weights(shape));
  shape.filters = 256;
  CHECK(WinogradConvolution::supports(shape));
  CHECK_FALSE(WinogradConvolution::prefers_backward_weights(shape));
  shape.window.input = {16, 16}, shape.window.output = {14, 14};
  CHECK(WinogradConvolution::prefers_backward_weights(shape));
}
