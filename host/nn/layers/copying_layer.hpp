// SPDX-License-Identifier: MIT
// A layer or operation that copies its input, possibly with another shape.
#pragma once

#include <algorithm>
#include <cstdint>

#include "nn/layer.hpp"

namespace kairos::host {

template <class Base>
class Copying : public Base {
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
  using Base::Base;
  std::int64_t size_ = 0;  ///< values per sample; set by `build`
};

using CopyingLayer = Copying<Layer>;

}  // namespace kairos::host
