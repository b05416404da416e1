// SPDX-License-Identifier: MIT
// The moving statistics of BatchNormalization for averaged weights: nobody has measured them while training.
#pragma once

#include <kairos/plugin.hpp>

#include <cstdint>
#include <string>

namespace kairos::plugins {

/// As PyTorch's torch.optim.swa_utils.update_bn, over the training data. Put it behind the options.
class BatchStatistics {
 public:
  constexpr explicit BatchStatistics(kairos::detail::Members* owner)
      : outdated_(owner, "outdated_statistics", false) {}

  /// In on_train_begin. Warns where the statistics stay those of the trained weights.
  void begin(Run& run, bool wanted, bool warns) {
    if (!run.resumed()) outdated_ = false;
    const std::string name = name_in(run);
    const bool can = wanted && !name.empty() && makes_passes(run);
    measures_ = can;
    if (can || name.empty() || !(wanted || warns)) return;
    run.print("the running statistics of BatchNormalization (" + name +
                  ") are those of the last averaged epoch; " +
                  (wanted ? "this training loop makes no passes for callbacks, which update_bn needs"
                          : "update_bn=true measures them for the average"),
              Level::Warning);
  }
  /// The average has changed.
  void outdate() { outdated_ = true; }
  /// Measures those of the live weights, if they are outdated: after swap_in.
  void renew(Event& event) {
    if (!measures_ || !outdated_) return;
    outdated_ = !event.update_statistics(event.batches(Source::Training));
  }

 private:
  static bool makes_passes(const Run& run) {
    try {
      return run.batches(Source::Training) > 0;
    } catch (const Error& error) {
      if (error.status() != KAIROS_E_UNSUPPORTED) throw;
      return false;
    }
  }
  /// Of the first statistics; empty for a model without any.
  static std::string name_in(const Run& run) {
    for (std::uint32_t i = 0; i < run.tensor_count(Role::Buffer); ++i) {
      std::string name(run.tensor(Role::Buffer, i).name());
      if (name.find("moving_mean") != std::string::npos) return name;
    }
    return "";
  }

  State<bool> outdated_;
  bool measures_ = false;
};

}  // namespace kairos::plugins
