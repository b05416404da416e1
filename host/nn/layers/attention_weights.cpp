// SPDX-License-Identifier: MIT
// A masked score becomes -1e9, whose exponential is 0, as in Keras.
#include "nn/layers/attention_weights.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/activation.hpp"
#include "compute/random.hpp"
#include "compute/vector.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

AttentionWeights::AttentionWeights(ConfigReader& config)
    : rate_(config.number("dropout", 0, {0, 1})), seed_(config.optional_integer("seed", any_integer)) {}

void AttentionWeights::build(const Layer& layer, std::int64_t heads, std::int64_t queries, std::int64_t keys,
                             std::uint64_t key) {
  constexpr std::int64_t most = std::int64_t{1} << 31;
  std::int64_t n = heads;
  if (__builtin_mul_overflow(n, queries, &n) || __builtin_mul_overflow(n, keys, &n) || n > most)
    throw Error(ErrorKind::Model,
                {"KAIROS-M011", layer_noun(layer.name(), layer.class_name()),
                 "the model is too large for this machine",
                 "attention of " + std::to_string(queries) + " queries to " + std::to_string(keys) + " keys",
                 "at most " + std::to_string(most) + " weights of attention per sample",
                 "Make the sequences shorter"});
  key_ = seed_ ? mixed_bits(static_cast<std::uint64_t>(*seed_) + 1) : key;
  heads_ = heads;
  queries_ = queries;
  keys_ = keys;
}

void AttentionWeights::reserve(std::int64_t batch) {
  weights_.reserve(batch * size());
  gradient_.reserve(batch * size());
  allowed_.reserve(batch * queries_ * keys_);
  if (rate_ == 0) return;
  dropped_.reserve(batch * size());
  factors_.reserve(batch * size());
}

void AttentionWeights::allow(const GraphPass& pass, const AttentionMasks& masks) {
  masked_ = masks.query != nullptr || masks.value != nullptr || masks.key != nullptr ||
            masks.attention != nullptr || masks.causal;
  if (!masked_) return;
  float* to = allowed_.data();
  for (std::int64_t sample = 0; sample < pass.batch; ++sample)
    for (std::int64_t query = 0; query < queries_; ++query)
      for (std::int64_t key = 0; key < keys_; ++key) {
        const auto holds = [&](Mask mask, std::int64_t at) { return mask == nullptr || mask[at] != 0; };
        const std::int64_t row = masks.attention_rows == 1 ? 0 : query;
        const std::int64_t column = masks.attention_columns == 1 ? 0 : key;
        const bool allowed =
            holds(masks.query, sample * queries_ + query) && holds(masks.value, sample * keys_ + key) &&
            holds(masks.key, sample * keys_ + key) && (!masks.causal || key <= query) &&
            holds(masks.attention, (sample * masks.attention_rows + row) * masks.attention_columns + column);
        *to++ = allowed ? 1.0F : 0.0F;
      }
}

void AttentionWeights::fill_masked(std::int64_t batch, float value, float* array) const {
  const std::int64_t n = queries_ * keys_;
  for (std::int64_t sample = 0; sample < batch; ++sample)
    for (std::int64_t head = 0; head < heads_; ++head, array += n)
      for (std::int64_t i = 0; i < n; ++i)
        if (allowed_.data()[sample * n + i] == 0) array[i] = value;
}

void AttentionWeights::apply(const GraphPass& pass, const AttentionMasks& masks) {
  allow(pass, masks);
  constexpr float excluded = -1e9F;
  if (masked_) fill_masked(pass.batch, excluded, weights_.data());
  find_activation("softmax")->forward(pass.batch * heads_ * queries_, keys_, weights_.data(),
                                      weights_.data());
  if (drops(pass))
    draw_dropout_factors(joined_key(key_, pass.batch_number), rate_, pass.batch * size(), factors_.data(),
                         weights_.data(), dropped_.data());
}

void AttentionWeights::backward_dropout(const GraphPass& pass) {
  if (drops(pass)) multiply_each(pass.batch * size(), gradient_.data(), factors_.data(), gradient_.data());
}

void AttentionWeights::backward_softmax(const GraphPass& pass, bool masked_scores) {
  find_activation("softmax")->backward(pass.batch * heads_ * queries_, keys_, weights_.data(),
                                       gradient_.data(), gradient_.data());
  if (masked_ && !masked_scores) fill_masked(pass.batch, 0, gradient_.data());
}

void AttentionWeights::write_config(nlohmann::json& config) const {
  config["dropout"] = rate_;
  config["seed"] = seed_ ? nlohmann::json(*seed_) : nlohmann::json(nullptr);
}

}  // namespace kairos::host
