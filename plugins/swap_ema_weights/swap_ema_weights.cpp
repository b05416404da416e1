// SPDX-License-Identifier: MIT
// Shows the averages of an optimizer with use_ema to tests and predictions.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::plugins {

/// Behaves as Keras 3.15 `SwapEMAWeights`. In place of an exchange, the averages are presented: the optimizer
/// keeps its own, and files that are saved meanwhile say what they have.
struct SwapEMAWeights : Callback<SwapEMAWeights> {
  static constexpr auto id = "kairos.SwapEMAWeights";
  static constexpr auto summary = "Evaluates and saves the averages of an optimizer with use_ema.";
  static constexpr auto phase = Phase::Measure;
  static constexpr auto capabilities = Can::WriteWeights;

  Option<bool> swap_on_epoch{this, "swap_on_epoch", false,
                             "whether the averages are also live in on_epoch_end, so that they are saved"};

  Average shown{this, "shown"};
  Owned<std::vector<std::uint32_t>> slots{this};  ///< the averages among the optimizer's slots

  void setup(Run& run) {
    const std::uint32_t count = run.tensor_count(Role::Slot);
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string_view name = run.tensor(Role::Slot, i).name();
      if (ends_with(name, "_average")) slots->push_back(i);
      if (ends_with(name, "iteration")) iteration_ = i;
    }
    std::size_t trained = 0;
    for (std::uint32_t i = 0; i < run.tensor_count(Role::Weight); ++i)
      if (run.tensor(Role::Weight, i).trainable()) ++trained;
    if (slots->size() != trained || trained == 0)
      throw Error("the optimizer keeps no averages of the weights; found " + std::to_string(slots->size()) +
                  ", expected " + std::to_string(trained) +
                  ". Set use_ema=true in it, as in --optimizer 'Adam(use_ema=true)'");
  }

  void on_test_begin(Test& test) { show(test); }
  void on_test_end(Test& test) { hide(test); }
  void on_predict_begin(Run& run) { show(run); }
  void on_predict_end(End& end) { hide(end); }
  void on_epoch_begin(Epoch& epoch) { hide(epoch); }
  void on_epoch_end(Epoch& epoch) {
    if (swap_on_epoch) show(epoch);
  }

 private:
  static bool ends_with(std::string_view text, std::string_view end) {
    return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
  }

  /// Before the first step the averages are zeros.
  void show(Event& event) {
    if (*event.tensor(Role::Slot, iteration_).data() == 0) return;
    shown.take_trained(event);
    std::size_t next = 0;
    const std::uint32_t count = event.tensor_count(Role::Weight);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Tensor to = event.slot_tensor(shown, i, Access::Write);
      if (!to.trainable()) continue;
      const std::int64_t size = to.size();
      const Tensor average = event.tensor(Role::Slot, (*slots)[next++]);
      if (average.size() != size)
        throw Error("the average \"" + std::string(average.name()) + "\" has " +
                    std::to_string(average.size()) + " numbers, but its weight has " + std::to_string(size));
      std::copy(average.begin(), average.end(), to.mutable_data());
    }
    event.swap_in(shown, "ema");
  }
  void hide(Event& event) {
    if (!shown.empty()) shown.drop(event);
  }

  std::uint32_t iteration_ = 0;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::SwapEMAWeights)
