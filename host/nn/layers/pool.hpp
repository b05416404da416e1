// SPDX-License-Identifier: MIT
// The forward and backward pass of pooling layers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "compute/pooling.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

enum class Pool { Max, Average };

/// Stores the positions of the largest values for the gradient.
class Pooling {
 public:
  explicit Pooling(Pool pool) : pool_(pool) {}

  void build(const VolumeWindow& window, std::int64_t channels) {
    window_ = window;
    channels_ = channels;
  }

  void reserve(std::int64_t batch) {
    const auto n = static_cast<std::size_t>(batch * window_.depth.output[1] * window_.plane.output[0] *
                                            window_.plane.output[1] * channels_);
    if (pool_ == Pool::Max && n > winner_.size()) winner_.resize(n);
  }

  void forward(std::int64_t batch, const float* x, float* y) {
    if (pool_ == Pool::Max)
      max_pool(batch, channels_, window_, x, y, winner_.data());
    else
      average_pool(batch, channels_, window_, x, y);
  }

  void backward(std::int64_t batch, const float* y_gradient, float* x_gradient) const {
    if (x_gradient == nullptr) return;
    if (pool_ == Pool::Max)
      max_pool_backward(batch, channels_, window_, winner_.data(), y_gradient, x_gradient);
    else
      average_pool_backward(batch, channels_, window_, y_gradient, x_gradient);
  }

 private:
  Pool pool_;
  VolumeWindow window_;
  std::int64_t channels_ = 0;
  std::vector<std::int32_t> winner_;
};

/// A layer that pools windows; `build` gives them to `pooling_`.
class WindowPoolingLayer : public Layer {
 public:
  void reserve(std::int64_t batch) final { pooling_.reserve(batch); }
  void forward(const GraphPass& pass, const LayerValues& v) final {
    pooling_.forward(pass.batch, v.inputs.front(), v.output);
  }
  void backward(const GraphPass& pass, const LayerGradients& g) final {
    pooling_.backward(pass.batch, g.output_gradient, g.input_gradients.front());
  }

 protected:
  WindowPoolingLayer(ConfigReader& config, std::string class_name, Pool pool)
      : Layer(config, std::move(class_name)), pooling_(pool) {}

  Pooling pooling_;
};

}  // namespace kairos::host
