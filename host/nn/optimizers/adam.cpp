// SPDX-License-Identifier: MIT
// Adam: steps scaled by running means of the gradient and of its square.
#include <cmath>
#include <nlohmann/json.hpp>

#include "compute/update.hpp"
#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host {

namespace {

class Adam final : public Optimizer {
 public:
  explicit Adam(ConfigReader& config)
      : Optimizer(config, 0.001),
        beta_1_(add_hyper(config, "beta_1", 0.9, share_range)),
        beta_2_(add_hyper(config, "beta_2", 0.999, share_range)),
        epsilon_(add_hyper(config, "epsilon", 1e-7, epsilon_range)),
        amsgrad_(config.boolean("amsgrad", false)) {
    add_slot_type({"momentum", 0, 0});
    add_slot_type({"velocity", 0, 0});
    if (amsgrad_) add_slot_type({"velocity_hat", 1, 0});
  }

  [[nodiscard]] std::string_view class_name() const override { return "Adam"; }
  [[nodiscard]] std::string_view instance_name() const override { return "adam"; }

 protected:
  void begin_step() override {
    const auto count = static_cast<float>(iterations() + 1);
    const float power_1 = std::pow(static_cast<float>(value(beta_1_)), count);
    const float power_2 = std::pow(static_cast<float>(value(beta_2_)), count);
    step_ = {learning_rate() * std::sqrt(1 - power_2) / (1 - power_1), static_cast<float>(1 - value(beta_1_)),
             static_cast<float>(1 - value(beta_2_)), static_cast<float>(value(epsilon_))};
  }

  void update(std::size_t weight, std::int64_t n, const float* gradient, float* values) override {
    adam_update(n, step_, gradient, slot(weight, 0), slot(weight, 1), amsgrad_ ? slot(weight, 2) : nullptr,
                values);
  }

  void write_config(nlohmann::json& config) const override { config["amsgrad"] = amsgrad_; }

 private:
  std::size_t beta_1_;
  std::size_t beta_2_;
  std::size_t epsilon_;
  bool amsgrad_;
  AdamStep step_{};
};

}  // namespace

OptimizerType adam_optimizer_type() {
  return {"Adam",
          [](ConfigReader& config) -> std::unique_ptr<Optimizer> { return std::make_unique<Adam>(config); }};
}

}  // namespace kairos::host
