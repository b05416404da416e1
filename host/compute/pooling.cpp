// SPDX-License-Identifier: MIT
// Plain loops whose inner loop runs over channels, so that the compiler vectorizes it.
#include "compute/pooling.hpp"

#include <algorithm>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

/// The part of a window inside the image.
struct Span {
  std::int64_t begin;
  std::int64_t end;
};

Span inside(const Window& w, std::size_t i, std::int64_t at) {
  const std::int64_t begin = at * w.stride[i] - w.before[i];
  return {std::max<std::int64_t>(begin, 0), std::min(begin + w.size[i], w.input[i])};
}

/// Calls visit(image, index of the output position, rows, columns) for all windows of all images. Large
/// batches are partitioned by image over several threads.
template <typename Visit>
void each_window(std::int64_t batch, const Window& w, std::int64_t channels, Visit&& visit) {
  const TeamSize team(threads_for(batch * w.input[0] * w.input[1] * channels));
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    std::int64_t position = begin * w.output[0] * w.output[1];
    for (std::int64_t image = begin; image < end; ++image)
      for (std::int64_t row = 0; row < w.output[0]; ++row) {
        const Span rows = inside(w, 0, row);
        for (std::int64_t column = 0; column < w.output[1]; ++column)
          visit(image, position++, rows, inside(w, 1, column));
      }
  });
}

/// Calls visit(index of the pixel in its image) for all pixels of a window.
template <typename Visit>
void each_pixel(const Window& w, const Span& rows, const Span& columns, Visit&& visit) {
  for (std::int64_t row = rows.begin; row < rows.end; ++row)
    for (std::int64_t column = columns.begin; column < columns.end; ++column)
      visit(row * w.input[1] + column);
}

float share_of(const Span& rows, const Span& columns) {
  return 1.0F / static_cast<float>((rows.end - rows.begin) * (columns.end - columns.begin));
}

}  // namespace

void max_pool(std::int64_t batch, std::int64_t channels, const Window& window, const float* x, float* y,
              std::int32_t* winner) {
  const std::int64_t image_size = window.input[0] * window.input[1] * channels;
  each_window(batch, window, channels,
              [&](std::int64_t image, std::int64_t position, Span rows, Span columns) {
                const float* const from = x + image * image_size;
                float* const out = y + position * channels;
                std::int32_t* const where = winner + position * channels;
                const std::int64_t first = rows.begin * window.input[1] + columns.begin;
                std::copy_n(from + first * channels, channels, out);
                std::fill_n(where, channels, static_cast<std::int32_t>(first));
                each_pixel(window, rows, columns, [&](std::int64_t pixel) {
                  const float* const values = from + pixel * channels;
                  const auto index = static_cast<std::int32_t>(pixel);
                  kernels().keep_larger(channels, values, index, out, where);
                });
              });
}

void max_pool_backward(std::int64_t batch, std::int64_t channels, const Window& window,
                       const std::int32_t* winner, const float* y_gradient, float* x_gradient) {
  const std::int64_t image_size = window.input[0] * window.input[1] * channels;
  const std::int64_t windows = window.output[0] * window.output[1];
  const TeamSize team(threads_for(batch * image_size));
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t image = begin; image < end; ++image) {
      float* const to = x_gradient + image * image_size;
      std::fill_n(to, image_size, 0.0F);
      for (std::int64_t i = image * windows * channels; i < (image + 1) * windows * channels; i += channels)
        for (std::int64_t c = 0; c < channels; ++c) to[winner[i + c] * channels + c] += y_gradient[i + c];
    }
  });
}

void average_pool(std::int64_t batch, std::int64_t channels, const Window& window, const float* x, float* y) {
  const std::int64_t image_size = window.input[0] * window.input[1] * channels;
  each_window(batch, window, channels,
              [&](std::int64_t image, std::int64_t position, Span rows, Span columns) {
                const float* const from = x + image * image_size;
                float* const out = y + position * channels;
                std::fill_n(out, channels, 0.0F);
                each_pixel(window, rows, columns, [&](std::int64_t pixel) {
                  for (std::int64_t c = 0; c < channels; ++c) out[c] += from[pixel * channels + c];
                });
                const float share = share_of(rows, columns);
                for (std::int64_t c = 0; c < channels; ++c) out[c] *= share;
              });
}

void average_pool_backward(std::int64_t batch, std::int64_t channels, const Window& window,
                           const float* y_gradient, float* x_gradient) {
  const std::int64_t image_size = window.input[0] * window.input[1] * channels;
  std::fill_n(x_gradient, batch * image_size, 0.0F);
  each_window(batch, window, channels,
              [&](std::int64_t image, std::int64_t position, Span rows, Span columns) {
                float* const to = x_gradient + image * image_size;
                const float* const gradient = y_gradient + position * channels;
                const float share = share_of(rows, columns);
                each_pixel(window, rows, columns, [&](std::int64_t pixel) {
                  for (std::int64_t c = 0; c < channels; ++c) to[pixel * channels + c] += gradient[c] * share;
                });
              });
}

}  // namespace kairos::host
