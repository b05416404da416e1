// SPDX-License-Identifier: MIT
// Images in another size, by nearest or linear interpolation between the centers of pixels, as in TensorFlow.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "compute/buffer.hpp"

namespace kairos::host {

enum class Interpolation { Nearest, Bilinear };

/// A place between two pixels of a line.
struct Tap {
  std::int64_t lower, upper;
  float share;  ///< of the upper one
};

/// The places of `to` pixels that cover the `count` pixels from `first` of a line of `from` pixels.
struct LineSection {
  std::int64_t from, first, count, to;
};
[[nodiscard]] std::vector<Tap> taps_of(const LineSection& line, Interpolation interpolation);

/// Images are [rows, columns, channels]. Results do not depend on the number of threads.
class Resampler {
 public:
  Resampler(const LineSection& rows, const LineSection& columns, std::int64_t channels,
            Interpolation interpolation);
  /// To be called before the first pass, and again if more threads may run.
  void reserve();

  void forward(std::int64_t batch, const float* x, float* y);
  void backward(std::int64_t batch, const float* y_gradient, float* x_gradient);

 private:
  [[nodiscard]] std::int64_t from_line() const noexcept { return columns_.from * channels_; }
  [[nodiscard]] std::int64_t to_line() const noexcept { return columns_.to * channels_; }
  void resample_line(const float* from, float* to) const;
  void spread_line(const float* gradient, float* to) const;
  template <typename Work>
  void each_image(std::int64_t batch, const Work& work);

  LineSection rows_, columns_;
  std::int64_t channels_;
  std::vector<Tap> row_taps_, column_taps_;
  bool same_columns_;
  FloatBuffer scratch_;  ///< per thread: a line of the input
};

}  // namespace kairos::host
