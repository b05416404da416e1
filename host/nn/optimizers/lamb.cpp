// SPDX-License-Identifier: MIT
// Lamb: Adam's direction, with steps proportional to the length of each weight (Yang et al., 2019).
#include <cmath>

#include "compute/kernels/updates.hpp"
#include "compute/parallel.hpp"
#include "compute/vector.hpp"
#include "nn/optimizers/moment_optimizer.hpp"

namespace kairos::host {

namespace {

class Lamb final : public MomentOptimizer {
 public:
  explicit Lamb(ConfigReader& config) : MomentOptimizer(config) {}

  [[nodiscard]] std::string_view class_name() const override { return "Lamb"; }
  [[nodiscard]] std::string_view instance_name() const override { return "lamb"; }

 protected:
  [[nodiscard]] bool needs_whole_weight() const override { return true; }

  void begin_step() override {
    const auto count = static_cast<float>(updates() + 1);
    step_ = {static_cast<float>(1 - value(beta_1_)), static_cast<float>(1 - value(beta_2_)),
             1 - std::pow(static_cast<float>(value(beta_1_)), count),
             1 - std::pow(static_cast<float>(value(beta_2_)), count), static_cast<float>(value(epsilon_))};
  }

  void update(const Part& part) const override {
    float* const direction = scratch();
    in_parallel(part.n, least_values, [&](std::int64_t begin, std::int64_t end) {
      update_kernels().lamb(end - begin, step_, part.gradient + begin, slot(part, 0) + begin,
                            slot(part, 1) + begin, direction + begin);
    });
    const double of_weight = std::sqrt(sum_of_squares(part.n, part.values));
    const double of_step = std::sqrt(sum_of_squares(part.n, direction));
    const double ratio = of_weight > 0 && of_step > 0 ? of_weight / of_step : 1;
    const auto rate = static_cast<float>(ratio * static_cast<double>(learning_rate()));
    in_parallel(part.n, least_values, [&](std::int64_t begin, std::int64_t end) {
      update_kernels().sgd(end - begin, rate, direction + begin, part.values + begin);
    });
  }

 private:
  LambStep step_{};
};

}  // namespace

OptimizerType lamb_optimizer_type() {
  return {"Lamb",
          [](ConfigReader& config) -> std::unique_ptr<Optimizer> { return std::make_unique<Lamb>(config); }};
}

}  // namespace kairos::host
