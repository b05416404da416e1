// SPDX-License-Identifier: MIT
// Penalties, their gradients, and their Keras JSON.
#include "nn/regularizer.hpp"

#include <Eigen/Core>
#include <nlohmann/json.hpp>
#include <string>

#include "compute/parallel.hpp"
#include "compute/vector.hpp"
#include "kairos/host/error.hpp"
#include "nn/keras/object.hpp"

namespace kairos::host {

double Regularizer::penalty(std::int64_t n, const float* weights) const noexcept {
  double sum = 0;
  if (l1 != 0) sum += l1 * sum_of_magnitudes(n, weights);
  if (l2 != 0) sum += l2 * sum_of_squares(n, weights);
  return sum;
}

void Regularizer::add_gradient(std::int64_t n, const float* weights, float* gradient) const noexcept {
  in_parallel(n, least_values, [=, this](std::int64_t begin, std::int64_t end) {
    const Eigen::Map<const Eigen::ArrayXf> w(weights + begin, end - begin);
    Eigen::Map<Eigen::ArrayXf> sum(gradient + begin, end - begin);
    // Eigen's sign() is slower, because it has no vector code.
    const auto sign = [](float x) { return x > 0 ? 1.0F : (x < 0 ? -1.0F : 0.0F); };
    if (l1 != 0) sum += static_cast<float>(l1) * w.unaryExpr(sign);
    if (l2 != 0) sum += static_cast<float>(2 * l2) * w;
  });
}

Regularizer Regularizer::per_sample(std::int64_t samples) const noexcept {
  const double share = samples == 0 ? 0 : 1 / static_cast<double>(samples);
  return {l1 * share, l2 * share};
}

namespace {
constexpr double keras_default = 0.01;  ///< of l1 in L1() and of l2 in L2(); in L1L2() both are 0
constexpr NumberRange factor_range{0, 1e30};
}  // namespace

Regularizer read_regularizer(ConfigReader& config, std::string_view key) {
  const nlohmann::json* value = config.take(key);
  if (value == nullptr) return {};
  const KerasObject object(*value, config.where() + " " + std::string(key), {"l1", "l2", "l1_l2"},
                           config.unknown_keys());
  const std::string kind = snake_case(object.class_name());
  ConfigReader arguments(object.config(), object.where(), config.inside("regularizer", object.class_name()));
  Regularizer result;
  if (kind == "l1") {
    result.l1 = arguments.number("l1", keras_default, factor_range);
  } else if (kind == "l2") {
    result.l2 = arguments.number("l2", keras_default, factor_range);
  } else if (kind == "l1_l2" || kind == "l1l2") {
    result.l1 = arguments.number("l1", 0, factor_range);
    result.l2 = arguments.number("l2", 0, factor_range);
  } else {
    object.unknown("KAIROS-M014", "regularizer");
  }
  arguments.finish();
  return result;
}

nlohmann::json regularizer_json(const Regularizer& regularizer) {
  if (regularizer.none()) return nullptr;
  if (regularizer.l1 == 0) return keras_object("keras.regularizers", "L2", {{"l2", regularizer.l2}});
  if (regularizer.l2 == 0) return keras_object("keras.regularizers", "L1", {{"l1", regularizer.l1}});
  return keras_object("keras.regularizers", "L1L2", {{"l1", regularizer.l1}, {"l2", regularizer.l2}});
}

}  // namespace kairos::host
