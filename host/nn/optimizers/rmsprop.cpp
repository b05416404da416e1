// SPDX-License-Identifier: MIT
// RMSprop: scales steps by a running mean of the squared gradient.
#include <nlohmann/json.hpp>

#include "compute/kernels/updates.hpp"
#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host {

namespace {

class Rmsprop final : public Optimizer {
 public:
  explicit Rmsprop(ConfigReader& config)
      : Optimizer(config, 0.001),
        rho_(add_hyper(config, "rho", 0.9, fraction_range)),
        momentum_(add_hyper(config, "momentum", 0, fraction_range)),
        epsilon_(add_hyper(config, "epsilon", 1e-7, epsilon_range)),
        centered_(config.boolean("centered", false)),
        has_momentum_(value(momentum_) != 0) {
    add_slot_type({"velocity", 0, 0});
    if (has_momentum_) add_slot_type({"momentum", 1, 0});
    if (centered_) add_slot_type({"average_gradient", 2, 0});
  }

  [[nodiscard]] std::string_view class_name() const override { return "RMSprop"; }
  [[nodiscard]] std::string_view instance_name() const override { return "rmsprop"; }

 protected:
  void update(const Part& part) const override {
    const RmspropStep step{learning_rate(), static_cast<float>(value(rho_)),
                           static_cast<float>(1 - value(rho_)), static_cast<float>(value(momentum_)),
                           static_cast<float>(value(epsilon_))};
    update_kernels().rmsprop(part.n, step, part.gradient, slot(part, 0),
                             has_momentum_ ? slot(part, 1) : nullptr,
                             centered_ ? slot(part, has_momentum_ ? 2 : 1) : nullptr, part.values);
  }

  void check_hyper(std::string_view name, double wanted) const override {
    if (name == "momentum" && !has_momentum_ && wanted != 0)
      refuse_hyper(name, wanted, "0, because the optimizer was created without momentum",
                   "Start with a momentum above 0");
  }

  void write_config(nlohmann::json& config) const override { config["centered"] = centered_; }

 private:
  std::size_t rho_;
  std::size_t momentum_;
  std::size_t epsilon_;
  bool centered_;
  bool has_momentum_;
};

}  // namespace

OptimizerType rmsprop_optimizer_type() {
  return {"RMSprop", [](ConfigReader& config) -> std::unique_ptr<Optimizer> {
            return std::make_unique<Rmsprop>(config);
          }};
}

}  // namespace kairos::host
