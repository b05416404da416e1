// SPDX-License-Identifier: MIT
// Adamax: Adam with a decaying maximum of the gradient instead of the mean square.
#include <cmath>

#include "compute/kernels/updates.hpp"
#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host {

namespace {

class Adamax final : public Optimizer {
 public:
  explicit Adamax(ConfigReader& config)
      : Optimizer(config, 0.001),
        beta_1_(add_hyper(config, "beta_1", 0.9, fraction_range)),
        beta_2_(add_hyper(config, "beta_2", 0.999, fraction_range)),
        epsilon_(add_hyper(config, "epsilon", 1e-7, epsilon_range)) {
    add_slot_type({"momentum", 0, 0});
    add_slot_type({"norm", 0, 0});
  }

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
  std::size_t beta_1_;
  std::size_t beta_2_;
  std::size_t epsilon_;
  AdamaxStep step_{};
};

}  // namespace

OptimizerType adamax_optimizer_type() {
  return {"Adamax", [](ConfigReader& config) -> std::unique_ptr<Optimizer> {
            return std::make_unique<Adamax>(config);
          }};
}

}  // namespace kairos::host
