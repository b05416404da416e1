// SPDX-License-Identifier: MIT
// Lines are interpolated first, then the pixels of a line.
#include "compute/resampling.hpp"

#include <algorithm>
#include <cmath>

#include "compute/kernels/layers.hpp"
#include "compute/parallel.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

/// Fewer channels are not worth the call of a kernel.
constexpr std::int64_t few_channels = 8;

void blend_pixels(std::int64_t channels, const float* a, const float* b, float share, float* y) {
  if (channels >= few_channels) return layer_kernels().blend(channels, a, b, share, y);
  for (std::int64_t c = 0; c < channels; ++c) y[c] = a[c] + (b[c] - a[c]) * share;
}

void add_pixels(std::int64_t channels, const float* x, float factor, float* y) {
  if (channels >= few_channels) return layer_kernels().add_scaled(channels, x, factor, y);
  for (std::int64_t c = 0; c < channels; ++c) y[c] += x[c] * factor;
}

}  // namespace

std::vector<Tap> taps_of(const LineSection& line, Interpolation interpolation) {
  const float scale = static_cast<float>(line.count) / static_cast<float>(line.to);
  const std::int64_t last = line.count - 1;
  std::vector<Tap> taps;
  for (std::int64_t i = 0; i < line.to; ++i) {
    const float center = (static_cast<float>(i) + 0.5F) * scale;
    if (interpolation == Interpolation::Nearest) {
      const std::int64_t at = line.first + std::min(static_cast<std::int64_t>(center), last);
      taps.push_back({at, at, 0});
      continue;
    }
    const float below = std::floor(center - 0.5F);
    const auto lower = static_cast<std::int64_t>(below);
    taps.push_back({line.first + std::max<std::int64_t>(lower, 0), line.first + std::min(lower + 1, last),
                    center - 0.5F - below});
  }
  return taps;
}

Resampler::Resampler(const LineSection& rows, const LineSection& columns, std::int64_t channels,
                     Interpolation interpolation)
    : rows_(rows),
      columns_(columns),
      channels_(channels),
      row_taps_(taps_of(rows, interpolation)),
      column_taps_(taps_of(columns, interpolation)),
      same_columns_(columns.from == columns.to && columns.count == columns.to) {}

void Resampler::reserve() {
  scratch_.reserve(parallel_threads() * from_line());
}

/// Calls work(image, scratch) for all images.
template <typename Work>
void Resampler::each_image(std::int64_t batch, const Work& work) {
  const TeamSize team(threads_for(batch * (rows_.to * to_line() + rows_.from * from_line())));
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    for (std::int64_t image = begin; image < end; ++image)
      work(image, scratch_.data() + thread * from_line());
  });
}

void Resampler::resample_line(const float* from, float* to) const {
  if (same_columns_) {
    std::copy_n(from, to_line(), to);
    return;
  }
  for (const Tap& tap : column_taps_) {
    const float* const lower = from + tap.lower * channels_;
    if (tap.share == 0)
      std::copy_n(lower, channels_, to);
    else
      blend_pixels(channels_, lower, from + tap.upper * channels_, tap.share, to);
    to += channels_;
  }
}

void Resampler::forward(std::int64_t batch, const float* x, float* y) {
  each_image(batch, [&](std::int64_t image, float* scratch) {
    const float* const from = x + image * rows_.from * from_line();
    float* to = y + image * rows_.to * to_line();
    for (const Tap& tap : row_taps_) {
      const float* line = from + tap.lower * from_line();
      if (tap.share != 0) {
        layer_kernels().blend(from_line(), line, from + tap.upper * from_line(), tap.share, scratch);
        line = scratch;
      }
      resample_line(line, to);
      to += to_line();
    }
  });
}

void Resampler::spread_line(const float* gradient, float* to) const {
  std::fill_n(to, from_line(), 0.0F);
  for (const Tap& tap : column_taps_) {
    add_pixels(channels_, gradient, 1 - tap.share, to + tap.lower * channels_);
    if (tap.share != 0) add_pixels(channels_, gradient, tap.share, to + tap.upper * channels_);
    gradient += channels_;
  }
}

void Resampler::backward(std::int64_t batch, const float* y_gradient, float* x_gradient) {
  each_image(batch, [&](std::int64_t image, float* scratch) {
    const float* from = y_gradient + image * rows_.to * to_line();
    float* const to = x_gradient + image * rows_.from * from_line();
    std::fill_n(to, rows_.from * from_line(), 0.0F);
    for (const Tap& tap : row_taps_) {
      const float* line = from;
      if (!same_columns_) {
        spread_line(from, scratch);
        line = scratch;
      }
      layer_kernels().add_scaled(from_line(), line, 1 - tap.share, to + tap.lower * from_line());
      if (tap.share != 0)
        layer_kernels().add_scaled(from_line(), line, tap.share, to + tap.upper * from_line());
      from += to_line();
    }
  });
}

}  // namespace kairos::host
