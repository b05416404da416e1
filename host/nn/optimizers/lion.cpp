// SPDX-License-Identifier: MIT
// Lion: steps of one size in the direction of a momentum's sign (Chen et al., 2023).
#include "compute/kernels/updates.hpp"
#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host {

namespace {

class Lion final : public Optimizer {
 public:
  explicit Lion(ConfigReader& config)
      : Optimizer(config, 0.001),
        beta_1_(add_hyper(config, "beta_1", 0.9, {1e-30, 1})),
        beta_2_(add_hyper(config, "beta_2", 0.99, fraction_range)) {
    add_slot_type({"momentum", 0, 0});
  }

  [[nodiscard]] std::string_view class_name() const override { return "Lion"; }
  [[nodiscard]] std::string_view instance_name() const override { return "lion"; }

 protected:
  void update(const Part& part) const override {
    update_kernels().lion(part.n, learning_rate(), static_cast<float>(value(beta_1_)),
                          static_cast<float>(value(beta_2_)), part.gradient, slot(part, 0), part.values);
  }

 private:
  std::size_t beta_1_;
  std::size_t beta_2_;
};

}  // namespace

OptimizerType lion_optimizer_type() {
  return {"Lion",
          [](ConfigReader& config) -> std::unique_ptr<Optimizer> { return std::make_unique<Lion>(config); }};
}

}  // namespace kairos::host
