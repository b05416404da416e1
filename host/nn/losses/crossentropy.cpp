// SPDX-License-Identifier: MIT
// The crossentropies in float32. From probabilities they clip as Keras does; from logits nothing is clipped.
#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "kairos/host/error.hpp"
#include "nn/losses/loss_types.hpp"
#include "nn/losses/mean_loss.hpp"

namespace kairos::host {

namespace {

/// Probabilities outside [least, most] count as the bound and have no gradient.
constexpr float least_probability = loss_epsilon;
constexpr float most_probability = static_cast<float>(1.0 - 1e-7);

float clipped(float p) {
  return p < least_probability ? least_probability : (p > most_probability ? most_probability : p);
}
bool is_clipped(float p) {
  return p < least_probability || p > most_probability;
}

[[noreturn]] void refuse_output(std::string_view loss, std::int64_t features, const char* expected,
                                const char* cure) {
  throw Error(
      ErrorKind::Model,
      {"KAIROS-M032", "loss " + std::string(loss), "it cannot train the model's output",
       fmt::format("{} unit{} in the last layer", features, features == 1 ? "" : "s"), expected, cure});
}

/// Of one yes or no, of the several in a row.
struct BinaryTerm {
  static constexpr std::string_view name = "binary_crossentropy";
  OutputMeaning output_is;
  float smoothing;

  [[nodiscard]] std::string fault(float target) const { return outside_unit_interval(1, &target); }
  [[nodiscard]] float value(float target, float o) const {
    const float t = smoothed(target);
    if (output_is == OutputMeaning::Logits)
      return std::max(o, 0.0F) - o * t + std::log1p(std::exp(-std::abs(o)));
    const float p = clipped(o);
    return -(t * std::log(p) + (1 - t) * std::log1p(-p));
  }
  [[nodiscard]] float slope(float target, float o) const {
    const float t = smoothed(target);
    if (output_is == OutputMeaning::Logits) return 1 / (1 + std::exp(-o)) - t;
    return is_clipped(o) ? 0.0F : (o - t) / (o * (1 - o));
  }
  [[nodiscard]] float smoothed(float t) const { return t * (1 - smoothing) + 0.5F * smoothing; }
};

class BinaryCrossentropy final : public MeanLoss<BinaryTerm> {
 public:
  explicit BinaryCrossentropy(BinaryTerm term)
      : MeanLoss(term), term_(term), of_logits_(BinaryTerm{OutputMeaning::Logits, term.smoothing}) {}
  [[nodiscard]] OutputMeaning output_meaning() const override { return term_.output_is; }
  [[nodiscard]] std::string_view activation() const override {
    return term_.output_is == OutputMeaning::Probabilities ? "sigmoid" : "";
  }

  void values_from_logits(std::int64_t rows, std::int64_t features, const float* target, const float* logits,
                          const float*, float* each) const override {
    of_logits_.values(rows, features, target, logits, each);
  }

  void gradient_by_logits(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                          const float* scale, float* gradient) const override {
    for (std::int64_t row = 0; row < rows;
         ++row, target += features, output += features, gradient += features) {
      const float factor = scale[row] / static_cast<float>(features);
      for (std::int64_t i = 0; i < features; ++i)
        gradient[i] = factor * (output[i] - term_.smoothed(target[i]));
    }
  }

 private:
  BinaryTerm term_;
  MeanLoss<BinaryTerm> of_logits_;
};

/// Against a distribution, or against a class number (the distribution that is 1 there).
class CategoricalCrossentropy final : public Loss {
 public:
  CategoricalCrossentropy(TargetKind kind, OutputMeaning output_is, float smoothing)
      : kind_(kind), output_is_(output_is), smoothing_(smoothing) {}
  [[nodiscard]] std::string_view name() const override {
    return kind_ == TargetKind::Label ? "sparse_categorical_crossentropy" : "categorical_crossentropy";
  }
  [[nodiscard]] TargetKind target_kind() const override { return kind_; }

  [[nodiscard]] OutputMeaning output_meaning() const override { return output_is_; }
  [[nodiscard]] std::string_view activation() const override {
    return output_is_ == OutputMeaning::Probabilities ? "softmax" : "";
  }

  void check_output(std::int64_t features) const override {
    if (features < 2)
      refuse_output(
          name(), features, "a unit for each class",
          "Give the last layer one unit per class and softmax, or use binary_crossentropy with sigmoid");
  }

  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    if (kind_ == TargetKind::Values) return outside_unit_interval(features, target);
    const float label = target[0];
    if (!(label >= 0 && label <= static_cast<float>(features - 1)))
      return fmt::format("label {} is outside 0 … {}", label, features - 1);
    return label == std::floor(label) ? "" : fmt::format("label {} is not a whole number", label);
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    const std::int64_t target_size = kind_ == TargetKind::Label ? 1 : features;
    for (std::int64_t row = 0; row < rows; ++row, target += target_size, output += features)
      each[row] = output_is_ == OutputMeaning::Logits ? value_of_logits(features, target, output)
                                                      : value_of_probabilities(features, target, output);
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    const std::int64_t target_size = kind_ == TargetKind::Label ? 1 : features;
    for (std::int64_t row = 0; row < rows;
         ++row, target += target_size, output += features, gradient += features) {
      if (output_is_ == OutputMeaning::Logits)
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
      each[row] = value_of_logits(features, target, logits, *largest, output[largest - logits]);
    }
  }

  void gradient_by_logits(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                          const float* scale, float* gradient) const override {
    const std::int64_t target_size = kind_ == TargetKind::Label ? 1 : features;
    for (std::int64_t row = 0; row < rows;
         ++row, target += target_size, output += features, gradient += features)
      slope_by_logits(features, target, output, scale[row], gradient);
  }

 private:
  /// Of a distribution over n classes.
  [[nodiscard]] float target_at(std::int64_t n, const float* target, std::int64_t i) const {
    if (kind_ == TargetKind::Values) return target[i] * (1 - smoothing_) + smoothing_ / static_cast<float>(n);
    return target[0] == static_cast<float>(i) ? 1.0F : 0.0F;
  }

  static float sum_of(std::int64_t n, const float* values) {
    float sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += values[i];
    return sum;
  }

  /// Keras divides by the sum first, so that an output that is not quite a distribution counts as one.
  [[nodiscard]] float value_of_probabilities(std::int64_t n, const float* target, const float* output) const {
    const float sum = sum_of(n, output);
    if (kind_ == TargetKind::Label)
      return -std::log(clipped(output[static_cast<std::int64_t>(target[0])] / sum));
    float loss = 0;
    for (std::int64_t i = 0; i < n; ++i) loss -= target_at(n, target, i) * std::log(clipped(output[i] / sum));
    return loss;
  }

  void slope_of_probabilities(std::int64_t n, const float* target, const float* output, float scale,
                              float* gradient) const {
    const float sum = sum_of(n, output);
    float mean = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const float p = output[i] / sum;
      const float t = target_at(n, target, i);
      gradient[i] = is_clipped(p) || t == 0 ? 0.0F : -t / p;
      mean += gradient[i] * p;
    }
    for (std::int64_t i = 0; i < n; ++i) gradient[i] = scale * (gradient[i] - mean) / sum;
  }

  /// `likeliest` is the softmax of the largest logit. Differences of logits are exact where it matters,
  /// however large the logits are.
  [[nodiscard]] float value_of_logits(std::int64_t n, const float* target, const float* logits, float largest,
                                      float likeliest) const {
    const float log_of_sum = -std::log(likeliest);
    if (kind_ == TargetKind::Label)
      return (largest - logits[static_cast<std::int64_t>(target[0])]) + log_of_sum;
    float loss = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const float t = target_at(n, target, i);
      if (t != 0) loss += t * ((largest - logits[i]) + log_of_sum);
    }
    return loss;
  }

  [[nodiscard]] float value_of_logits(std::int64_t n, const float* target, const float* logits) const {
    const float largest = *std::max_element(logits, logits + n);
    float sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += std::exp(logits[i] - largest);
    return value_of_logits(n, target, logits, largest, 1 / sum);
  }

  /// `output` is the softmax, and may be in the place of `gradient`.
  void slope_by_logits(std::int64_t n, const float* target, const float* output, float scale,
                       float* gradient) const {
    if (kind_ == TargetKind::Label) {
      const auto label = static_cast<std::int64_t>(target[0]);
      for (std::int64_t i = 0; i < n; ++i) gradient[i] = scale * (output[i] - (i == label ? 1.0F : 0.0F));
      return;
    }
    float total = 0;
    for (std::int64_t i = 0; i < n; ++i) total += target_at(n, target, i);
    for (std::int64_t i = 0; i < n; ++i) gradient[i] = scale * (total * output[i] - target_at(n, target, i));
  }

  void slope_of_logits(std::int64_t n, const float* target, const float* logits, float scale,
                       float* gradient) const {
    const float largest = *std::max_element(logits, logits + n);
    float sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += gradient[i] = std::exp(logits[i] - largest);
    for (std::int64_t i = 0; i < n; ++i) gradient[i] /= sum;
    slope_by_logits(n, target, gradient, scale, gradient);
  }

  TargetKind kind_;
  OutputMeaning output_is_;
  float smoothing_;
};

OutputMeaning read_output_is(ConfigReader& config) {
  return config.boolean("from_logits", false) ? OutputMeaning::Logits : OutputMeaning::Probabilities;
}

/// What Keras writes of every crossentropy, and has one meaning here.
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
         return std::make_unique<BinaryCrossentropy>(BinaryTerm{output_is, read_smoothing(config)});
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
         config.unsupported("ignore_class", nullptr, "Give those samples the weight 0");
         return std::make_unique<CategoricalCrossentropy>(TargetKind::Label, read_output_is(config), 0.0F);
       }},
  };
}

}  // namespace kairos::host
