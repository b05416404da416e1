// SPDX-License-Identifier: MIT
// Categories as rows of numbers, for CategoryEncoding and Discretization.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "nn/layer.hpp"

namespace kairos::host {

/// keras/src/utils/numerical_utils.py, encode_categorical_inputs.
class CategoryCode {
 public:
  enum class Kind {
    Index,     ///< the category itself
    OneHot,    ///< a row for each value
    MultiHot,  ///< a row for each sample: 1 for each category in it
    Count,     ///< a row for each sample: how often each category is in it
  };

  /// Reads "output_mode", one of `known`. Throws Error(Model).
  CategoryCode(ConfigReader& config, const std::vector<Kind>& known, Kind fallback);

  /// Whether samples of this shape can be encoded.
  [[nodiscard]] bool supports(const Shape& shape) const;
  /// The output shape for `categories` categories.
  Shape build(const Shape& shape, std::int64_t categories);

  /// `category(i)` is the category of value i of all samples; those that do not exist are in no row.
  template <typename Category>
  void encode(std::int64_t batch, const Category& category, float* output) const {
    const std::int64_t n = batch * size_;
    if (kind_ == Kind::Index) {
      for (std::int64_t i = 0; i < n; ++i) output[i] = static_cast<float>(category(i));
      return;
    }
    const std::int64_t values_per_row = kind_ == Kind::OneHot ? 1 : size_;
    clear(n / values_per_row, output);
    for (std::int64_t i = 0; i < n; ++i) {
      const std::int64_t found = category(i);
      if (found < 0 || found >= categories_) continue;
      float& place = output[i / values_per_row * categories_ + found];
      place = kind_ == Kind::Count ? place + 1 : 1.0F;
    }
  }

  [[nodiscard]] const char* name() const noexcept;

 private:
  void clear(std::int64_t rows, float* output) const;

  Kind kind_;
  std::int64_t size_ = 0;  ///< values per sample
  std::int64_t categories_ = 0;
};

/// A layer that encodes categories. Nothing before it is trained: its gradient is 0.
class CategoryLayer : public Layer {
 public:
  void backward(const GraphPass& pass, const LayerGradients& g) final {
    if (g.input_gradients.front() != nullptr)
      std::fill_n(g.input_gradients.front(), pass.batch * size_, 0.0F);
  }

 protected:
  using Layer::Layer;
  std::int64_t size_ = 0;  ///< values per sample; set by `build`
};

}  // namespace kairos::host
