// SPDX-License-Identifier: MIT
// Nadam: Adam with Nesterov momentum.
#include <cmath>

#include "compute/kernels/updates.hpp"
#include "nn/optimizers/moment_optimizer.hpp"

namespace kairos::host {

namespace {

class Nadam final : public MomentOptimizer {
 public:
  explicit Nadam(ConfigReader& config) : MomentOptimizer(config) {
    // Keras does not name this variable.
    add_shared_slot("variable", &momentum_product_);
  }

  [[nodiscard]] std::string_view class_name() const override { return "Nadam"; }
  [[nodiscard]] std::string_view instance_name() const override { return "nadam"; }

 protected:
  void begin_step() override {
    const float now = momentum_at(updates() + 1);
    const float next = momentum_at(updates() + 2);
    momentum_product_ *= now;
    const float power_2 = std::pow(static_cast<float>(value(beta_2_)), static_cast<float>(updates() + 1));
    step_ = {0,
             static_cast<float>(1 - value(beta_1_)),
             static_cast<float>(1 - value(beta_2_)),
             static_cast<float>(value(epsilon_)),
             next / (1 - momentum_product_ * next),
             (1 - now) / (1 - momentum_product_),
             1 - power_2};
  }

  void update(const Part& part) const override {
    NadamStep step = step_;
    step.rate = learning_rate();
    update_kernels().nadam(part.n, step, part.gradient, slot(part, 0), slot(part, 1), part.values);
  }

 private:
  /// Increases from about half of beta_1 to beta_1.
  [[nodiscard]] float momentum_at(std::int64_t step) const {
    return static_cast<float>(value(beta_1_)) * (1 - 0.5F * std::pow(0.96F, static_cast<float>(step)));
  }

  float momentum_product_ = 1;
  NadamStep step_{};
};

}  // namespace

OptimizerType nadam_optimizer_type() {
  return {"Nadam",
          [](ConfigReader& config) -> std::unique_ptr<Optimizer> { return std::make_unique<Nadam>(config); }};
}

}  // namespace kairos::host
