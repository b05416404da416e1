// SPDX-License-Identifier: MIT
// Losses that are a mean over the values of a row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "nn/losses.hpp"

namespace kairos::host {

/// `Term` has `name`, `value(target, output)`, `slope(target, output)`, the derivative by the output, and
/// `fault(target)`, which describes an invalid target or is "".
template <class Term>
class MeanLoss : public Loss {
 public:
  explicit MeanLoss(Term term = {}) : term_(term) {}
  [[nodiscard]] std::string_view name() const override { return Term::name; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    for (std::int64_t i = 0; i < features; ++i)
      if (std::string fault = term_.fault(target[i]); !fault.empty()) return fault;
    return "";
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    for (std::int64_t row = 0; row < rows; ++row, target += features, output += features) {
      float sum = 0;
      for (std::int64_t i = 0; i < features; ++i) sum += term_.value(target[i], output[i]);
      each[row] = sum / static_cast<float>(features);
    }
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    for (std::int64_t row = 0; row < rows;
         ++row, target += features, output += features, gradient += features) {
      const float factor = scale[row] / static_cast<float>(features);
      for (std::int64_t i = 0; i < features; ++i) gradient[i] = factor * term_.slope(target[i], output[i]);
    }
  }

 private:
  Term term_;
};

}  // namespace kairos::host
