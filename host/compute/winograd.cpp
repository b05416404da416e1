// SPDX-License-Identifier: MIT
// Cuts pictures into blocks of tiles that stay in the caches, and multiplies them point by point.
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

constexpr std::int64_t points = winograd_points;
/// Values of the tiles of a block, both sides: a quarter of a second cache of 1 MiB, beside the kernel.
constexpr std::int64_t block_values = std::int64_t{1} << 16;
/// But tiles of a block at least, where there are as many: all matrices are read once for each block.
constexpr std::int64_t least_tiles = 48;
/// Pieces of a batch that have sums of their own, so that what a picture adds is not rounded to the size of
/// what a whole batch has added up to; fewer where the sums are large.
constexpr std::int64_t most_parts = 8;
constexpr std::int64_t part_values = std::int64_t{1} << 18;

std::int64_t halves(std::int64_t n) {
  return (n + 1) / 2;
}

std::int64_t multiply_adds(const ConvolutionShape& shape) {
  const Window& w = shape.window;
  return w.output[0] * w.output[1] * w.size[0] * w.size[1] * shape.channels * shape.filters;
}

/// From a tile to the next. Without the line between them, the same point of all tiles would fight for the
/// same lines of a cache.
std::int64_t tile_step(std::int64_t channels) {
  return points * channels + 16;
}

/// Where the kernel turned back to front has its point: G turns with it but for the order of its rows.
std::int64_t turned(std::int64_t point) {
  constexpr std::int64_t place[] = {3, 1, 2, 0};
  return 4 * place[point / 4] + place[point % 4];
}

}  // namespace

bool WinogradConvolution::can_do(const ConvolutionShape& shape) noexcept {
  constexpr std::int64_t narrow = 32;                     // below, tiles cost more than they save
  constexpr std::int64_t widest = std::int64_t{1} << 16;  // beyond, the 16 matrices leave the caches
  constexpr std::int64_t small = std::int64_t{1} << 20;   // multiply-adds of a picture
  const Window& w = shape.window;
  constexpr Window::Pair one{1, 1}, three{3, 3};
  if (shape.groups != 1 || w.size != three || w.stride != one || w.dilation != one) return false;
  for (std::size_t i = 0; i < 2; ++i)
    if (w.before[i] > 2 || w.after(i) > 2 || w.output[i] + 2 < w.before[i] + w.input[i]) return false;
  return std::min(shape.channels, shape.filters) >= narrow && shape.channels * shape.filters <= widest &&
         multiply_adds(shape) >= small;
}

bool WinogradConvolution::should_do_weights(const ConvolutionShape& shape) noexcept {
  constexpr std::int64_t near = std::int64_t{1} << 14;  // sums up to these stay in the nearer caches
  const Window& w = shape.window;
  return shape.channels * shape.filters <= near || halves(w.output[0]) * halves(w.output[1]) >= least_tiles;
}

WinogradConvolution::Way::Way(const Window::Pair& from, const Window::Pair& margin, std::int64_t channels,
                              const Window::Pair& to, std::int64_t to_channels)
    : source(from),
      result(to),
      filters(to_channels),
      frame{2 * halves(to[0]) + 2, 2 * halves(to[1]) + 2, channels, margin[0], margin[1]} {
  const std::int64_t across = halves(to[1]), of_line = points * across * (channels + filters);
  const std::int64_t wanted = std::max(block_values / of_line, (least_tiles + across - 1) / across);
  const std::int64_t lines = std::min(wanted, halves(to[0]));
  block_rows = 2 * lines;
  block_tiles = lines * across;
}

WinogradConvolution::WinogradConvolution(const ConvolutionShape& shape)
    : shape_(shape),
      multiply_adds_(multiply_adds(shape)),
      to_y_(shape.window.input, shape.window.before, shape.channels, shape.window.output, shape.filters),
      to_x_(shape.window.output, {2 - shape.window.before[0], 2 - shape.window.before[1]}, shape.filters,
            shape.window.input, shape.channels) {}

/// G·g·Gᵀ for every channel and filter.
void WinogradConvolution::transform(const float* kernel) {
  const std::int64_t n = kernel_plane();
  transformed_.reserve(points * n);
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
  packed_.reserve(points * size);
  for (std::int64_t p = 0; p < points; ++p)
    packed_kernels().pack(shape_.channels, shape_.filters,
                          {transformed_.data() + p * kernel_plane(), shape_.filters, 1},
                          packed_.data() + p * size);
  convolve(to_y_, batch, x, bias, y);
}

void WinogradConvolution::backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                                        float* x_gradient) {
  transform(kernel);
  const std::int64_t size = packed_kernels().packed_size(shape_.filters, shape_.channels);
  packed_.reserve(points * size);
  for (std::int64_t p = 0; p < points; ++p)
    packed_kernels().pack(shape_.filters, shape_.channels,
                          {transformed_.data() + turned(p) * kernel_plane(), 1, shape_.filters},
                          packed_.data() + p * size);
  convolve(to_x_, batch, y_gradient, nullptr, x_gradient);
}

void WinogradConvolution::convolve(const Way& way, std::int64_t batch, const float* source, const float* bias,
                                   float* result) {
  const TeamSize team(threads_for(batch * multiply_adds_));
  const std::int64_t from_size = way.source[0] * way.source[1] * way.frame.channels;
  const std::int64_t to_size = way.result[0] * way.result[1] * way.filters;
  const std::int64_t room =
      way.frame.size() + way.block_tiles * (tile_step(way.frame.channels) + tile_step(way.filters));
  scratch_.reserve(parallel_threads() * room);
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    for (std::int64_t picture = begin; picture < end; ++picture)
      convolve_picture(way, source + picture * from_size, bias, result + picture * to_size,
                       scratch_.data() + thread * room);
  });
}

void WinogradConvolution::convolve_picture(const Way& way, const float* source, const float* bias,
                                           float* result, float* scratch) {
  const std::int64_t channels = way.frame.channels, filters = way.filters;
  const std::int64_t size = packed_kernels().packed_size(channels, filters);
  const float* const picture = framed(way.frame, way.source[0], way.source[1], source, scratch);
  const Tiles before{scratch + way.frame.size(), tile_step(channels)};
  const Tiles after{before.data + way.block_tiles * before.step, tile_step(filters)};
  for (std::int64_t row = 0; row < way.result[0]; row += way.block_rows) {
    TileLines lines{std::min(way.block_rows, way.result[0] - row), way.result[1], channels, way.frame.line()};
    winograd_kernels().from_input(lines, picture + row * way.frame.line(), before);
    const std::int64_t tiles = halves(lines.rows) * halves(lines.columns);
    for (std::int64_t p = 0; p < points; ++p)
      packed_kernels().multiply(
          {tiles,
           filters,
           {before.data + p * channels, before.step, channels, packed_.data() + p * size},
           {},
           nullptr,
           after.data + p * filters,
           after.step});
    lines.channels = filters;
    lines.line = way.result[1] * filters;
    winograd_kernels().to_output(lines, after, bias, result + row * lines.line);
  }
}

void WinogradConvolution::backward_weights(std::int64_t batch, const float* x, const float* y_gradient,
                                           float* kernel_gradient, float* bias_gradient) {
  const std::int64_t most = std::clamp<std::int64_t>(part_values / kernel_plane(), 1, most_parts);
  const std::int64_t parts = std::min(batch, most), per_part = (batch + parts - 1) / parts;
  const std::int64_t sum_size = points * kernel_plane() + shape_.filters;
  const std::int64_t x_size = to_y_.source[0] * to_y_.source[1] * shape_.channels;
  const std::int64_t y_size = to_y_.result[0] * to_y_.result[1] * shape_.filters;
  const std::int64_t room = to_y_.frame.size() +
                            to_y_.block_tiles * (tile_step(shape_.channels) + tile_step(shape_.filters)) +
                            kernels().multiply_scratch(to_y_.block_tiles);
  {
    const TeamSize team(threads_for(batch * multiply_adds_));
    scratch_.reserve(parallel_threads() * room);
    sums_.reserve(parts * sum_size);
    each_in_parallel(parts, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
      for (std::int64_t part = begin; part < end; ++part) {
        float* const sums = sums_.data() + part * sum_size;
        std::fill_n(sums, sum_size, 0.0F);
        const std::int64_t last = std::min(batch, (part + 1) * per_part);
        for (std::int64_t picture = part * per_part; picture < last; ++picture)
          add_picture(x + picture * x_size, y_gradient + picture * y_size, sums,
                      scratch_.data() + thread * room);
      }
    });
  }
  write_gradients(parts, kernel_gradient, bias_gradient);
}

void WinogradConvolution::add_picture(const float* x, const float* y_gradient, float* sums, float* scratch) {
  const Way& way = to_y_;
  const std::int64_t channels = shape_.channels, filters = shape_.filters;
  // The tiles of this point have a quarter of the sum of what they are made of.
  constexpr std::int64_t point_of_sum = 5;
  const float* const picture = framed(way.frame, way.source[0], way.source[1], x, scratch);
  const Tiles input{scratch + way.frame.size(), tile_step(channels)};
  const Tiles gradient{input.data + way.block_tiles * input.step, tile_step(filters)};
  float* const rest = gradient.data + way.block_tiles * gradient.step;
  for (std::int64_t row = 0; row < way.result[0]; row += way.block_rows) {
    TileLines lines{std::min(way.block_rows, way.result[0] - row), way.result[1], channels, way.frame.line()};
    winograd_kernels().from_input(lines, picture + row * way.frame.line(), input);
    lines.channels = filters;
    lines.line = way.result[1] * filters;
    winograd_kernels().from_gradient(lines, y_gradient + row * lines.line, gradient);
    const std::int64_t tiles = halves(lines.rows) * halves(lines.columns);
    for (std::int64_t p = 0; p < points; ++p) {
      Product product{channels,
                      filters,
                      tiles,
                      {input.data + p * channels, 1, input.step},
                      gradient.data + p * filters,
                      sums + p * kernel_plane()};
      product.into = Into::Sum;
      product.b_step = gradient.step;
      kernels().multiply(product, rest);
    }
    for (std::int64_t tile = 0; tile < tiles; ++tile)
      add_to(filters, gradient.data + tile * gradient.step + point_of_sum * filters,
             sums + points * kernel_plane());
  }
}

/// Aᵀ·s·A of the sums of all parts.
void WinogradConvolution::write_gradients(std::int64_t parts, float* kernel_gradient, float* bias_gradient) {
  const std::int64_t n = kernel_plane(), sum_size = points * n + shape_.filters;
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
    bias_gradient[filter] = 4 * s[points * n + filter];
}

}  // namespace kairos::host
