// SPDX-License-Identifier: MIT
// ReLU, LeakyReLU and ELU.
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/pointwise_layer.hpp"

namespace kairos::host {

namespace {

constexpr NumberRange not_negative{0, 3e38};

class Relu {
 public:
  explicit Relu(ConfigReader& config)
      : max_value_(config.optional_number("max_value", not_negative)),
        slope_(config.number("negative_slope", 0, not_negative)),
        threshold_(config.number("threshold", 0, not_negative)) {}

  [[nodiscard]] PointwiseFunction function() const {
    const auto limit = static_cast<float>(max_value_.value_or(std::numeric_limits<double>::infinity()));
    const auto below = static_cast<float>(slope_);
    if (threshold_ != 0 || (max_value_ && slope_ != 0))
      return {Function::GeneralRelu, {limit, below, static_cast<float>(threshold_)}};
    if (slope_ != 0) return {Function::LeakyRelu, {below}};
    return max_value_ ? PointwiseFunction{Function::LimitedRelu, {limit}} : PointwiseFunction{Function::Relu};
  }
  [[nodiscard]] static bool slope_is_of_output() { return false; }
  void write(nlohmann::json& config) const {
    config["max_value"] = max_value_ ? nlohmann::json(*max_value_) : nlohmann::json(nullptr);
    config["negative_slope"] = slope_;
    config["threshold"] = threshold_;
  }

 private:
  std::optional<double> max_value_;
  double slope_;
  double threshold_;
};

class LeakyRelu {
 public:
  explicit LeakyRelu(ConfigReader& config) {
    const std::optional<double> old = config.optional_number("alpha", not_negative);  // Keras 2
    const std::optional<double> given = config.optional_number("negative_slope", not_negative);
    if (old && given)
      config.bad_value("alpha", "only one of alpha and negative_slope", "Leave one of them out");
    slope_ = given.value_or(old.value_or(0.3));
  }

  [[nodiscard]] PointwiseFunction function() const {
    return {Function::LeakyRelu, {static_cast<float>(slope_)}};
  }
  [[nodiscard]] static bool slope_is_of_output() { return false; }
  void write(nlohmann::json& config) const { config["negative_slope"] = slope_; }

 private:
  double slope_;
};

class Elu {
 public:
  explicit Elu(ConfigReader& config) : alpha_(config.number("alpha", 1, not_negative)) {}

  [[nodiscard]] PointwiseFunction function() const {
    if (alpha_ == 0) return {Function::Relu};
    return {Function::Elu, {static_cast<float>(alpha_)}};
  }
  [[nodiscard]] static bool slope_is_of_output() { return true; }
  void write(nlohmann::json& config) const { config["alpha"] = alpha_; }

 private:
  double alpha_;
};

}  // namespace

// Their shorthand names are the class names, because relu, leaky_relu and elu are activations.

LayerType relu_layer_type() {
  return {"ReLU", "ReLU", {"max_value"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<PointwiseLayer<Relu>>(config, "ReLU");
          }};
}

LayerType leaky_relu_layer_type() {
  return {"LeakyReLU", "LeakyReLU", {"negative_slope"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<PointwiseLayer<LeakyRelu>>(config, "LeakyReLU");
          }};
}

LayerType elu_layer_type() {
  return {"ELU", "ELU", {"alpha"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<PointwiseLayer<Elu>>(config, "ELU");
          }};
}

}  // namespace kairos::host
