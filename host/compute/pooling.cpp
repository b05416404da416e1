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

/// The pixels of a window.
struct Box {
  Span planes, rows, columns;

  [[nodiscard]] std::int64_t first(const VolumeWindow& w) const {
    return (planes.begin * w.plane.input[0] + rows.begin) * w.plane.input[1] + columns.begin;
  }
  /// Of each pixel in the mean.
  [[nodiscard]] float share() const {
    return 1.0F / static_cast<float>((planes.end - planes.begin) * (rows.end - rows.begin) *
                                     (columns.end - columns.begin));
  }
};

std::int64_t pixels_of(const VolumeWindow& w) {
  return w.depth.input[1] * w.plane.input[0] * w.plane.input[1];
}
std::int64_t windows_of(const VolumeWindow& w) {
  return w.depth.output[1] * w.plane.output[0] * w.plane.output[1];
}

/// Calls visit(image, index of the output position, box) for all windows of all images. Large batches are
/// partitioned by image over several threads.
template <typename Visit>
void each_window(std::int64_t batch, const VolumeWindow& w, std::int64_t channels, Visit&& visit) {
  const TeamSize team(threads_for(batch * pixels_of(w) * channels));
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    std::int64_t position = begin * windows_of(w);
    Box box{};
    for (std::int64_t image = begin; image < end; ++image)
      for (std::int64_t plane = 0; plane < w.depth.output[1]; ++plane) {
        box.planes = inside(w.depth, 1, plane);
        for (std::int64_t row = 0; row < w.plane.output[0]; ++row) {
          box.rows = inside(w.plane, 0, row);
          for (std::int64_t column = 0; column < w.plane.output[1]; ++column) {
            box.columns = inside(w.plane, 1, column);
            visit(image, position++, box);
          }
        }
      }
  });
}

/// Calls visit(index of the pixel in its image) for all pixels of a window.
template <typename Visit>
void each_pixel(const VolumeWindow& w, const Box& box, Visit&& visit) {
  for (std::int64_t plane = box.planes.begin; plane < box.planes.end; ++plane)
    for (std::int64_t row = box.rows.begin; row < box.rows.end; ++row)
      for (std::int64_t column = box.columns.begin; column < box.columns.end; ++column)
        visit((plane * w.plane.input[0] + row) * w.plane.input[1] + column);
}

}  // namespace

void max_pool(std::int64_t batch, std::int64_t channels, const VolumeWindow& window, const float* x, float* y,
              std::int32_t* winner) {
  const std::int64_t image_size = pixels_of(window) * channels;
  each_window(batch, window, channels, [&](std::int64_t image, std::int64_t position, const Box& box) {
    const float* const from = x + image * image_size;
    float* const out = y + position * channels;
    std::int32_t* const where = winner + position * channels;
    const std::int64_t first = box.first(window);
    std::copy_n(from + first * channels, channels, out);
    std::fill_n(where, channels, static_cast<std::int32_t>(first));
    each_pixel(window, box, [&](std::int64_t pixel) {
      const float* const values = from + pixel * channels;
      const auto index = static_cast<std::int32_t>(pixel);
      kernels().keep_larger(channels, values, index, out, where);
    });
  });
}

void max_pool_backward(std::int64_t batch, std::int64_t channels, const VolumeWindow& window,
                       const std::int32_t* winner, const float* y_gradient, float* x_gradient) {
  const std::int64_t image_size = pixels_of(window) * channels;
  const std::int64_t windows = windows_of(window);
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

void average_pool(std::int64_t batch, std::int64_t channels, const VolumeWindow& window, const float* x,
                  float* y) {
  const std::int64_t image_size = pixels_of(window) * channels;
  each_window(batch, window, channels, [&](std::int64_t image, std::int64_t position, const Box& box) {
    const float* const from = x + image * image_size;
    float* const out = y + position * channels;
    std::fill_n(out, channels, 0.0F);
    each_pixel(window, box, [&](std::int64_t pixel) {
      for (std::int64_t c = 0; c < channels; ++c) out[c] += from[pixel * channels + c];
    });
    const float share = box.share();
    for (std::int64_t c = 0; c < channels; ++c) out[c] *= share;
  });
}

void average_pool_backward(std::int64_t batch, std::int64_t channels, const VolumeWindow& window,
                           const float* y_gradient, float* x_gradient) {
  const std::int64_t image_size = pixels_of(window) * channels;
  std::fill_n(x_gradient, batch * image_size, 0.0F);
  each_window(batch, window, channels, [&](std::int64_t image, std::int64_t position, const Box& box) {
    float* const to = x_gradient + image * image_size;
    const float* const gradient = y_gradient + position * channels;
    const float share = box.share();
    each_pixel(window, box, [&](std::int64_t pixel) {
      for (std::int64_t c = 0; c < channels; ++c) to[pixel * channels + c] += gradient[c] * share;
    });
  });
}

}  // namespace kairos::host
