// SPDX-License-Identifier: MIT
// AdamW: Adam with weight decay that is decoupled from the moments.
#include "nn/optimizers/adam.hpp"

namespace kairos::host {

namespace {

class AdamW final : public Adam {
 public:
  explicit AdamW(ConfigReader& config) : Adam(config) { set_default_weight_decay(0.004); }

  [[nodiscard]] std::string_view class_name() const override { return "AdamW"; }
  [[nodiscard]] std::string_view instance_name() const override { return "adamw"; }
};

}  // namespace

OptimizerType adamw_optimizer_type() {
  return {"AdamW",
          [](ConfigReader& config) -> std::unique_ptr<Optimizer> { return std::make_unique<AdamW>(config); }};
}

}  // namespace kairos::host
