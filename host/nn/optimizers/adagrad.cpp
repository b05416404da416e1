// SPDX-License-Identifier: MIT
// Adagrad: steps that shrink with the sum of squared gradients.
#include <nlohmann/json.hpp>

#include "compute/kernels/updates.hpp"
#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host {

namespace {

class Adagrad final : public Optimizer {
 public:
  explicit Adagrad(ConfigReader& config)
      : Optimizer(config, 0.001),
        epsilon_(add_hyper(config, "epsilon", 1e-7, epsilon_range)),
        initial_(config.number("initial_accumulator_value", 0.1, epsilon_range)) {
    add_slot_type({"accumulator", 0, static_cast<float>(initial_)});
  }

  [[nodiscard]] std::string_view class_name() const override { return "Adagrad"; }
  [[nodiscard]] std::string_view instance_name() const override { return "adagrad"; }

 protected:
  void update(const Part& part) const override {
    update_kernels().adagrad(part.n, learning_rate(), static_cast<float>(value(epsilon_)), part.gradient,
                             slot(part, 0), part.values);
  }

  void write_config(nlohmann::json& config) const override { config["initial_accumulator_value"] = initial_; }

 private:
  std::size_t epsilon_;
  double initial_;
};

}  // namespace

OptimizerType adagrad_optimizer_type() {
  return {"Adagrad", [](ConfigReader& config) -> std::unique_ptr<Optimizer> {
            return std::make_unique<Adagrad>(config);
          }};
}

}  // namespace kairos::host
