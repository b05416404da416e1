// SPDX-License-Identifier: MIT
// Finds where NaN or infinity appears first.
#include <kairos/plugin.hpp>

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

#include "../common/finite.hpp"

namespace kairos::plugins {

/// For debugging, as PyTorch's anomaly detection: looks at what a batch consists of, in the order in which it
/// is computed, and reports the first tensor that is not finite. Weights are checked before the batch, so
/// that the step that broke them is known.
struct NanLocator : Callback<NanLocator> {
  static constexpr auto id = "kairos.NanLocator";
  static constexpr auto summary = "Reports the first tensor of the first batch that has NaN or infinity.";
  static constexpr auto capabilities = Can::Stop;

  Option<bool> stop{this, "stop", true, "stop the run then; false only prints, once"};
  Option<int> every{this, "every", 1, "check every so many batches", kairos::min(1)};

  void on_train_batch_begin(Batch& batch) {
    due_ = !found_ && batch.step() % every == 0;
    if (!due_) return;
    if (look(batch, Role::Weight, "the weight ", " before the batch")) return;
    look(batch, Role::Slot, "the optimizer's state ", " before the batch");
  }

  void on_backward_end(Batch& batch) {
    if (!due_ || found_) return;
    if (look(batch, Role::Input, "the input ", "") || look(batch, Role::Target, "the target ", "") ||
        look(batch, Role::Output, "the output ", ""))
      return;
    look(batch, Role::Gradient, "the gradient of ", "");
  }

 private:
  bool look(Batch& batch, Role role, std::string_view what, std::string_view when) {
    for (std::uint32_t i = 0; i < batch.tensor_count(role); ++i) {
      const Tensor tensor = batch.tensor(role, i);
      if (is_finite(tensor)) continue;
      report(batch, std::string(what) + std::string(tensor.name()) + place_of(tensor) + std::string(when));
      return true;
    }
    return false;
  }

  /// " has nan at [3, 1], the first of 5 such values"
  static std::string place_of(const Tensor& tensor) {
    std::int64_t first = -1;
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < tensor.size(); ++i)
      if (!std::isfinite(tensor.data()[i])) {
        if (first < 0) first = i;
        ++count;
      }
    std::string index;
    std::int64_t rest = first;
    for (std::int32_t axis = tensor.rank() - 1; axis >= 0; --axis) {
      index = std::to_string(rest % tensor.shape(axis)) + (index.empty() ? "" : ", ") + index;
      rest /= tensor.shape(axis);
    }
    const float value = tensor.data()[first];
    return std::string(" has ") +
           (std::isnan(value) ? "nan"
            : value > 0       ? "inf"
                              : "-inf") +
           " at [" + index + ']' +
           (count == 1 ? "" : ", the first of " + std::to_string(count) + " such values");
  }

  void report(Batch& batch, const std::string& what) {
    found_ = true;
    const std::string text = "epoch " + std::to_string(batch.epoch() + 1) + ", batch " +
                             std::to_string(batch.index() + 1) + ": " + what;
    if (stop)
      batch.stop(text);
    else
      batch.print(text, Level::Warning);
  }

  bool due_ = false;
  bool found_ = false;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::NanLocator)
