// SPDX-License-Identifier: MIT
// Losses whose rows are a sum or a mean of terms, each of one target and one output.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "compute/elementwise.hpp"
#include "nn/losses.hpp"

namespace kairos::host {

class TermLoss : public Loss {
 public:
  enum class Row { Mean, Sum };
  /// What is wrong with a target; "" for a valid one.
  using Fault = std::string (*)(float target);

  /// `fault` is null if every number is a valid target.
  TermLoss(std::string_view name, RowLoss loss, Fault fault, Row row = Row::Mean)
      : name_(name), loss_(loss), fault_(fault), row_(row) {}
  [[nodiscard]] std::string_view name() const override { return name_; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    if (fault_ != nullptr)
      for (std::int64_t i = 0; i < features; ++i)
        if (std::string fault = fault_(target[i]); !fault.empty()) return fault;
    return "";
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    loss_.values(rows, features, divisor(features), target, output, each);
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    loss_.gradient(rows, features, divisor(features), target, output, scale, gradient);
  }

 private:
  [[nodiscard]] float divisor(std::int64_t features) const {
    return row_ == Row::Mean ? static_cast<float>(features) : 1.0F;
  }

  std::string_view name_;
  RowLoss loss_;
  Fault fault_;
  Row row_;
};

}  // namespace kairos::host
