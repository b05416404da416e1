// SPDX-License-Identifier: MIT
// Hinge losses: the margin between two classes, or between a class and the best of the others.
#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "compute/elementwise.hpp"
#include "nn/losses/loss_types.hpp"

namespace kairos::host {

namespace {

enum class Power { One, Two };

/// Targets are -1 and 1. As in Keras, targets of 0 and 1 are mapped to -1 and 1 if a batch has no others.
class Hinge final : public Loss {
 public:
  explicit Hinge(Power power) : power_(power) {}
  [[nodiscard]] std::string_view name() const override {
    return power_ == Power::One ? "hinge" : "squared_hinge";
  }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    for (std::int64_t i = 0; i < features; ++i)
      if (target[i] != -1 && target[i] != 0 && target[i] != 1)
        return fmt::format("target {} is not -1, 0 or 1", target[i]);
    return "";
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    terms(rows * features, target).values(rows, features, static_cast<float>(features), target, output, each);
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    terms(rows * features, target)
        .gradient(rows, features, static_cast<float>(features), target, output, scale, gradient);
  }

 private:
  /// The arguments map a target to -1 or 1.
  [[nodiscard]] RowLoss terms(std::int64_t n, const float* target) const {
    const bool bits = std::all_of(target, target + n, [](float t) { return t == 0 || t == 1; });
    return {power_ == Power::One ? Term::Hinge : Term::SquaredHinge,
            bits ? std::array<float, 2>{2, -1} : std::array<float, 2>{1, 0}};
  }

  Power power_;
};

/// The margin between the class of a one-hot target and the best of the others.
class CategoricalHinge final : public Loss {
 public:
  [[nodiscard]] std::string_view name() const override { return "categorical_hinge"; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    return outside_unit_interval(features, target);
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    for (std::int64_t row = 0; row < rows; ++row, target += features, output += features)
      each[row] = margin(features, target, output).missing;
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    for (std::int64_t row = 0; row < rows;
         ++row, target += features, output += features, gradient += features) {
      const Margin found = margin(features, target, output);
      const float factor = found.missing == 0 ? 0.0F : scale[row];
      for (std::int64_t i = 0; i < features; ++i)
        gradient[i] = factor * (i == found.rival ? 1 - 2 * target[i] : -target[i]);
    }
  }

 private:
  struct Margin {
    float missing;
    std::int64_t rival;
  };

  /// NaN stays NaN: every output is part of the sum.
  static Margin margin(std::int64_t features, const float* target, const float* output) {
    const auto against = [=](std::int64_t i) { return (1 - target[i]) * output[i]; };
    float own = 0;
    std::int64_t rival = 0;
    for (std::int64_t i = 0; i < features; ++i) {
      own += target[i] * output[i];
      if (against(i) > against(rival)) rival = i;
    }
    const float missing = 1 + against(rival) - own;
    return {missing < 0 ? 0.0F : missing, rival};
  }
};

}  // namespace

std::vector<LossType> hinge_losses() {
  return {
      {{"hinge", "Hinge"},
       [](ConfigReader&) -> std::unique_ptr<Loss> { return std::make_unique<Hinge>(Power::One); }},
      {{"squared_hinge", "SquaredHinge"},
       [](ConfigReader&) -> std::unique_ptr<Loss> { return std::make_unique<Hinge>(Power::Two); }},
      {{"categorical_hinge", "CategoricalHinge"},
       [](ConfigReader&) -> std::unique_ptr<Loss> { return std::make_unique<CategoricalHinge>(); }},
  };
}

}  // namespace kairos::host
