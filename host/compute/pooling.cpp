// SPDX-License-Identifier: MIT
// Plain loops, the inner one over channels, so that the compiler makes vector code of it.
#include "compute/pooling.hpp"

#include <algorithm>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"
#include "compute/team_size.hpp"

namespace kairos::host {

namespace {

/// The part of a window that lies inside the picture.
struct Span {
  std::int64_t begin;
  std::int64_t end;
};

Span inside(const Window& w, std::size_t i, std::int64_t at) {
  const std::int64_t begin = at * w.stride[i] - w.before[i];
  return {std::max<std::int64_t>(begin, 0), std::min(begin + w.size[i], w.input[i])};
}

/// visit(picture, index of the output position, rows, columns) for all windows of all pictures; for large
/// batches on several threads, each with pictures of its own.
template <typename Visit>
void each_window(std::int64_t batch, const Window& w, std::int64_t channels, Visit&& visit) {
  const TeamSize team(threads_for(batch * w.input[0] * w.input[1] * channels));
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    std::int64_t position = begin * w.output[0] * w.output[1];
    for (std::int64_t picture = begin; picture < end; ++picture)
      for (std::int64_t row = 0; row < w.output[0]; ++row) {
        const Span rows = inside(w, 0, row);
        for (std::int64_t column = 0; column < w.output[1]; ++column)
          visit(picture, position++, rows, inside(w, 1, column));
      }
  });
}

/// visit(index of the point in its picture) for all points under a window.
template <typename Visit>
void each_point(const Window& w, const Span& rows, const Span& columns, Visit&& visit) {
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
  const std::int64_t picture_size = window.input[0] * window.input[1] * channels;
  each_window(batch, window, channels,
              [&](std::int64_t picture, std::int64_t position, Span rows, Span columns) {
                const float* const from = x + picture * picture_size;
                float* const out = y + position * channels;
                std::int32_t* const where = winner + position * channels;
                const std::int64_t first = rows.begin * window.input[1] + columns.begin;
                std::copy_n(from + first * channels, channels, out);
                std::fill_n(where, channels, static_cast<std::int32_t>(first));
                each_point(window, rows, columns, [&](std::int64_t point) {
                  const float* const values = from + point * channels;
                  const auto index = static_cast<std::int32_t>(point);
                  kernels().keep_larger(channels, values, index, out, where);
                });
              });
}

void max_pool_backward(std::int64_t batch, std::int64_t channels, const Window& window,
                       const std::int32_t* winner, const float* y_gradient, float* x_gradient) {
  const std::int64_t picture_size = window.input[0] * window.input[1] * channels;
  const std::int64_t windows = window.output[0] * window.output[1];
  const TeamSize team(threads_for(batch * picture_size));
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t picture = begin; picture < end; ++picture) {
      float* const to = x_gradient + picture * picture_size;
      std::fill_n(to, picture_size, 0.0F);
      for (std::int64_t i = picture * windows * channels; i < (picture + 1) * windows * channels;
           i += channels)
        for (std::int64_t c = 0; c < channels; ++c) to[winner[i + c] * channels + c] += y_gradient[i + c];
    }
  });
}

void average_pool(std::int64_t batch, std::int64_t channels, const Window& window, const float* x, float* y) {
  const std::int64_t picture_size = window.input[0] * window.input[1] * channels;
  each_window(batch, window, channels,
              [&](std::int64_t picture, std::int64_t position, Span rows, Span columns) {
                const float* const from = x + picture * picture_size;
                float* const out = y + position * channels;
                std::fill_n(out, channels, 0.0F);
                each_point(window, rows, columns, [&](std::int64_t point) {
                  for (std::int64_t c = 0; c < channels; ++c) out[c] += from[point * channels + c];
                });
                const float share = share_of(rows, columns);
                for (std::int64_t c = 0; c < channels; ++c) out[c] *= share;
              });
}

void average_pool_backward(std::int64_t batch, std::int64_t channels, const Window& window,
                           const float* y_gradient, float* x_gradient) {
  const std::int64_t picture_size = window.input[0] * window.input[1] * channels;
  std::fill_n(x_gradient, batch * picture_size, 0.0F);
  each_window(batch, window, channels,
              [&](std::int64_t picture, std::int64_t position, Span rows, Span columns) {
                float* const to = x_gradient + picture * picture_size;
                const float* const gradient = y_gradient + position * channels;
                const float share = share_of(rows, columns);
                each_point(window, rows, columns, [&](std::int64_t point) {
                  for (std::int64_t c = 0; c < channels; ++c) to[point * channels + c] += gradient[c] * share;
                });
              });
}

}  // namespace kairos::host
