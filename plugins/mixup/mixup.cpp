// SPDX-License-Identifier: MIT
// Trains on weighted means of pairs of samples.
#include <kairos/plugin.hpp>

#include <cmath>
#include <cstdint>

#include "../common/draws.hpp"
#include "../common/mixed_targets.hpp"

namespace kairos::plugins {

/// Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization", as in the authors' code: one share from
/// Beta(alpha, alpha) for each batch, partners by a random order of the batch. Differences: the targets are
/// mixed themselves, which is the mixed loss for crossentropies; sample weights are mixed too, because a
/// sample that is mostly its partner would otherwise keep its own class weight.
struct Mixup : Callback<Mixup> {
  static constexpr auto id = "kairos.Mixup";
  static constexpr auto summary = "Trains on weighted means of pairs of samples.";
  static constexpr auto capabilities = Can::WriteBatch;

  Option<double> alpha{
      this, "alpha", 0.2,
      "parameter of the distribution of the shares, Beta(alpha, alpha); larger ones mix more", above(0)};

  void setup(Run&) {
    if (!std::isfinite(alpha.value())) throw Error("alpha is not finite. Set for example alpha=0.2");
  }

  void on_train_batch_begin(Batch& batch) {
    if (batch.samples() < 2) return;
    Draws draws(batch.random());
    Pairs& pairs = *pairs_;
    pairs.share = draws.beta(alpha, alpha);
    draws.permute(pairs.partners, batch.samples());
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::Input); ++i)
      pairs.mix(batch.tensor(Role::Input, i, Access::Write));
    pairs.mix_targets(batch);
  }

 private:
  Owned<Pairs> pairs_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::Mixup)
