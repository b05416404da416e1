// SPDX-License-Identifier: MIT
// Attention (Luong, 2015) and AdditiveAttention (Bahdanau, 2015), with one head and without projections.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "compute/batched_product.hpp"
#include "compute/random.hpp"
#include "nn/initializer.hpp"
#include "nn/layers/attention_weights.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

enum class Score {
  Dot,       ///< scale · (q · k)
  Concat,    ///< w · Σ tanh(scale · (q + k))
  Additive,  ///< Σ scale · tanh(q + k), with a scale for each feature
};

/// Inputs are the query [queries, width], the value [keys, value width] and the key [keys, width]; without
/// the third, the value is the key.
class AttentionLayer final : public Layer {
 public:
  AttentionLayer(ConfigReader& config, const char* class_name, bool additive)
      : Layer(config, class_name), use_scale_(config.boolean("use_scale", additive)), weights_(config) {
    const std::string mode = additive ? "" : config.text("score_mode", "dot");
    score_ = additive ? Score::Additive : (mode == "concat" ? Score::Concat : Score::Dot);
    if (!additive && mode != "dot" && mode != "concat") config.bad_value("score_mode", "dot or concat");
  }

  [[nodiscard]] bool takes_several_inputs() const override { return true; }
  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }
  void set_call(const CallArguments& call) override {
    for (const std::string& flag : call.flags) (flag == "use_causal_mask" ? causal_ : returns_scores_) = true;
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    if (inputs.size() < 2 || inputs.size() > 3)
      refuse_shape(inputs.front(), "a list of query and value, or of query, value and key");
    for (const Shape& shape : inputs)
      if (shape.size() != 2) refuse_shape(shape, "(timesteps, features)");
    const Shape& key = inputs.back();
    queries_ = inputs[0][0];
    width_ = inputs[0][1];
    keys_ = inputs[1][0];
    value_width_ = inputs[1][1];
    key_input_ = inputs.size() - 1;
    if (key[0] != keys_) refuse_shape(key, "as many keys as there are values: " + std::to_string(keys_));
    if (key[1] != width_) refuse_shape(key, "keys as wide as the query: " + std::to_string(width_));
    add_weights(context);
    weights_.build(*this, 1, queries_, keys_, joined_key(context.key, 2));
    parts_ = {{queries_, value_width_}, {queries_, keys_}};
    if (returns_scores_) return {row_size()};
    return parts_.front();
  }
  [[nodiscard]] std::vector<Shape> output_parts() const override {
    return returns_scores_ ? parts_ : std::vector<Shape>{};
  }

  void reserve(std::int64_t batch) override {
    weights_.reserve(batch);
    result_gradient_.reserve(batch * queries_ * value_width_);
    key_gradient_.reserve(batch * keys_ * width_);
    query_gradient_.reserve(batch * queries_ * width_);
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    write_scores(pass, v.inputs[0], v.inputs[key_input_]);
    AttentionMasks masks;
    masks.value = v.input_masks[1];
    masks.causal = causal_;
    weights_.apply(pass, masks);
    products_.multiply({pass.batch,
                        1,
                        queries_,
                        value_width_,
                        keys_,
                        {{weights_.dropped(pass), keys_, 1}, weights_.size(), 0},
                        {{v.inputs[1], value_width_, 1}, keys_ * value_width_, 0},
                        {v.output, value_width_, row_size(), 0}});
    for (std::int64_t row = 0; row < pass.batch; ++row) {
      float* const to = v.output + row * row_size();
      hide_queries(v.input_masks[0], row, to);
      if (returns_scores_)
        std::copy_n(weights_.dropped(pass) + row * weights_.size(), weights_.size(),
                    to + queries_ * value_width_);
    }
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    const std::int64_t size = queries_ * value_width_;
    for (std::int64_t row = 0; row < pass.batch; ++row) {
      float* const to = result_gradient_.data() + row * size;
      std::copy_n(g.output_gradient + row * row_size(), size, to);
      hide_queries(g.input_masks[0], row, to);
    }
    products_.multiply({pass.batch,
                        1,
                        queries_,
                        keys_,
                        value_width_,
                        {{result_gradient_.data(), value_width_, 1}, size, 0},
                        {{g.inputs[1], 1, value_width_}, keys_ * value_width_, 0},
                        {weights_.gradient(), keys_, weights_.size(), 0}});
    for (std::int64_t row = 0; returns_scores_ && row < pass.batch; ++row)
      for (std::int64_t i = 0; i < weights_.size(); ++i)
        weights_.gradient()[row * weights_.size() + i] += g.output_gradient[row * row_size() + size + i];
    if (g.input_gradients[1] != nullptr)
      products_.multiply({pass.batch,
                          1,
                          keys_,
                          value_width_,
                          queries_,
                          {{weights_.dropped(pass), 1, keys_}, weights_.size(), 0},
                          {{result_gradient_.data(), value_width_, 1}, size, 0},
                          {g.input_gradients[1], value_width_, keys_ * value_width_, 0}});
    weights_.backward_dropout(pass);
    weights_.backward_softmax(pass, true);
    backward_scores(pass, g);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["use_scale"] = use_scale_;
    if (score_ != Score::Additive) config["score_mode"] = score_ == Score::Dot ? "dot" : "concat";
    weights_.write_config(config);
  }

 private:
  void add_weights(const BuildContext& context) {
    if (use_scale_ && score_ == Score::Additive) {
      Parameter& scale = add_parameter("scale", {width_});
      const nlohmann::json none = nlohmann::json::object();
      ConfigReader config(none, layer_noun(name(), class_name()));
      read_initializer(config, "initializer", "glorot_uniform")
          .fill(scale.shape, joined_key(context.key, 0), scale.values.data());
    } else if (use_scale_) {
      *add_parameter("scale", {}).values.data() = 1;
    }
    if (score_ == Score::Concat) *add_parameter("concat_score_weight", {}).values.data() = 1;
  }

  [[nodiscard]] std::int64_t row_size() const {
    return queries_ * value_width_ + (returns_scores_ ? queries_ * keys_ : 0);
  }
  /// The results of masked queries are 0.
  void hide_queries(Mask mask, std::int64_t row, float* result) const {
    for (std::int64_t q = 0; mask != nullptr && q < queries_; ++q)
      if (mask[row * queries_ + q] == 0) std::fill_n(result + q * value_width_, value_width_, 0.0F);
  }

  [[nodiscard]] float scale() { return use_scale_ ? *parameters()[0].values.data() : 1.0F; }
  /// The factor inside of the tanh, and that of the tanh of feature `d`.
  [[nodiscard]] float inner_factor() { return score_ == Score::Concat ? scale() : 1.0F; }
  [[nodiscard]] float outer_factor(std::int64_t d) {
    if (score_ == Score::Concat) return *parameters().back().values.data();
    return use_scale_ ? parameters()[0].values.data()[d] : 1.0F;
  }

  void write_scores(const GraphPass& pass, const float* query, const float* key) {
    if (score_ == Score::Dot) {
      products_.multiply({pass.batch,
                          1,
                          queries_,
                          keys_,
                          width_,
                          {{query, width_, 1}, queries_ * width_, 0},
                          {{key, 1, width_}, keys_ * width_, 0},
                          {weights_.scores(), keys_, weights_.size(), 0}});
      if (use_scale_)
        for (std::int64_t i = 0; i < pass.batch * weights_.size(); ++i) weights_.scores()[i] *= scale();
      return;
    }
    float* to = weights_.scores();
    const float inner = inner_factor();
    for (std::int64_t row = 0; row < pass.batch; ++row)
      for (std::int64_t q = 0; q < queries_; ++q)
        for (std::int64_t k = 0; k < keys_; ++k) {
          const float* const a = query + (row * queries_ + q) * width_;
          const float* const b = key + (row * keys_ + k) * width_;
          float sum = 0;
          for (std::int64_t d = 0; d < width_; ++d) sum += outer_factor(d) * std::tanh(inner * (a[d] + b[d]));
          *to++ = sum;
        }
  }

  void backward_scores(const GraphPass& pass, const LayerGradients& g) {
    for (Parameter& parameter : parameters())
      if (parameter.trainable) std::fill_n(parameter.gradient.data(), parameter.size(), 0.0F);
    if (score_ == Score::Dot)
      backward_dot(pass, g);
    else
      backward_tanh(pass, g);
    const std::int64_t queries = pass.batch * queries_ * width_, keys = pass.batch * keys_ * width_;
    if (g.input_gradients[0] != nullptr) std::copy_n(query_gradient_.data(), queries, g.input_gradients[0]);
    float* const into = g.input_gradients[key_input_];
    if (into == nullptr) return;
    // The value's gradient is there already.
    for (std::int64_t i = 0; i < keys; ++i)
      into[i] = (key_input_ == 1 ? into[i] : 0) + key_gradient_.data()[i];
  }

  void backward_dot(const GraphPass& pass, const LayerGradients& g) {
    float* const ds = weights_.gradient();
    const std::int64_t n = pass.batch * weights_.size();
    if (use_scale_) {
      // The scores are overwritten by the weights, so d loss / d scale is Σ dq · q / scale, without division:
      // the products of unscaled gradients come first.
      unscaled_products(pass, g);
      double sum = 0;
      for (std::int64_t i = 0; i < pass.batch * queries_ * width_; ++i)
        sum += static_cast<double>(query_gradient_.data()[i]) * static_cast<double>(g.inputs[0][i]);
      if (trainable()) *parameters()[0].gradient.data() = static_cast<float>(sum);
      for (std::int64_t i = 0; i < n; ++i) ds[i] *= scale();
    }
    unscaled_products(pass, g);
  }

  /// The gradients of query and key for scores that are their products.
  void unscaled_products(const GraphPass& pass, const LayerGradients& g) {
    const float* const ds = weights_.gradient();
    products_.multiply({pass.batch,
                        1,
                        queries_,
                        width_,
                        keys_,
                        {{ds, keys_, 1}, weights_.size(), 0},
                        {{g.inputs[key_input_], width_, 1}, keys_ * width_, 0},
                        {query_gradient_.data(), width_, queries_ * width_, 0}});
    products_.multiply({pass.batch,
                        1,
                        keys_,
                        width_,
                        queries_,
                        {{ds, 1, keys_}, weights_.size(), 0},
                        {{g.inputs[0], width_, 1}, queries_ * width_, 0},
                        {key_gradient_.data(), width_, keys_ * width_, 0}});
  }

  void backward_tanh(const GraphPass& pass, const LayerGradients& g) {
    std::fill_n(query_gradient_.data(), pass.batch * queries_ * width_, 0.0F);
    std::fill_n(key_gradient_.data(), pass.batch * keys_ * width_, 0.0F);
    const float* ds = weights_.gradient();
    const float inner = inner_factor();
    const bool scales_features = trainable() && use_scale_ && score_ == Score::Additive;
    double inner_sum = 0, outer_sum = 0;
    for (std::int64_t row = 0; row < pass.batch; ++row)
      for (std::int64_t q = 0; q < queries_; ++q)
        for (std::int64_t k = 0; k < keys_; ++k, ++ds) {
          const std::int64_t a = (row * queries_ + q) * width_, b = (row * keys_ + k) * width_;
          for (std::int64_t d = 0; d < width_; ++d) {
            const float sum = g.inputs[0][a + d] + g.inputs[key_input_][b + d];
            const float tanh = std::tanh(inner * sum);
            const float slope = *ds * outer_factor(d) * (1 - tanh * tanh);
            query_gradient_.data()[a + d] += slope * inner;
            key_gradient_.data()[b + d] += slope * inner;
            inner_sum += static_cast<double>(slope) * static_cast<double>(sum);
            outer_sum += static_cast<double>(*ds) * static_cast<double>(tanh);
            if (scales_features) parameters()[0].gradient.data()[d] += *ds * tanh;
          }
        }
    if (!trainable() || score_ != Score::Concat) return;
    *parameters().back().gradient.data() = static_cast<float>(outer_sum);
    if (use_scale_) *parameters()[0].gradient.data() = static_cast<float>(inner_sum);
  }

  bool use_scale_;
  Score score_ = Score::Dot;
  AttentionWeights weights_;
  bool causal_ = false, returns_scores_ = false;
  std::int64_t queries_ = 0, keys_ = 0, width_ = 0, value_width_ = 0;
  std::size_t key_input_ = 1;
  std::vector<Shape> parts_;
  FloatBuffer result_gradient_;                ///< [batch, queries, value width]
  FloatBuffer query_gradient_, key_gradient_;  ///< [batch, queries or keys, width]
  BatchedProduct products_;
};

}  // namespace

LayerType attention_layer_type() {
  return {"Attention", "attention", {"use_scale"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<AttentionLayer>(config, "Attention", false);
          }};
}

LayerType additive_attention_layer_type() {
  return {"AdditiveAttention",
          "additiveattention",
          {"use_scale"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<AttentionLayer>(config, "AdditiveAttention", true);
          }};
}

}  // namespace kairos::host
