// SPDX-License-Identifier: MIT
// Moves a share of each target to the other classes.
#include <kairos/plugin.hpp>

#include <cmath>
#include <cstdint>
#include <string>

#include "../common/mixed_targets.hpp"

namespace kairos::plugins {

/// Szegedy et al. 2016, "Rethinking the Inception Architecture for Computer Vision": y (1 - factor) + factor
/// / classes, with y = 1 for the class. As Keras' argument `label_smoothing` of categorical_crossentropy and
/// binary_crossentropy; Keras has none for class numbers. Difference: in training alone, so the loss of a
/// validation stays that of the true targets.
struct LabelSmoothing : Callback<LabelSmoothing> {
  static constexpr auto id = "kairos.LabelSmoothing";
  static constexpr auto summary = "Moves a share of each target to the other classes.";
  static constexpr auto capabilities = Can::WriteBatch;

  Option<double> factor{this,
                        "factor",
                        0.1,
                        "share that is divided among all classes",
                        above(0),
                        below(1),
                        kairos::alias("label_smoothing")};

  void on_train_batch_begin(Batch& batch) {
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::Target); ++i) {
      const Tensor target = targets_->lend(batch, i);
      const std::int64_t units = target.rank() == 1 ? 1 : target.shape(target.rank() - 1);
      check(target, units);
      const auto keeps = static_cast<float>(1 - factor);
      // One unit is a yes or no.
      const auto rest = static_cast<float>(factor / static_cast<double>(units == 1 ? 2 : units));
      float* const values = target.mutable_data();
      for (std::int64_t k = 0; k < target.size(); ++k) values[k] = values[k] * keeps + rest;
    }
  }

 private:
  /// Throws unless each row is a distribution, or one probability.
  static void check(const Tensor& target, std::int64_t units) {
    for (const float* row = target.begin(); row != target.end(); row += units) {
      double sum = 0;
      bool probable = true;
      for (std::int64_t k = 0; k < units; ++k) {
        probable = probable && row[k] >= 0 && row[k] <= 1;
        sum += static_cast<double>(row[k]);
      }
      if (probable && (units == 1 || std::abs(sum - 1) <= 1e-3)) continue;
      const std::string found =
          probable ? "a row that sums to " + std::to_string(sum) : "a value outside 0 … 1";
      throw Error("the target \"" + std::string(target.name()) + "\" has " + found +
                  "; expected class numbers, or probabilities of the classes. For several labels per sample, "
                  "give the loss binary_crossentropy its argument label_smoothing");
    }
  }

  Owned<SoftTargets> targets_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::LabelSmoothing)
