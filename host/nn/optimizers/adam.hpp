// SPDX-License-Identifier: MIT
// Adam: steps scaled by running means of the gradient and of its square.
#pragma once

#include "compute/kernels/updates.hpp"
#include "nn/optimizers/moment_optimizer.hpp"

namespace kairos::host {

class Adam : public MomentOptimizer {
 public:
  explicit Adam(ConfigReader& config);

  [[nodiscard]] std::string_view class_name() const override { return "Adam"; }
  [[nodiscard]] std::string_view instance_name() const override { return "adam"; }

 protected:
  void begin_step() override;
  void update(const Part& part) const override;
  void write_config(nlohmann::json& config) const override;

 private:
  bool amsgrad_;
  AdamStep step_{};
  float root_ = 1;  ///< √(1 - beta_2ⁿ) of step n
  float bias_ = 1;  ///< 1 - beta_1ⁿ
};

}  // namespace kairos::host
