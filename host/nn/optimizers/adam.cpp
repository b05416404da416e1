// SPDX-License-Identifier: MIT
// Adam's arguments, slots and step.
#include "nn/optimizers/adam.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace kairos::host {

Adam::Adam(ConfigReader& config) : MomentOptimizer(config), amsgrad_(config.boolean("amsgrad", false)) {
  if (amsgrad_) add_slot_type({"velocity_hat", 1, 0});
}

void Adam::begin_step() {
  const auto count = static_cast<float>(updates() + 1);
  const float power_1 = std::pow(static_cast<float>(value(beta_1_)), count);
  const float power_2 = std::pow(static_cast<float>(value(beta_2_)), count);
  root_ = std::sqrt(1 - power_2);
  bias_ = 1 - power_1;
  step_ = {0, static_cast<float>(1 - value(beta_1_)), static_cast<float>(1 - value(beta_2_)),
           static_cast<float>(value(epsilon_))};
}

void Adam::update(const Part& part) const {
  AdamStep step = step_;
  step.rate = learning_rate() * root_ / bias_;
  const UpdateKernels& kernels = update_kernels();
  if (amsgrad_)
    kernels.amsgrad(part.n, step, part.gradient, slot(part, 0), slot(part, 1), slot(part, 2), part.values);
  else
    kernels.adam(part.n, step, part.gradient, slot(part, 0), slot(part, 1), part.values);
}

void Adam::write_config(nlohmann::json& config) const {
  config["amsgrad"] = amsgrad_;
}

OptimizerType adam_optimizer_type() {
  return {"Adam",
          [](ConfigReader& config) -> std::unique_ptr<Optimizer> { return std::make_unique<Adam>(config); }};
}

}  // namespace kairos::host
