// SPDX-License-Identifier: MIT
// Adamax: Adam with a decaying maximum of the gradient instead of the mean square.
#include <cmath>

#include "compute/kernels/updates.hpp"
#include "nn/optimizers/moment_optimizer.hpp"

namespace kairos::host {

namespace {

class Adamax final : public MomentOptimizer {
 public:
  explicit Adamax(ConfigReader& config) : MomentOptimizer(config, "norm") {}

  [[nodiscard]] std::string_view class_name() const override { return "Adamax"; }
  [[nodiscard]] std::string_view instance_name() const override { return "adamax"; }

 protected:
  void begin_step() override {
    const float power = std::pow(static_cast<float>(value(beta_1_)), static_cast<float>(updates() + 1));
    step_ = {0, static_cast<float>(1 - value(beta_1_)), static_cast<float>(value(beta_2_)), 1 - power,
             static_cast<float>(value(epsilon_))};
  }

  void update(const Part& part) const override {
    AdamaxStep step = step_;
    step.rate = learning_rate();
    update_kernels().adamax(part.n, step, part.gradient, slot(part, 0), slot(part, 1), part.values);
  }

 private:
  AdamaxStep step_{};
};

}  // namespace

OptimizerType adamax_optimizer_type() {
  return {"Adamax", [](ConfigReader& config) -> std::unique_ptr<Optimizer> {
            return std::make_unique<Adamax>(config);
          }};
}

}  // namespace kairos::host
