// SPDX-License-Identifier: MIT
// The common part of layers that change each image at random in training, and nothing in inference.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "compute/parallel.hpp"
#include "nn/layer.hpp"
#include "nn/layers/draw_seed.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

/// Bounds of a uniform draw.
using Bounds = std::array<double, 2>;

/// Reads a number, which becomes (-number, number), or two numbers, within -1 … 1. Throws Error(Model).
[[nodiscard]] inline Bounds read_bounds(ConfigReader& config, std::string_view key,
                                        const nlohmann::json& value) {
  const char* const expected = "a number from -1 to 1, or a list of two";
  const auto number = [&](const nlohmann::json& one) {
    if (!one.is_number() || one < -1 || one > 1) config.bad_value(key, expected);
    return one.get<double>();
  };
  if (!value.is_array()) {
    const double one = std::abs(number(value));
    return {-one, one};
  }
  if (value.size() != 2) config.bad_value(key, expected);
  return {std::min(number(value[0]), number(value[1])), std::max(number(value[0]), number(value[1]))};
}

/// Draws depend only on seed, step and the image's place in the batch.
class RandomImageLayer : public Layer {
 public:
  Shape build(std::span<const Shape> inputs, const BuildContext& context) final {
    shape_ = inputs.front();
    if (shape_.size() != 3) refuse_shape(shape_, std::string("samples of ") + sample_noun(2));
    seed_.build(context);
    return shape_;
  }

  void reserve(std::int64_t) final { scratch_.reserve(parallel_threads() * scratch_size()); }

  void forward(const GraphPass& pass, const LayerValues& v) final {
    if (pass.mode != Mode::Train) {
      std::copy_n(v.inputs.front(), pass.batch * size_of(shape_), v.output);
      return;
    }
    each_image(pass, [&](RandomStream& random, std::int64_t at, float* scratch) {
      change(random, v.inputs.front() + at, v.output + at, scratch);
    });
  }

  void backward(const GraphPass& pass, const LayerGradients& g) final {
    float* const to = g.input_gradients.front();
    if (to == nullptr) return;
    if (pass.mode != Mode::Train) {
      std::copy_n(g.output_gradient, pass.batch * size_of(shape_), to);
      return;
    }
    each_image(pass, [&](RandomStream& random, std::int64_t at, float* scratch) {
      turn_back(random, g.inputs.front() + at, g.output_gradient + at, to + at, scratch);
    });
  }

 protected:
  RandomImageLayer(ConfigReader& config, std::string class_name)
      : Layer(config, std::move(class_name)), seed_(config) {
    config.skip("bounding_box_format");  // boxes are no inputs here
  }

  [[nodiscard]] std::int64_t rows() const { return shape_[0]; }
  [[nodiscard]] std::int64_t columns() const { return shape_[1]; }
  [[nodiscard]] std::int64_t channels() const { return shape_[2]; }
  [[nodiscard]] std::int64_t image_size() const { return size_of(shape_); }

  static double draw(RandomStream& random, const Bounds& bounds) {
    return bounds[0] + (bounds[1] - bounds[0]) * random.uniform();
  }

  /// y = the changed image x. `scratch` holds an image and four values per channel.
  virtual void change(RandomStream& random, const float* x, float* y, float* scratch) const = 0;
  /// x_gradient = the gradient of x, with the same draws.
  virtual void turn_back(RandomStream& random, const float* x, const float* y_gradient, float* x_gradient,
                         float* scratch) const = 0;

  void write_config(nlohmann::json& config) const override { config["seed"] = seed_.json(); }

 private:
  [[nodiscard]] std::int64_t scratch_size() const { return size_of(shape_) + 4 * channels(); }

  template <typename Work>
  void each_image(const GraphPass& pass, const Work& work) {
    const std::int64_t size = size_of(shape_);
    each_in_parallel(pass.batch, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
      for (std::int64_t image = begin; image < end; ++image) {
        RandomStream random(joined_key(seed_.key(pass), static_cast<std::uint64_t>(image)));
        work(random, image * size, scratch_.data() + thread * scratch_size());
      }
    });
  }

  DrawSeed seed_;
  Shape shape_;
  FloatBuffer scratch_;  ///< per thread
};

}  // namespace kairos::host
