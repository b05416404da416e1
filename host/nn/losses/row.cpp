// SPDX-License-Identifier: MIT
// The losses of a row as a whole: one distribution against another, one direction against another.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/losses/loss_types.hpp"

namespace kairos::host {

namespace {

class KlDivergence final : public Loss {
 public:
  [[nodiscard]] std::string_view name() const override { return "kl_divergence"; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    return outside_unit_interval(features, target);
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    for (std::int64_t row = 0; row < rows; ++row, target += features, output += features) {
      float sum = 0;
      for (std::int64_t i = 0; i < features; ++i) {
        const float t = clipped(target[i]);
        sum += t * std::log(t / clipped(output[i]));
      }
      each[row] = sum;
    }
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    for (std::int64_t row = 0; row < rows;
         ++row, target += features, output += features, gradient += features)
      for (std::int64_t i = 0; i < features; ++i) {
        const bool outside = output[i] < loss_epsilon || output[i] > 1;
        gradient[i] = outside ? 0.0F : -scale[row] * clipped(target[i]) / output[i];
      }
  }

 private:
  static float clipped(float p) { return p < loss_epsilon ? loss_epsilon : (p > 1 ? 1.0F : p); }
};

/// -1 where both point the same way, 1 where they are opposite.
class CosineSimilarity final : public Loss {
 public:
  [[nodiscard]] std::string_view name() const override { return "cosine_similarity"; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t, const float*) const override { return ""; }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    for (std::int64_t row = 0; row < rows; ++row, target += features, output += features)
      each[row] = static_cast<float>(-dot(features, target, output) * inverse_length(features, target) *
                                     inverse_length(features, output));
  }

  /// An output that is shorter than Keras' epsilon is scaled and not normalised: its length has no slope.
  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    for (std::int64_t row = 0; row < rows;
         ++row, target += features, output += features, gradient += features) {
      const double of_target = inverse_length(features, target);
      const double of_output = inverse_length(features, output);
      const double cosine = dot(features, target, output) * of_target * of_output;
      const double along = of_output < longest_inverse ? cosine : 0.0;
      for (std::int64_t i = 0; i < features; ++i) {
        const double across =
            static_cast<double>(target[i]) * of_target - along * static_cast<double>(output[i]) * of_output;
        gradient[i] = static_cast<float>(-static_cast<double>(scale[row]) * across * of_output);
      }
    }
  }

 private:
  static constexpr double longest_inverse = 1 / static_cast<double>(loss_epsilon);

  static double dot(std::int64_t n, const float* a, const float* b) {
    double sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
  }
  static double inverse_length(std::int64_t n, const float* vector) {
    const double inverse = 1 / std::sqrt(dot(n, vector, vector));
    return inverse > longest_inverse ? longest_inverse : inverse;
  }
};

}  // namespace

std::vector<LossType> row_losses() {
  return {
      {{"kl_divergence", "kullback_leibler_divergence", "kld", "KLD", "KLDivergence"},
       [](ConfigReader&) -> std::unique_ptr<Loss> { return std::make_unique<KlDivergence>(); }},
      {{"cosine_similarity", "CosineSimilarity"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         config.unsupported("axis", -1, "Remove it");
         return std::make_unique<CosineSimilarity>();
       }},
  };
}

}  // namespace kairos::host
