// SPDX-License-Identifier: MIT
// Splits images into blocks of tiles that stay in the caches, and multiplies them position by position.
#include "compute/winograd.hpp"

#include <algorithm>

#include "compute/kernels/kernels.hpp"
#include "compute/kernels/packed.hpp"
#include "compute/kernels/winograd.hpp"
#include "compute/parallel.hpp"
#include "compute/team_size.hpp"
#include "compute/vector.hpp"

namespace kairos::host {

namespace {

constexpr std::int64_t positions = winograd_positions;
/// Values of the input and output tiles of a block: a quarter of an L2 cache of 1 MiB, beside the kernel.
constexpr std::int64_t block_values = std::int64_t{1} << 16;
/// The least number of tiles per block, if the image has as many: all matrices are read once per block.
constexpr std::int64_t least_tiles = 48;
/// Parts of a batch with their own sums, so that the contribution of an image is not rounded to the magnitude
/// of the sum over a whole batch. Large sums get fewer parts.
constexpr std::int64_t most_parts = 8;
constexpr std::int64_t part_values = std::int64_t{1} << 18;

std::int64_t halves(std::int64_t n) {
  return (n + 1) / 2;
}

/// Distance from one tile to the next. Without the padding of one cache line, the same position of all tiles
/// would compete for the same cache sets.
std::int64_t tile_stride(std::int64_t channels) {
  return positions * channels + 16;
}

/// The position of the transformed kernel that `position` becomes when the kernel is reversed: reversing
/// permutes the rows of G.
std::int64_t flipped(std::int64_t position) {
  constexpr std::int64_t flipped_row[] = {3, 1, 2, 0};
  return 4 * flipped_row[position / 4] + flipped_row[position % 4];
}

}  // namespace

bool WinogradConvolution::supports(const ConvolutionShape& shape) noexcept {
  constexpr std::int64_t narrow = 32;  // with fewer channels, transforms cost more than they save
  constexpr std::int64_t widest = std::int64_t{1} << 16;  // larger matrices do not fit into the caches
  constexpr std::int64_t small = std::int64_t{1} << 20;   // multiply-adds per image
  const Window& w = shape.window;
  constexpr Window::Pair one{1, 1}, three{3, 3};
  if (shape.groups != 1 || w.size != three || w.stride != one || w.dilation != one) return false;
  for (std::size_t i = 0; i < 2; ++i)
    if (w.before[i] > 2 || w.after(i) > 2 || w.output[i] + 2 < w.before[i] + w.input[i]) return false;
  return std::min(shape.channels, shape.filters) >= narrow && shape.channels * shape.filters <= widest &&
         shape.multiply_adds() >= small;
}

bool WinogradConvolution::prefers_backward_weights(const ConvolutionShape& shape) noexcept {
  constexpr std::int64_t near = std::int64_t{1} << 14;  // sums up to this size stay in the L1 and L2 caches
  const Window& w = shape.window;
  return shape.channels * shape.filters <= near || halves(w.output[0]) * halves(w.output[1]) >= least_tiles;
}

WinogradConvolution::Direction::Direction(const Window::Pair& from, const Window::Pair& padding,
                                          std::int64_t channels, const Window::Pair& to,
                                          std::int64_t to_channels)
    : source(from),
      result(to),
      filters(to_channels),
      padded{2 * halves(to[0]) + 2, 2 * halves(to[1]) + 2, channels, padding[0], padding[1]} {
  const std::int64_t across = halves(to[1]), of_line = positions * across * (channels + filters);
  const std::int64_t wanted = std::max(block_values / of_line, (least_tiles + across - 1) / across);
  const std::int64_t lines = std::min(wanted, halves(to[0]));
  block_rows = 2 * lines;
  block_tiles = lines * across;
}

WinogradConvolution::WinogradConvolution(const ConvolutionShape& shape)
    : shape_(shape),
      multiply_adds_(shape.multiply_adds()),
      to_y_(shape.window.input, shape.window.before, shape.channels, shape.window.output, shape.filters),
      to_x_(shape.window.output, {2 - shape.window.before[0], 2 - shape.window.before[1]}, shape.filters,
            shape.window.input, shape.channels) {}

/// G·g·Gᵀ for every channel and filter.
void WinogradConvolution::transform(const float* kernel) {
  const std::int64_t n = kernel_plane();
  transformed_.reserve(positions * n);
  float* const to = transformed_.data();
  for (std::int64_t e = 0; e < n; ++e) {
    float half[4][3];
    for (int j = 0; j < 3; ++j) {
      const float a = kernel[j * n + e], b = kernel[(3 + j) * n + e], c = kernel[(6 + j) * n + e];
      half[0][j] = a;
      half[1][j] = 0.5F * (a + b + c);
      half[2][j] = 0.5F * (a - b + c);
      half[3][j] = c;
    }
    for (int i = 0; i < 4; ++i) {
      const float a = half[i][0], b = half[i][1], c = half[i][2];
      to[4 * i * n + e] = a;
      to[(4 * i + 1) * n + e] = 0.5F * (a + b + c);
      to[(4 * i + 2) * n + e] = 0.5F * (a - b + c);
      to[(4 * i + 3) * n + e] = c;
    }
  }
}

void WinogradConvolution::forward(std::int64_t batch, const float* x, const float* kernel, const float* bias,
                                  float* y) {
  transform(kernel);
  const std::int64_t size = packed_kernels().packed_size(shape_.channels, shape_.filters);
  packed_.reserve(positions * size);
  for (std::int64_t p = 0; p < positions; ++p)
    packed_kernels().pack(shape_.channels, shape_.filters,
                          {transformed_.data() + p * kernel_plane(), shape_.filters, 1},
                          packed_.data() + p * size);
  convolve(to_y_, batch, x, bias, y);
}

void WinogradConvolution::backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                                        float* x_gradient) {
  transform(kernel);
  const std::int64_t size = packed_kernels().packed_size(shape_.filters, shape_.channels);
  packed_.reserve(positions * size);
  for (std::int64_t p = 0; p < positions; ++p)
    packed_kernels().pack(shape_.filters, shape_.channels,
                          {transformed_.data() + flipped(p) * kernel_plane(), 1, shape_.filters},
                          packed_.data() + p * size);
  convolve(to_x_, batch, y_gradient, nullptr, x_gradient);
}

void WinogradConvolution::convolve(const Direction& direction, std::int64_t batch, const float* source,
                                   const float* bias, float* result) {
  const TeamSize team(threads_for(batch * multiply_adds_));
  const std::int64_t from_size = direction.source[0] * direction.source[1] * direction.padded.channels;
  const std::int64_t to_size = direction.result[0] * direction.result[1] * direction.filters;
  const std::int64_t scratch_size =
      direction.padded.size() +
      direction.block_tiles * (tile_stride(direction.padded.channels) + tile_stride(direction.filters));
  scratch_.reserve(parallel_threads() * scratch_size);
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    for (std::int64_t image = begin; image < end; ++image)
      convolve_image(direction, source + image * from_size, bias, result + image * to_size,
                     scratch_.data() + thread * scratch_size);
  });
}

void WinogradConvolution::convolve_image(const Direction& direction, const float* source, const float* bias,
                                         float* result, float* scratch) {
  const std::int64_t channels = direction.padded.channels, filters = direction.filters;
  const std::int64_t size = packed_kernels().packed_size(channels, filters);
  const float* const image =
      padded(direction.padded, direction.source[0], direction.source[1], source, scratch);
  const Tiles before{scratch + direction.padded.size(), tile_stride(channels)};
  const Tiles after{before.data + direction.block_tiles * before.stride, tile_stride(filters)};
  for (std::int64_t row = 0; row < direction.result[0]; row += direction.block_rows) {
    TileLines lines{std::min(direction.block_rows, direction.result[0] - row), direction.result[1], channels,
                    direction.padded.line()};
    winograd_kernels().from_input(lines, image + row * direction.padded.line(), before);
    const std::int64_t tiles = halves(lines.rows) * halves(lines.columns);
    for (std::int64_t p = 0; p < positions; ++p)
      packed_kernels().multiply(
          {tiles,
           filters,
           {before.data + p * channels, before.stride, channels, packed_.data() + p * size},
           {},
           nullptr,
           after.data + p * filters,
           after.stride});
    lines.channels = filters;
    lines.line = direction.result[1] * filters;
    winograd_kernels().to_output(lines, after, bias, result + row * lines.line);
  }
}

void WinogradConvolution::backward_weights(std::int64_t batch, const float* x, const float* y_gradient,
                                           float* kernel_gradient, float* bias_gradient) {
  const std::int64_t most = std::clamp<std::int64_t>(part_values / kernel_plane(), 1, most_parts);
  const std::int64_t parts = std::min(batch, most), per_part = (batch + parts - 1) / parts;
  const std::int64_t sum_size = positions * kernel_plane() + shape_.filters;
  const std::int64_t x_size = to_y_.source[0] * to_y_.source[1] * shape_.channels;
  const std::int64_t y_size = to_y_.result[0] * to_y_.result[1] * shape_.filters;
  const std::int64_t scratch_size =
      to_y_.padded.size() + to_y_.block_tiles * (tile_stride(shape_.channels) + tile_stride(shape_.filters)) +
      kernels().multiply_scratch(to_y_.block_tiles);
  {
    const TeamSize team(threads_for(batch * multiply_adds_));
    scratch_.reserve(parallel_threads() * scratch_size);
    sums_.reserve(parts * sum_size);
    each_in_parallel(parts, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
      for (std::int64_t part = begin; part < end; ++part) {
        float* const sums = sums_.data() + part * sum_size;
        std::fill_n(sums, sum_size, 0.0F);
        const std::int64_t last = std::min(batch, (part + 1) * per_part);
        for (std::int64_t image = part * per_part; image < last; ++image)
          add_image(x + image * x_size, y_gradient + image * y_size, sums,
                    scratch_.data() + thread * scratch_size);
      }
    });
  }
  write_gradients(parts, kernel_gradient, bias_gradient);
}

void WinogradConvolution::add_image(const float* x, const float* y_gradient, float* sums, float* scratch) {
  const Direction& direction = to_y_;
  const std::int64_t channels = shape_.channels, filters = shape_.filters;
  // This position of a gradient tile is a quarter of the sum of its pixels.
  constexpr std::int64_t sum_position = 5;
  const float* const image = padded(direction.padded, direction.source[0], direction.source[1], x, scratch);
  const Tiles input{scratch + direction.padded.size(), tile_stride(channels)};
  const Tiles gradient{input.data + direction.block_tiles * input.stride, tile_stride(filters)};
  float* const rest = gradient.data + direction.block_tiles * gradient.stride;
  for (std::int64_t row = 0; row < direction.result[0]; row += direction.block_rows) {
    TileLines lines{std::min(direction.block_rows, direction.result[0] - row), direction.result[1], channels,
                    direction.padded.line()};
    winograd_kernels().from_input(lines, image + row * direction.padded.line(), input);
    lines.channels = filters;
    lines.line = direction.result[1] * filters;
    winograd_kernels().from_gradient(lines, y_gradient + row * lines.line, gradient);
    const std::int64_t tiles = halves(lines.rows) * halves(lines.columns);
    for (std::int64_t p = 0; p < positions; ++p) {
      Product product{channels,
                      filters,
                      tiles,
                      {input.data + p * channels, 1, input.stride},
                      gradient.data + p * filters,
                      sums + p * kernel_plane()};
      product.beta = Beta::One;
      product.ldb = gradient.stride;
      kernels().multiply(product, rest);
    }
    for (std::int64_t tile = 0; tile < tiles; ++tile)
      add_to(filters, gradient.data + tile * gradient.stride + sum_position * filters,
             sums + positions * kernel_plane());
  }
}

/// Aᵀ·s·A of the sum over all parts.
void WinogradConvolution::write_gradients(std::int64_t parts, float* kernel_gradient, float* bias_gradient) {
  const std::int64_t n = kernel_plane(), sum_size = positions * n + shape_.filters;
  float* const s = sums_.data();
  for (std::int64_t part = 1; part < parts; ++part) add_to(sum_size, s + part * sum_size, s);
  for (std::int64_t e = 0; e < n; ++e) {
    float half[3][4];
    for (int j = 0; j < 4; ++j) {
      const float a = s[j * n + e], b = s[(4 + j) * n + e], c = s[(8 + j) * n + e], d = s[(12 + j) * n + e];
      half[0][j] = a + b + c;
      half[1][j] = b - c;
      half[2][j] = b + c - d;
    }
    for (int i = 0; i < 3; ++i) {
      const float* const h = half[i];
      kernel_gradient[3 * i * n + e] = h[0] + h[1] + h[2];
      kernel_gradient[(3 * i + 1) * n + e] = h[1] - h[2];
      kernel_gradient[(3 * i + 2) * n + e] = h[1] + h[2] - h[3];
    }
  }
  if (bias_gradient == nullptr) return;
  for (std::int64_t filter = 0; filter < shape_.filters; ++filter)
    bias_gradient[filter] = 4 * s[positions * n + filter];
}

}  // namespace kairos::host
