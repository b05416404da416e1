// SPDX-License-Identifier: MIT
// A layer that copies its input, possibly with another shape.
#pragma once

#include <algorithm>
#include <cstdint>

#include "nn/layer.hpp"

namespace kairos::host {

class CopyingLayer : public Layer {
 public:
  [[nodiscard]] bool copies_values() const final { return true; }

  void forward(const GraphPass& pass, const LayerValues& v) final {
    std::copy_n(v.inputs.front(), pass.batch * size_, v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) final {
    if (g.input_gradients.front() != nullptr)
      std::copy_n(g.output_gradient, pass.batch * size_, g.input_gradients.front());
  }

 protected:
  using Layer::Layer;
  std::int64_t size_ = 0;  ///< values per sample; set by `build`
};

}  // namespace kairos::host
