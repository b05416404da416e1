// SPDX-License-Identifier: MIT
// Adadelta: scales steps by the running mean of previous steps.
#include "compute/kernels/updates.hpp"
#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host {

namespace {

class Adadelta final : public Optimizer {
 public:
  explicit Adadelta(ConfigReader& config)
      : Optimizer(config, 0.001),
        rho_(add_hyper(config, "rho", 0.95, fraction_range)),
        epsilon_(add_hyper(config, "epsilon", 1e-7, epsilon_range)) {
    add_slot_type({"accumulated_grad", 0, 0});
    add_slot_type({"accumulated_delta_var", 0, 0});
  }

  [[nodiscard]] std::string_view class_name() const override { return "Adadelta"; }
  [[nodiscard]] std::string_view instance_name() const override { return "adadelta"; }

 protected:
  void update(const Part& part) const override {
    update_kernels().adadelta(part.n, learning_rate(), static_cast<float>(value(rho_)),
                              static_cast<float>(value(epsilon_)), part.gradient, slot(part, 0),
                              slot(part, 1), part.values);
  }

 private:
  std::size_t rho_;
  std::size_t epsilon_;
};

}  // namespace

OptimizerType adadelta_optimizer_type() {
  return {"Adadelta", [](ConfigReader& config) -> std::unique_ptr<Optimizer> {
            return std::make_unique<Adadelta>(config);
          }};
}

}  // namespace kairos::host
