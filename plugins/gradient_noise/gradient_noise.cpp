// SPDX-License-Identifier: MIT
// Adds decaying normal noise to the gradients.
#include <kairos/plugin.hpp>

#include <cmath>
#include <cstdint>

#include "../common/draws.hpp"

namespace kairos::plugins {

/// Neelakantan et al. 2015, "Adding gradient noise improves learning for very deep networks": in step t,
/// normal noise of the variance eta / (1 + t)^gamma. The numbers depend on the seed, the step, the weight and
/// the element alone, so a resumed run needs no state, and all ranks of a distributed run add the same. The
/// run's seed is mixed with the name of the instance, so that twins do not add the same noise twice.
struct GradientNoise : Callback<GradientNoise> {
  static constexpr auto id = "kairos.GradientNoise";
  static constexpr auto summary = "Adds normal noise to the gradients, less in each step.";
  static constexpr auto capabilities = Can::WriteGradients;

  Option<double> eta{this, "eta", 0.01, "variance of the noise in the first step", kairos::min(0)};
  Option<double> gamma{this, "gamma", 0.55, "exponent with which the variance falls; 0: it does not",
                       kairos::min(0)};
  Option<std::int64_t> seed{this, "seed", unset,
                            "seed of the noise; if not set, the run's, and the name of the instance"};

  void setup(Run& run) {
    if (!std::isfinite(eta.value()) || !std::isfinite(gamma.value()))
      throw Error("eta and gamma must be finite. Set for example eta=0.01,gamma=0.55");
    key_ = seed.is_set() ? mixed(static_cast<std::uint64_t>(seed.value()))
                         : mixed(run.raw().seed, run.instance_name());
  }

  void on_backward_end(Batch& batch) {
    const double deviation = std::sqrt(eta / std::pow(1 + static_cast<double>(batch.step()), gamma));
    if (deviation == 0) return;
    const std::uint64_t key = mixed(key_, static_cast<std::uint64_t>(batch.step()));
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::Gradient); ++i) {
      const Tensor gradient = batch.tensor(Role::Gradient, i, Access::Write);
      add_noise(gradient.mutable_data(), gradient.size(), deviation, Draws(mixed(key, i)));
    }
  }

 private:
  static void add_noise(float* values, std::int64_t count, double deviation, Draws draws) {
    for (std::int64_t i = 0; i < count; i += 2) {
      const auto [first, second] = draws.normals();
      values[i] += static_cast<float>(deviation * first);
      if (i + 1 < count) values[i + 1] += static_cast<float>(deviation * second);
    }
  }

  std::uint64_t key_ = 0;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::GradientNoise)
