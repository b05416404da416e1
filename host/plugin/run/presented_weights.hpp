// SPDX-License-Identifier: MIT
// The weights that callbacks present in place of those that are trained.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "plugin/run/call.hpp"
#include "plugin/run/instance.hpp"

namespace kairos::host {

class Session;

/// A list of slots, of which the last is live: it is in the memory of the model, where every reader finds it.
/// The trained weights are set aside once; slots keep their own values. What is written to the model belongs
/// to the slot that is live.
class PresentedWeights {
 public:
  explicit PresentedWeights(Session& session) : session_(session) {}

  /// The slot becomes live; one that is in stays where it is. Changes nothing if memory is short.
  void swap_in(Instance& owner, std::uint64_t slot, std::string label);
  /// The last of the others is live then; a slot that is not in is ignored.
  void swap_out(const Instance& owner, std::uint64_t slot);
  /// All slots are taken out: the model has the weights that are trained.
  void end();
  /// All slots of `owner` are taken out.
  void end_of(const Instance& owner);

  [[nodiscard]] bool empty() const noexcept { return list_.empty(); }
  [[nodiscard]] bool holds(const Instance& owner, std::uint64_t slot) const noexcept;
  [[nodiscard]] bool is_live(const Instance& owner, std::uint64_t slot) const noexcept {
    return !list_.empty() && list_.back().owner == &owner && list_.back().slot == slot;
  }
  /// The instance whose slot is live; null for the weights that are trained.
  [[nodiscard]] const Instance* live_owner() const noexcept {
    return list_.empty() ? nullptr : list_.back().owner;
  }
  /// Label of what is live; "" for the weights that are trained.
  [[nodiscard]] std::string label() const { return list_.empty() ? "" : list_.back().label; }

  /// Numbers in all weights.
  [[nodiscard]] std::size_t size();
  [[nodiscard]] std::vector<float> live() const;
  [[nodiscard]] std::vector<float> trained() const { return list_.empty() || hidden_ ? live() : trained_; }
  /// A weight that is trained, by its index in Role::Weight.
  [[nodiscard]] float* trained_weight(std::size_t index);
  /// A weight of a slot of `owner`.
  [[nodiscard]] float* weight_of(Instance& owner, std::uint64_t slot, std::size_t index);
  /// The slot of `owner`, new or not, gets these weights.
  void store(Instance& owner, std::uint64_t slot, std::vector<float> values);
  /// The weights that are trained become `values`; what is presented stays.
  void replace_trained(const std::vector<float>& values);

  /// Called when the call has replaced the weights that are trained: in on_train_end the last one decides the
  /// result, with a warning.
  void note_replaced(const kairos_call& call);

  /// While it exists, the model has the weights that are trained.
  class Aside {
   public:
    explicit Aside(PresentedWeights& weights) : weights_(weights) { weights_.hide(); }
    ~Aside() { weights_.show(); }
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;

   private:
    PresentedWeights& weights_;
  };

 private:
  struct Presentation {
    Instance* owner;
    std::uint64_t slot;
    std::string label;
  };

  void remove(std::size_t position);
  void hide();
  void show();
  [[nodiscard]] std::vector<float>& values_of(const Presentation& one) const;
  void copy_to_model(const std::vector<float>& values, const std::string& label);
  void copy_from_model(std::vector<float>& values) const;
  [[nodiscard]] std::size_t offset(std::size_t index);
  void measure();
  void tell_once(const Instance& owner, const std::string& label);

  Session& session_;
  std::vector<Presentation> list_;
  std::vector<float> trained_;        ///< while the list is not empty
  bool hidden_ = false;               ///< the model has the trained weights although the list is not empty
  std::vector<std::size_t> offsets_;  ///< where each weight begins in the values of a slot, then their number
  std::vector<const Instance*> told_;
  const Instance* result_of_ = nullptr;  ///< replaced the trained weights in on_train_end
};

}  // namespace kairos::host
