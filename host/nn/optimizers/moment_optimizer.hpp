// SPDX-License-Identifier: MIT
// The common part of Adam and its kin: running means of the gradient and of its size.
#pragma once

#include <cstddef>

#include "nn/optimizers/optimizer_types.hpp"

namespace kairos::host {

class MomentOptimizer : public Optimizer {
 protected:
  /// `second` is Keras' name of the slot for the size.
  explicit MomentOptimizer(ConfigReader& config, const char* second = "velocity")
      : Optimizer(config, 0.001),
        beta_1_(add_hyper(config, "beta_1", 0.9, fraction_range)),
        beta_2_(add_hyper(config, "beta_2", 0.999, fraction_range)),
        epsilon_(add_hyper(config, "epsilon", 1e-7, epsilon_range)) {
    add_slot_type({"momentum", 0, 0});
    add_slot_type({second, 0, 0});
  }

  // Numbers of hyper-parameters, for `value`.
  std::size_t beta_1_;
  std::size_t beta_2_;
  std::size_t epsilon_;
};

}  // namespace kairos::host
