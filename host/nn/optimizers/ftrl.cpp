// SPDX-License-Identifier: MIT
// Ftrl: follow the regularized leader, with L1 and L2 penalties (McMahan et al., 2013).
#include <nlohmann/json.hpp>

#include "compute/kernels/updates.hpp"
#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host {

namespace {

constexpr NumberRange penalty_range{0, 3e38};

class Ftrl final : public Optimizer {
 public:
  explicit Ftrl(ConfigReader& config)
      : Optimizer(config, 0.001),
        power_(add_hyper(config, "learning_rate_power", -0.5, {-3e38, 0})),
        l1_(add_hyper(config, "l1_regularization_strength", 0, penalty_range)),
        l2_(add_hyper(config, "l2_regularization_strength", 0, penalty_range)),
        shrinkage_(add_hyper(config, "l2_shrinkage_regularization_strength", 0, penalty_range)),
        beta_(add_hyper(config, "beta", 0, penalty_range)),
        initial_(config.number("initial_accumulator_value", 0.1, penalty_range)) {
    add_slot_type({"accumulator", 0, static_cast<float>(initial_)});
    add_slot_type({"linear", 0, 0});
  }

  [[nodiscard]] std::string_view class_name() const override { return "Ftrl"; }
  [[nodiscard]] std::string_view instance_name() const override { return "ftrl"; }

 protected:
  void update(const Part& part) const override {
    const auto rate = static_cast<double>(learning_rate());
    const FtrlStep step{learning_rate(), static_cast<float>(-value(power_)), static_cast<float>(value(l1_)),
                        static_cast<float>(2 * value(l2_) + (value(beta_) == 0 ? 0 : value(beta_) / rate)),
                        static_cast<float>(2 * value(shrinkage_))};
    update_kernels().ftrl(part.n, step, part.gradient, slot(part, 0), slot(part, 1), part.values);
  }

  void write_config(nlohmann::json& config) const override { config["initial_accumulator_value"] = initial_; }

 private:
  std::size_t power_;
  std::size_t l1_;
  std::size_t l2_;
  std::size_t shrinkage_;
  std::size_t beta_;
  double initial_;
};

}  // namespace

OptimizerType ftrl_optimizer_type() {
  return {"Ftrl",
          [](ConfigReader& config) -> std::unique_ptr<Optimizer> { return std::make_unique<Ftrl>(config); }};
}

}  // namespace kairos::host
