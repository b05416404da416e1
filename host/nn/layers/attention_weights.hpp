// SPDX-License-Identifier: MIT
// What all attention layers share: masks, softmax and dropout of the scores.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "compute/buffer.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

/// Which keys a query may attend to: those that all of these allow. Null: all.
struct AttentionMasks {
  Mask query = nullptr;              ///< [batch, queries]
  Mask value = nullptr;              ///< [batch, keys]
  Mask key = nullptr;                ///< [batch, keys]
  const float* attention = nullptr;  ///< [batch, attention_rows, attention_columns], not 0 where allowed
  std::int64_t attention_rows = 1, attention_columns = 1;  ///< 1, or the number of queries, of keys
  bool causal = false;                                     ///< query i may attend to the keys 0 … i
};

/// Arrays are [batch, heads, queries, keys]. As in Keras, a query that may attend to no key attends to all
/// alike.
class AttentionWeights {
 public:
  /// Reads "dropout" and "seed".
  explicit AttentionWeights(ConfigReader& config);

  /// Throws Error(Model) for more weights than a sample may have.
  void build(const Layer& layer, std::int64_t heads, std::int64_t queries, std::int64_t keys,
             std::uint64_t key);
  void reserve(std::int64_t batch);
  /// The caller writes the scores here, before `apply`.
  [[nodiscard]] float* scores() noexcept { return weights_.data(); }
  void apply(const GraphPass& pass, const AttentionMasks& masks);
  /// After dropout, for the product with the values.
  [[nodiscard]] const float* dropped(const GraphPass& pass) const {
    return drops(pass) ? dropped_.data() : weights_.data();
  }
  [[nodiscard]] const float* before_dropout() const noexcept { return weights_.data(); }
  /// The caller writes the gradient of dropped() here, before `backward`.
  [[nodiscard]] float* gradient() noexcept { return gradient_.data(); }
  /// Makes the gradient that of the weights before dropout.
  void backward_dropout(const GraphPass& pass);
  /// Then that of the scores. `masked_scores` says whether those that are masked get one.
  void backward_softmax(const GraphPass& pass, bool masked_scores);
  [[nodiscard]] std::int64_t size() const noexcept { return heads_ * queries_ * keys_; }
  void write_config(nlohmann::json& config) const;

 private:
  [[nodiscard]] bool drops(const GraphPass& pass) const { return pass.mode == Mode::Train && rate_ > 0; }
  void allow(const GraphPass& pass, const AttentionMasks& masks);
  /// Writes `value` where the last `apply` masked.
  void fill_masked(std::int64_t batch, float value, float* array) const;

  double rate_;
  std::optional<std::int64_t> seed_;
  std::uint64_t key_ = 0;
  std::int64_t heads_ = 0, queries_ = 0, keys_ = 0;
  bool masked_ = false;
  FloatBuffer weights_, dropped_, factors_, gradient_;
  FloatBuffer allowed_;  ///< [batch, queries, keys]
};

}  // namespace kairos::host
