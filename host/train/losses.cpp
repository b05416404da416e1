// SPDX-License-Identifier: MIT
// The loss functions, in float32 and with the clipping of Keras' torch backend.
#include "train/losses.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "compute/vector.hpp"
#include "kairos/host/error.hpp"
#include "train/call_text.hpp"
#include "train/config_reader.hpp"

namespace kairos::host {

namespace {

/// Keras' epsilon. Probabilities outside [least, most] count as the bound and have no gradient.
constexpr float least_probability = 1e-7F;
constexpr float most_probability = static_cast<float>(1.0 - 1e-7);

enum class OutputIs { Probabilities, Logits };

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

std::string outside_unit_interval(std::int64_t n, const float* target) {
  for (std::int64_t i = 0; i < n; ++i)
    if (!(target[i] >= 0 && target[i] <= 1)) return fmt::format("target {} is outside 0 … 1", target[i]);
  return "";
}

class MeanSquaredError final : public Loss {
 public:
  [[nodiscard]] std::string_view name() const override { return "mean_squared_error"; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t, const float*) const override { return ""; }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    for (std::int64_t row = 0; row < rows; ++row, target += features, output += features) {
      float sum = 0;
      for (std::int64_t i = 0; i < features; ++i) sum += (target[i] - output[i]) * (target[i] - output[i]);
      each[row] = sum / static_cast<float>(features);
    }
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    for (std::int64_t row = 0; row < rows;
         ++row, target += features, output += features, gradient += features) {
      const float factor = 2.0F * scale[row] / static_cast<float>(features);
      for (std::int64_t i = 0; i < features; ++i) gradient[i] = factor * (output[i] - target[i]);
    }
  }
};

class MeanAbsoluteError final : public Loss {
 public:
  [[nodiscard]] std::string_view name() const override { return "mean_absolute_error"; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t, const float*) const override { return ""; }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    for (std::int64_t row = 0; row < rows; ++row, target += features, output += features) {
      float sum = 0;
      for (std::int64_t i = 0; i < features; ++i) sum += std::abs(target[i] - output[i]);
      each[row] = sum / static_cast<float>(features);
    }
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    for (std::int64_t row = 0; row < rows;
         ++row, target += features, output += features, gradient += features) {
      const float factor = scale[row] / static_cast<float>(features);
      for (std::int64_t i = 0; i < features; ++i) {
        const float error = output[i] - target[i];
        gradient[i] = error > 0 ? factor : (error < 0 ? -factor : 0.0F * error);
      }
    }
  }
};

class BinaryCrossentropy final : public Loss {
 public:
  explicit BinaryCrossentropy(OutputIs output_is) : output_is_(output_is) {}
  [[nodiscard]] std::string_view name() const override { return "binary_crossentropy"; }
  void check_output(std::int64_t) const override {}
  [[nodiscard]] std::string target_fault(std::int64_t features, const float* target) const override {
    return outside_unit_interval(features, target);
  }

  void values(std::int64_t rows, std::int64_t features, const float* target, const float* output,
              float* each) const override {
    for (std::int64_t row = 0; row < rows; ++row, target += features, output += features) {
      float sum = 0;
      for (std::int64_t i = 0; i < features; ++i) sum += value(target[i], output[i]);
      each[row] = sum / static_cast<float>(features);
    }
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    for (std::int64_t row = 0; row < rows;
         ++row, target += features, output += features, gradient += features) {
      const float factor = scale[row] / static_cast<float>(features);
      for (std::int64_t i = 0; i < features; ++i) gradient[i] = factor * slope(target[i], output[i]);
    }
  }

 private:
  [[nodiscard]] float value(float t, float o) const {
    if (output_is_ == OutputIs::Logits) return std::max(o, 0.0F) - o * t + std::log1p(std::exp(-std::abs(o)));
    const float p = clipped(o);
    return -(t * std::log(p) + (1 - t) * std::log1p(-p));
  }
  [[nodiscard]] float slope(float t, float o) const {
    if (output_is_ == OutputIs::Logits) return 1 / (1 + std::exp(-o)) - t;
    return is_clipped(o) ? 0.0F : (o - t) / (o * (1 - o));
  }

  OutputIs output_is_;
};

/// Against a distribution, or against a class number (the distribution that is 1 there).
class CategoricalCrossentropy final : public Loss {
 public:
  CategoricalCrossentropy(TargetKind kind, OutputIs output_is) : kind_(kind), output_is_(output_is) {}
  [[nodiscard]] std::string_view name() const override {
    return kind_ == TargetKind::Label ? "sparse_categorical_crossentropy" : "categorical_crossentropy";
  }
  [[nodiscard]] TargetKind target_kind() const override { return kind_; }

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
      each[row] = output_is_ == OutputIs::Logits ? value_of_logits(features, target, output)
                                                 : value_of_probabilities(features, target, output);
  }

  void gradient(std::int64_t rows, std::int64_t features, const float* target, const float* output,
                const float* scale, float* gradient) const override {
    const std::int64_t target_size = kind_ == TargetKind::Label ? 1 : features;
    for (std::int64_t row = 0; row < rows;
         ++row, target += target_size, output += features, gradient += features) {
      if (output_is_ == OutputIs::Logits)
        slope_of_logits(features, target, output, scale[row], gradient);
      else
        slope_of_probabilities(features, target, output, scale[row], gradient);
    }
  }

 private:
  [[nodiscard]] float target_at(const float* target, std::int64_t i) const {
    if (kind_ == TargetKind::Values) return target[i];
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
    for (std::int64_t i = 0; i < n; ++i) loss -= target[i] * std::log(clipped(output[i] / sum));
    return loss;
  }

  void slope_of_probabilities(std::int64_t n, const float* target, const float* output, float scale,
                              float* gradient) const {
    const float sum = sum_of(n, output);
    float mean = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const float p = output[i] / sum;
      const float t = target_at(target, i);
      gradient[i] = is_clipped(p) || t == 0 ? 0.0F : -t / p;
      mean += gradient[i] * p;
    }
    for (std::int64_t i = 0; i < n; ++i) gradient[i] = scale * (gradient[i] - mean) / sum;
  }

  static float log_of_sum(std::int64_t n, const float* logits) {
    const float largest = *std::max_element(logits, logits + n);
    float sum = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += std::exp(logits[i] - largest);
    return largest + std::log(sum);
  }

  [[nodiscard]] float value_of_logits(std::int64_t n, const float* target, const float* logits) const {
    const float normaliser = log_of_sum(n, logits);
    float loss = 0;
    for (std::int64_t i = 0; i < n; ++i) loss -= target_at(target, i) * (logits[i] - normaliser);
    return loss;
  }

  void slope_of_logits(std::int64_t n, const float* target, const float* logits, float scale,
                       float* gradient) const {
    const float normaliser = log_of_sum(n, logits);
    float total = 0;
    for (std::int64_t i = 0; i < n; ++i) total += target_at(target, i);
    for (std::int64_t i = 0; i < n; ++i)
      gradient[i] = scale * (total * std::exp(logits[i] - normaliser) - target_at(target, i));
  }

  TargetKind kind_;
  OutputIs output_is_;
};

OutputIs read_output_is(ConfigReader& config) {
  return config.boolean("from_logits", false) ? OutputIs::Logits : OutputIs::Probabilities;
}

struct LossType {
  std::vector<std::string> names;  ///< the first is the full name
  std::unique_ptr<Loss> (*make)(ConfigReader&);
};

const std::vector<LossType>& loss_types() {
  static const std::vector<LossType> types{
      {{"mean_squared_error", "mse", "MSE", "MeanSquaredError"},
       [](ConfigReader&) -> std::unique_ptr<Loss> { return std::make_unique<MeanSquaredError>(); }},
      {{"mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"},
       [](ConfigReader&) -> std::unique_ptr<Loss> { return std::make_unique<MeanAbsoluteError>(); }},
      {{"binary_crossentropy", "bce", "BCE", "BinaryCrossentropy"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         return std::make_unique<BinaryCrossentropy>(read_output_is(config));
       }},
      {{"categorical_crossentropy", "CategoricalCrossentropy"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         return std::make_unique<CategoricalCrossentropy>(TargetKind::Values, read_output_is(config));
       }},
      {{"sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"},
       [](ConfigReader& config) -> std::unique_ptr<Loss> {
         return std::make_unique<CategoricalCrossentropy>(TargetKind::Label, read_output_is(config));
       }},
  };
  return types;
}

const LossType* find_loss(std::string_view name) {
  for (const LossType& type : loss_types())
    if (std::find(type.names.begin(), type.names.end(), name) != type.names.end()) return &type;
  return nullptr;
}

}  // namespace

bool is_loss_name(std::string_view name) {
  return find_loss(name) != nullptr;
}

std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  for (const LossType& type : loss_types()) names.push_back(type.names.front());
  return names;
}

std::unique_ptr<Loss> make_loss(std::string_view text) {
  const CallText call = parse_call(text, "loss");
  const LossType* type = find_loss(call.name);
  if (type == nullptr)
    throw Error(ErrorKind::Model, {"KAIROS-M030", "loss", "there is no loss \"" + call.name + "\"", "", "",
                                   suggest(call.name, loss_names())});
  const nlohmann::json description = call_json(call, "loss");
  ConfigReader config(description.at("config"), "loss " + call.name);
  std::unique_ptr<Loss> loss = type->make(config);
  config.finish();
  return loss;
}

double reduce_losses(LossReduction reduction, std::int64_t samples, std::int64_t rows_per_sample,
                     const float* each, const WeightView& weights, float* scale) {
  const std::int64_t rows = samples * rows_per_sample;
  if (weights.values != nullptr && weights.per_sample != 1 && weights.per_sample != rows_per_sample)
    throw Error(ErrorKind::Data, {"KAIROS-D301", "sample weights", "the weights do not fit the output",
                                  fmt::format("{} weights per sample", weights.per_sample),
                                  rows_per_sample == 1 ? "one" : fmt::format("one or {}", rows_per_sample),
                                  "Give one weight per sample or one per timestep"});
  const std::int64_t rows_per_weight = rows_per_sample / weights.per_sample;
  double total = 0;
  double weight_sum = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    scale[row] = weights.values == nullptr ? 1.0F : weights.values[row / rows_per_weight];
    total += static_cast<double>(scale[row]) * static_cast<double>(each[row]);
    weight_sum += static_cast<double>(scale[row]);
  }
  const bool by_weights = reduction == LossReduction::MeanWithSampleWeight && weights.values != nullptr;
  const double divisor = by_weights ? weight_sum : static_cast<double>(rows);
  const double factor = divisor == 0 ? 0.0 : 1.0 / divisor;
  for (std::int64_t row = 0; row < rows; ++row)
    scale[row] = static_cast<float>(static_cast<double>(scale[row]) * factor);
  return total * factor;
}

}  // namespace kairos::host
