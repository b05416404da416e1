// SPDX-License-Identifier: MIT
// Crossentropies in float32. Probabilities are clipped as in Keras; logits are not.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "compute/elementwise.hpp"
#include "compute/vector.hpp"
#include "nn/losses/loss_types.hpp"
#include "nn/losses/mean_loss.hpp"

namespace kairos::host {

namespace {

using Row = Eigen::Map<const Eigen::ArrayXf>;
using Gradient = Eigen::Map<Eigen::ArrayXf>;

float clipped(float p) {
  return p < least_probability ? least_probability : (p > most_probability ? most_probability : p);
}
bool is_clipped(float p) {
  return p < least_probability || p > most_probability;
}

std::string outside_fault(float target) {
  return outside_unit_interval(1, &target);
}

RowLoss binary_terms(OutputMeaning output_is, float smoothing) {
  return {output_is == OutputMeaning::Logits ? Term::BinaryCrossentropyOfLogits : Term::BinaryCrossentropy,
          {smoothing}};
}

class BinaryCrossentropy final : public TermLoss {
 public:
  BinaryCrossentropy(OutputMeaning output_is, float smoothing)
      : TermLoss("binary_crossentropy", binary_terms(output_is, smoothing), outside_fault),
        output_is_(output_is),
        of_logits_(binary_terms(OutputMeaning::Logits, smoothing)),
        by_logits_{Term::SmoothedError, {smoothing}} {}
  [[nodiscard]] OutputMeaning output_meaning() const override { return output_is_; }
  [[nodiscard]] std::string_view activation() const override {
    return output_is_ == OutputMeaning::Probabilities ? "sigmoid" : "";
  }

  void values_from_logits(std::int64_t rows, std::int64_t features, const float* target, const float* logits,
                          const float*, float* each) const override {
    of_logits_.values(rows, features, static_cast<float>(features), target, logits, each);
  }

  void gradient_by_logits(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                          const float* scale, float* gradient) const override {
    by_logits_.gradient(rows, features, static_cast<float>(features), target, output, scale, gradient);
  }

 private:
  OutputMeaning output_is_;
  RowLoss of_logits_, by_logits_;
};

/// The target is a distribution over the classes, or a class label.
class CategoricalCrossentropy final : public Loss {
 public:
  CategoricalCrossentropy(TargetKind kind, OutputMeaning output_is, float smoothing,
                          std::optional<float> ignored = std::nullopt)
      : kind_(kind), output_is_(output_is), smoothing_(smoothing), ignored_(ignored) {}
  [[nodiscard]] std::string_view name() const override {
    return kind_ == TargetKind::Label ? "sparse_categorical_crossentropy" : "categorical_crossentropy";
  }
  [[nodiscard]] TargetKind target_kind() const override { return kind_; }
  [[nodiscard]] std::unique_ptr<Loss> of_probabilities() const override {
    if (kind_ == TargetKind::Values || ignored_) return nullptr;
    return std::make_unique<CategoricalCrossentropy>(TargetKind::Values, output_is_, smoothing_);
  }

  [[nodiscard]] std::optional<float> ignored_label() const override { return ignored_; }
  [[nodiscard]] OutputMeaning output_meaning() const override { return output_is_; }
  [[nodiscard]] std::string_view activation() const override {
    return output_is_ == OutputMeaning::Probabilities ? "softmax" : "";
  }

  void check_output(std::int64_t features) const override {
    if (features < 2)
      refuse_output(
          name(), units_text(features), "one unit per class",
          "Give the last layer one unit per class and softmax, or use binary_crossentropy with sigmoid");
  }

  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    if (kind_ == TargetKind::Values) return outside_unit_interval(features, target);
    return is_ignored(target) ? "" : label_fault(features, target[0]);
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    const std::int64_t target_size = kind_ == TargetKind::Label ? 1 : features;
    for (std::int64_t row = 0; row < rows; ++row, target += target_size, output += features)
      each[row] = is_ignored(target)                    ? 0.0F
                  : output_is_ == OutputMeaning::Logits ? value_of_logits(features, target, output)
                                                        : value_of_probabilities(features, target, output);
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    const std::int64_t target_size = kind_ == TargetKind::Label ? 1 : features;
    for (std::int64_t row = 0; row < rows;
         ++row, target += target_size, output += features, gradient += features) {
      if (is_ignored(target))
        std::fill_n(gradient, features, 0.0F);
      else if (output_is_ == OutputMeaning::Logits)
        slope_of_logits(features, target, output, scale[row], gradient);
      else
        slope_of_probabilities(features, target, output, scale[row], gradient);
    }
  }

  void values_from_logits(std::int64_t rows, std::int64_t features, const float* target, const float* logits,
                          const float* output, float* each) const override {
    const std::int64_t target_size = kind_ == TargetKind::Label ? 1 : features;
    for (std::int64_t row = 0; row < rows;
         ++row, target += target_size, logits += features, output += features) {
      const float* const largest = std::max_element(logits, logits + features);
      each[row] = is_ignored(target)
                      ? 0.0F
                      : value_of_logits(features, target, logits, *largest, output[largest - logits]);
    }
  }

  void gradient_by_logits(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                          const float* scale, float* gradient) const override {
    const std::int64_t target_size = kind_ == TargetKind::Label ? 1 : features;
    for (std::int64_t row = 0; row < rows;
         ++row, target += target_size, output += features, gradient += features) {
      if (is_ignored(target))
        std::fill_n(gradient, features, 0.0F);
      else
        slope_by_logits(features, target, output, scale[row], gradient);
    }
  }

 private:
  [[nodiscard]] auto smoothed(const Row& distribution) const {
    return distribution * (1 - smoothing_) + smoothing_ / static_cast<float>(distribution.size());
  }
  [[nodiscard]] bool is_ignored(const float* target) const { return ignored_ && *target == *ignored_; }
  static Eigen::Index label_of(const float* target) { return static_cast<Eigen::Index>(target[0]); }

  /// As in Keras, the output is first divided by its sum.
  [[nodiscard]] float value_of_probabilities(std::int64_t n, const float* target, const float* output) const {
    const Row o(output, n);
    const float sum = o.sum();
    if (kind_ == TargetKind::Label) return -std::log(clipped(o(label_of(target)) / sum));
    const auto p = (o / sum).unaryExpr([](float share) { return clipped(share); });
    return -(smoothed(Row(target, n)) * p.log()).sum();
  }

  void slope_of_probabilities(std::int64_t n, const float* target, const float* output, float scale,
                              float* gradient) const {
    const Row o(output, n);
    Gradient slope(gradient, n);
    const float sum = o.sum();
    if (kind_ == TargetKind::Label) {
      const float p = o(label_of(target)) / sum;
      slope.setZero();
      slope(label_of(target)) = is_clipped(p) ? 0.0F : -1 / p;
    } else {
      slope = (o / sum).binaryExpr(smoothed(Row(target, n)),
                                   [](float p, float t) { return is_clipped(p) || t == 0 ? 0.0F : -t / p; });
    }
    const float mean = (slope * (o / sum)).sum();
    slope = scale * (slope - mean) / sum;
  }

  /// `likeliest` is the softmax of the largest logit. Differences of logits keep the precision that
  /// exponentials of large logits would lose.
  [[nodiscard]] float value_of_logits(std::int64_t n, const float* target, const float* logits, float largest,
                                      float likeliest) const {
    const float log_of_sum = -std::log(likeliest);
    if (kind_ == TargetKind::Label) return (largest - logits[label_of(target)]) + log_of_sum;
    const auto t = smoothed(Row(target, n));
    // 0 times an infinite logit counts as 0.
    return (t == 0).select(0.0F, t * ((largest - Row(logits, n)) + log_of_sum)).sum();
  }

  [[nodiscard]] float value_of_logits(std::int64_t n, const float* target, const float* logits) const {
    const float largest = logits[index_of_largest(n, logits)];
    return value_of_logits(n, target, logits, largest, function_kernels().likeliest(n, logits));
  }

  /// `output` is the softmax; `gradient` may be the same memory.
  void slope_by_logits(std::int64_t n, const float* target, const float* output, float scale,
                       float* gradient) const {
    const Row o(output, n);
    Gradient slope(gradient, n);
    if (kind_ == TargetKind::Label) {
      const float own = scale * (o(label_of(target)) - 1);
      slope = scale * o;
      slope(label_of(target)) = own;
      return;
    }
    const auto t = smoothed(Row(target, n));
    slope = scale * (t.sum() * o - t);
  }

  void slope_of_logits(std::int64_t n, const float* target, const float* logits, float scale,
                       float* gradient) const {
    function_kernels().softmax(1, n, logits, gradient);
    slope_by_logits(n, target, gradient, scale, gradient);
  }

  TargetKind kind_;
  OutputMeaning output_is_;
  float smoothing_;
  std::optional<float> ignored_;
};

OutputMeaning read_output_is(ConfigReader& config) {
  return config.boolean("from_logits", false) ? OutputMeaning::Logits : OutputMeaning::Probabilities;
}

/// Keras writes the axis of every crossentropy; only the last is supported.
void read_axis(ConfigReader& config) {
  config.unsupported("axis", -1, "Remove it");
}

float read_smoothing(ConfigReader& config) {
  return static_cast<float>(config.number("label_smoothing", 0, {0, 1}));
}

}  // namespace

std::vector<LossType> crossentropy_losses() {
  return {
      {{"binary_crossentropy", "bce", "BCE", "BinaryCrossentropy"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         read_axis(config);
         const OutputMeaning output_is = read_output_is(config);
         return std::make_unique<BinaryCrossentropy>(output_is, read_smoothing(config));
       }},
      {{"categorical_crossentropy", "CategoricalCrossentropy"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         read_axis(config);
         const OutputMeaning output_is = read_output_is(config);
         return std::make_unique<CategoricalCrossentropy>(TargetKind::Values, output_is,
                                                          read_smoothing(config));
       }},
      {{"sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         read_axis(config);
         const std::optional<std::int64_t> ignored = config.optional_integer("ignore_class", {-1e6, 1e6});
         return std::make_unique<CategoricalCrossentropy>(
             TargetKind::Label, read_output_is(config), 0.0F,
             ignored ? std::optional<float>(static_cast<float>(*ignored)) : std::nullopt);
       }},
  };
}

}  // namespace kairos::host
