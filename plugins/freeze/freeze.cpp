// SPDX-License-Identifier: MIT
// Keeps the weights of some layers as they are, for the whole training or for its first epochs.
#include <kairos/plugin.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../common/layer_patterns.hpp"

namespace kairos::plugins {

/// As `layer.trainable = False` in Keras, but the optimizer keeps its state, and the model needs no compiling
/// when the layers are trained again.
struct Freeze : Callback<Freeze> {
  static constexpr auto id = "kairos.Freeze";
  static constexpr auto summary =
      "Keeps the weights of some layers as they are, for the whole training or for its first epochs.";
  static constexpr auto capabilities = Can::ControlStep;

  Option<List<std::string_view>> layers{
      this, "layers", required, "names of layers or weights; * and ? stand for any characters and for one"};
  Option<int> unfreeze_at{this,          "unfreeze_at",
                          unset,         "epoch, counted from 0, from which on the layers are trained",
                          unit("epoch"), kairos::min(0)};
  Option<int> verbose{this, "verbose", 0, "1 prints what is frozen and trained again", kairos::min(0)};

  void setup(Run& run) {
    if (layers.empty())
      throw Error("layers is empty; expected names of layers. Set for example layers=conv*");
    for (const std::string_view pattern : layers.values()) require_match(run, "layers", pattern);
  }

  void on_epoch_begin(Epoch& epoch) {
    const bool frozen = !unfreeze_at.is_set() || epoch.index() < unfreeze_at;
    std::vector<std::uint32_t> mine;
    bool trains_others = false;
    for (std::uint32_t i = 0; i < epoch.tensor_count(Role::Weight); ++i) {
      const Tensor weight = epoch.tensor(Role::Weight, i);
      if (is_mine(weight.name()))
        mine.push_back(i);
      else if (weight.trainable())
        trains_others = true;
    }
    for (const std::uint32_t i : mine)
      if (frozen)
        epoch.freeze(i);
      else
        epoch.unfreeze(i);
    if (frozen && !trains_others && !told_)
      epoch.print("layers: every weight that is trained is frozen, so this epoch changes none",
                  Level::Warning);
    if (verbose > 0 && (!told_ || was_frozen_ != frozen))
      epoch.print("Epoch " + std::to_string(epoch.number()) + ": " + std::to_string(mine.size()) +
                  (frozen ? " weights are frozen." : " weights are trained."));
    told_ = true;
    was_frozen_ = frozen;
  }

 private:
  [[nodiscard]] bool is_mine(std::string_view weight) const {
    for (const std::string_view pattern : layers.values())
      if (matches_weight(pattern, weight)) return true;
    return false;
  }

  bool told_ = false;
  bool was_frozen_ = false;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::Freeze)
