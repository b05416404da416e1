// SPDX-License-Identifier: MIT
// Losses of whole rows: KL divergence between distributions, cosine similarity between directions.
#include <Eigen/Core>
#include <nlohmann/json.hpp>

#include "nn/losses/loss_types.hpp"
#include "nn/losses/mean_loss.hpp"

namespace kairos::host {

namespace {

auto vector(std::int64_t n, const float* values) {
  return Eigen::Map<const Eigen::VectorXf>(values, n).cast<double>();
}

constexpr double longest_inverse = 1 / static_cast<double>(loss_epsilon);

template <class Vector>
double inverse_length(const Vector& vector) {
  const double inverse = 1 / vector.norm();
  return inverse > longest_inverse ? longest_inverse : inverse;
}

std::string probability_fault(float target) {
  return outside_unit_interval(1, &target);
}

/// -1 for the same direction, 1 for the opposite one.
class CosineSimilarity final : public Loss {
 public:
  [[nodiscard]] std::string_view name() const override { return "cosine_similarity"; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t, const float*) const override { return ""; }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    for (std::int64_t row = 0; row < rows; ++row, target += features, output += features) {
      const auto t = vector(features, target), o = vector(features, output);
      each[row] = static_cast<float>(-t.dot(o) * inverse_length(t) * inverse_length(o));
    }
  }

  /// An output shorter than Keras' epsilon is divided by epsilon, not normalised: its length is constant.
  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    for (std::int64_t row = 0; row < rows;
         ++row, target += features, output += features, gradient += features) {
      const auto t = vector(features, target), o = vector(features, output);
      const double of_target = inverse_length(t), of_output = inverse_length(o);
      const double along = of_output < longest_inverse ? t.dot(o) * of_target * of_output : 0.0;
      const double factor = -static_cast<double>(scale[row]) * of_output;
      Eigen::Map<Eigen::VectorXf>(gradient, features) =
          (factor * (of_target * t - along * of_output * o)).cast<float>();
    }
  }
};

}  // namespace

std::vector<LossType> row_losses() {
  return {
      {{"kl_divergence", "kullback_leibler_divergence", "kld", "KLD", "KLDivergence"},
       [](ConfigReader&) -> std::unique_ptr<Loss> {
         return std::make_unique<TermLoss>("kl_divergence", RowLoss{Term::KlDivergence}, probability_fault,
                                           TermLoss::Row::Sum);
       }},
      {{"cosine_similarity", "CosineSimilarity"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         config.unsupported("axis", -1, "Remove it");
         return std::make_unique<CosineSimilarity>();
       }},
  };
}

}  // namespace kairos::host
