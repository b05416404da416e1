// SPDX-License-Identifier: MIT
// MultiHeadAttention ("Attention is all you need", 2017): each head attends with its own projections of
// queries, keys and values; the heads' results are projected to the output.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "compute/batched_product.hpp"
#include "compute/dense.hpp"
#include "compute/random.hpp"
#include "compute/vector.hpp"
#include "nn/layers/attention_weights.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

namespace {

constexpr NumberRange positive{1, 2147483647};

/// output = input · kernel + bias for each position, with gradients.
struct Projection {
  std::int64_t inputs = 0, outputs = 0;
  std::size_t kernel = 0;  ///< index of the parameter; the bias follows
  std::optional<DenseKernel> product;
  FloatBuffer values, gradient;  ///< [batch, positions, outputs]
};

class MultiHeadAttentionLayer final : public Layer {
 public:
  explicit MultiHeadAttentionLayer(ConfigReader& config)
      : Layer(config, "MultiHeadAttention"),
        heads_(config.required_integer("num_heads", positive)),
        key_dim_(config.required_integer("key_dim", positive)),
        value_dim_(config.optional_integer("value_dim", positive).value_or(key_dim_)),
        use_bias_(config.boolean("use_bias", true)),
        kernel_(config, "kernel", "glorot_uniform"),
        bias_(config, "bias", "zeros"),
        weights_(config) {
    output_shape_ = read_sizes(config, "output_shape");
    axes_ = read_sizes(config, "attention_axes");
    config.unsupported("use_gate", false, "Leave it out");
    config.unsupported("sliding_window", nullptr, "Pass an attention_mask");
    config.skip("flash_attention");  // another implementation, same results
    if (Layer::penalizes_output())
      config.bad_value("activity_regularizer", "null", "Put an ActivityRegularization behind the layer");
  }

  [[nodiscard]] bool takes_several_inputs() const override { return true; }
  /// A mask has one axis, that of the timesteps.
  [[nodiscard]] MaskRule mask_rule(bool masked) const override {
    if (masked && axes_.size() > 1)
      refuse_shape(parts_.front(), "(timesteps, features), because an input has a mask");
    return MaskRule::Pass;
  }
  /// As in Keras 3, where they are gone for a residual connection, too.
  [[nodiscard]] bool takes_masks_away() const override { return true; }
  void set_call(const CallArguments& call) override {
    const auto has = [](const std::vector<std::string>& list, const char* name) {
      return std::find(list.begin(), list.end(), name) != list.end();
    };
    inputs_ = call.inputs;
    has_attention_mask_ = has(call.tensors, "attention_mask");
    causal_ = has(call.flags, "use_causal_mask");
    returns_scores_ = has(call.flags, "return_attention_scores");
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    check_shapes(inputs);
    const Shape& query = inputs[0];
    const std::int64_t query_width = query.back(), value_width = inputs[1].back();
    const std::int64_t key_width = inputs_ > 2 ? inputs[2].back() : value_width;
    queries_ = size_of(query) / query_width;
    keys_ = size_of(inputs[1]) / value_width;
    check_attention_mask(inputs);
    Shape output = query;
    output.pop_back();
    Shape last = output_shape_.empty() ? Shape{query_width} : output_shape_;
    output.insert(output.end(), last.begin(), last.end());
    add_projection(query_, "query", {query_width, heads_, key_dim_}, 1, context);
    add_projection(key_, "key", {key_width, heads_, key_dim_}, 1, context);
    add_projection(value_, "value", {value_width, heads_, value_dim_}, 1, context);
    last.insert(last.begin(), {heads_, value_dim_});
    add_projection(output_, "attention_output", last, 2, context);
    weights_.build(*this, heads_, queries_, keys_, joined_key(context.key, 8));
    axes_.clear();
    for (std::size_t i = 1; i < query.size(); ++i) axes_.push_back(static_cast<std::int64_t>(i));
    Shape scores{heads_};
    scores.insert(scores.end(), query.begin(), query.end() - 1);
    scores.insert(scores.end(), inputs[1].begin(), inputs[1].end() - 1);
    parts_ = {output, scores};
    if (returns_scores_) return {size_of(parts_[0]) + size_of(parts_[1])};
    return output;
  }
  [[nodiscard]] std::vector<Shape> output_parts() const override {
    return returns_scores_ ? parts_ : std::vector<Shape>{};
  }

  void reserve(std::int64_t batch) override {
    for (Projection* const one : {&query_, &key_, &value_, &output_}) {
      const std::int64_t n = batch * (one == &query_ || one == &output_ ? queries_ : keys_) * one->outputs;
      one->values.reserve(n);
      one->gradient.reserve(n);
    }
    context_.reserve(batch * queries_ * heads_ * value_dim_);
    context_gradient_.reserve(batch * queries_ * heads_ * value_dim_);
    second_gradient_.reserve(batch * keys_ * value_.inputs);
    weights_.reserve(batch);
  }

  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override {
    const std::size_t n = use_bias_ ? 2 : 1;
    return {{"query_dense", "query", n}, {"key_dense", "key", n},
            {"value_dense", "value", n}, {"output_dense", "attention_output", n},
            {"_softmax", "softmax", 0},  {"_dropout_layer", "dropout", 0}};
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    project(query_, pass.batch * queries_, v.inputs[0], query_.values.data());
    project(key_, pass.batch * keys_, v.inputs[inputs_ > 2 ? 2 : 1], key_.values.data());
    project(value_, pass.batch * keys_, v.inputs[1], value_.values.data());
    const std::int64_t n = pass.batch * queries_ * query_.outputs;
    for (std::int64_t i = 0; i < n; ++i) query_.values.data()[i] *= scale();
    products_.multiply({pass.batch, heads_, queries_, keys_, key_dim_,
                        rows_of(query_.values, queries_, key_dim_), columns_of(key_.values, key_dim_),
                        scores(weights_.scores())});
    AttentionMasks masks = attention_shape_;
    masks.query = v.input_masks[0];
    masks.value = v.input_masks[1];
    if (inputs_ > 2) masks.key = v.input_masks[2];
    if (has_attention_mask_) masks.attention = v.inputs[inputs_];
    masks.causal = causal_;
    weights_.apply(pass, masks);
    products_.multiply({pass.batch, heads_, queries_, value_dim_, keys_, weights(weights_.dropped(pass)),
                        rows_of(value_.values, keys_, value_dim_), result(context_, queries_, value_dim_)});
    if (!returns_scores_) {
      project(output_, pass.batch * queries_, context_.data(), v.output);
      return;
    }
    project(output_, pass.batch * queries_, context_.data(), output_.values.data());
    const std::int64_t size = queries_ * output_.outputs;
    for (std::int64_t row = 0; row < pass.batch; ++row) {
      float* const to =
          std::copy_n(output_.values.data() + row * size, size, v.output + row * (size + weights_.size()));
      std::copy_n(weights_.before_dropout() + row * weights_.size(), weights_.size(), to);
    }
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    const float* output_gradient = g.output_gradient;
    if (returns_scores_) {
      const std::int64_t size = queries_ * output_.outputs;
      for (std::int64_t row = 0; row < pass.batch; ++row)
        std::copy_n(g.output_gradient + row * (size + weights_.size()), size,
                    output_.gradient.data() + row * size);
      output_gradient = output_.gradient.data();
    }
    project_back(output_, pass.batch * queries_, context_.data(), output_gradient, context_gradient_.data());
    backward_attention(pass, g);
    const bool own_key = inputs_ > 2;
    project_back(query_, pass.batch * queries_, g.inputs[0], query_.gradient.data(), g.input_gradients[0]);
    project_back(value_, pass.batch * keys_, g.inputs[1], value_.gradient.data(), g.input_gradients[1]);
    float* const of_value = g.input_gradients[1];
    float* const of_key =
        own_key ? g.input_gradients[2] : (of_value == nullptr ? nullptr : second_gradient_.data());
    project_back(key_, pass.batch * keys_, g.inputs[own_key ? 2 : 1], key_.gradient.data(), of_key);
    if (!own_key && of_value != nullptr) add_to(pass.batch * keys_ * value_.inputs, of_key, of_value);
    if (has_attention_mask_ && g.input_gradients[inputs_] != nullptr)
      std::fill_n(g.input_gradients[inputs_],
                  pass.batch * attention_shape_.attention_rows * attention_shape_.attention_columns, 0.0F);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["num_heads"] = heads_;
    config["key_dim"] = key_dim_;
    config["value_dim"] = value_dim_;
    weights_.write_config(config);
    config["use_bias"] = use_bias_;
    config["use_gate"] = false;
    config["output_shape"] = output_shape_.empty() ? nlohmann::json(nullptr) : nlohmann::json(output_shape_);
    config["attention_axes"] = axes_.empty() ? nlohmann::json(nullptr) : nlohmann::json(axes_);
    config["sliding_window"] = nullptr;
    kernel_.write(config);
    bias_.write(config);
    config["activity_regularizer"] = nullptr;
  }

 private:
  /// A size, or a list or tuple of sizes; empty if absent.
  static Shape read_sizes(ConfigReader& config, std::string_view key) {
    const nlohmann::json* value = config.take(key);
    if (value == nullptr) return {};
    if (value->is_object() && value->contains("items")) value = &value->at("items");
    const nlohmann::json list = value->is_array() ? *value : nlohmann::json::array({*value});
    Shape sizes;
    for (const nlohmann::json& one : list) {
      if (!one.is_number_integer() || one < 1 || one > 2147483647) config.bad_value(key, "positive integers");
      sizes.push_back(one.get<std::int64_t>());
    }
    return sizes;
  }

  void check_shapes(std::span<const Shape> inputs) const {
    if (inputs.size() < 2) refuse_shape(inputs.front(), "a query and a value");
    for (const Shape& shape : inputs.first(inputs_))
      if (shape.size() < 2 || shape.size() != inputs[0].size()) refuse_shape(shape, "(timesteps, features)");
    if (inputs_ > 2 && !std::equal(inputs[2].begin(), inputs[2].end() - 1, inputs[1].begin()))
      refuse_shape(inputs[2], "as many keys as there are values");
    if (axes_.empty()) return;
    for (std::size_t i = 0; i < axes_.size(); ++i)
      if (axes_[i] != static_cast<std::int64_t>(i) + 1 || axes_.size() != inputs[0].size() - 1)
        refuse_shape(inputs[0], "attention_axes that are all axes between the batch and the features");
  }

  void check_attention_mask(std::span<const Shape> inputs) {
    if (!has_attention_mask_) return;
    Shape shape = inputs[inputs_];
    if (shape.size() == 3 && shape.front() == 1) shape.erase(shape.begin());  // the same for all heads
    const auto fits = [](std::int64_t found, std::int64_t wanted) { return found == 1 || found == wanted; };
    if (shape.size() != 2 || !fits(shape[0], queries_) || !fits(shape[1], keys_))
      refuse_shape(shape,
                   "an attention_mask of (" + std::to_string(queries_) + ", " + std::to_string(keys_) + ")");
    attention_shape_.attention_rows = shape[0];
    attention_shape_.attention_columns = shape[1];
  }

  /// A kernel whose first `bound` dimensions are those of the input.
  void add_projection(Projection& to, const std::string& name, const Shape& shape, std::size_t bound,
                      const BuildContext& context) {
    to.kernel = parameters().size();
    const auto split = shape.begin() + static_cast<std::ptrdiff_t>(bound);
    to.inputs = size_of(Shape(shape.begin(), split));
    to.outputs = size_of(Shape(split, shape.end()));
    kernel_.apply(add_parameter(name + "/kernel", shape), joined_key(context.key, to.kernel));
    if (use_bias_)
      bias_.apply(add_parameter(name + "/bias", Shape(split, shape.end())),
                  joined_key(context.key, to.kernel + 1));
    to.product.emplace(context.engine, to.inputs, to.outputs,
                       context.precision == Precision::Bf16 ? DensePath::Bf16 : DensePath::Auto);
  }

  void project(Projection& by, std::int64_t rows, const float* x, float* y) {
    by.product->forward(rows, x, parameters()[by.kernel].values.data(),
                        use_bias_ ? parameters()[by.kernel + 1].values.data() : nullptr, y);
  }
  /// `x_gradient` may be null.
  void project_back(Projection& by, std::int64_t rows, const float* x, const float* gradient,
                    float* x_gradient) {
    if (trainable())
      by.product->backward_weights(rows, x, gradient, parameters()[by.kernel].gradient.data(),
                                   use_bias_ ? parameters()[by.kernel + 1].gradient.data() : nullptr);
    if (x_gradient != nullptr)
      by.product->backward_data(rows, gradient, parameters()[by.kernel].values.data(), x_gradient);
  }

  /// From context_gradient_ to the gradients of the projected queries, keys and values.
  void backward_attention(const GraphPass& pass, const LayerGradients& g) {
    const std::int64_t batch = pass.batch;
    const BatchedFactor of_context = rows_of(context_gradient_, queries_, value_dim_);
    products_.multiply({batch, heads_, queries_, keys_, value_dim_, of_context,
                        columns_of(value_.values, value_dim_), scores(weights_.gradient())});
    products_.multiply({batch, heads_, keys_, value_dim_, queries_, transposed(weights_.dropped(pass)),
                        of_context, result(value_.gradient, keys_, value_dim_)});
    weights_.backward_dropout(pass);
    if (returns_scores_) {
      const std::int64_t size = queries_ * output_.outputs;
      for (std::int64_t row = 0; row < batch; ++row)
        add_to(weights_.size(), g.output_gradient + row * (size + weights_.size()) + size,
               weights_.gradient() + row * weights_.size());
    }
    weights_.backward_softmax(pass, false);
    products_.multiply({batch, heads_, queries_, key_dim_, keys_, weights(weights_.gradient()),
                        rows_of(key_.values, keys_, key_dim_), result(query_.gradient, queries_, key_dim_)});
    products_.multiply({batch, heads_, keys_, key_dim_, queries_, transposed(weights_.gradient()),
                        rows_of(query_.values, queries_, key_dim_), result(key_.gradient, keys_, key_dim_)});
    const std::int64_t n = batch * queries_ * query_.outputs;
    for (std::int64_t i = 0; i < n; ++i) query_.gradient.data()[i] *= scale();
  }

  [[nodiscard]] float scale() const { return 1 / std::sqrt(static_cast<float>(key_dim_)); }

  // Views of the arrays as one matrix for each sample and head.

  /// [batch, positions, heads, width]: positions x width.
  [[nodiscard]] BatchedFactor rows_of(const FloatBuffer& array, std::int64_t positions,
                                      std::int64_t width) const {
    return {{array.data(), heads_ * width, 1}, positions * heads_ * width, width};
  }
  /// The same of the keys, transposed.
  [[nodiscard]] BatchedFactor columns_of(const FloatBuffer& array, std::int64_t width) const {
    return {{array.data(), 1, heads_ * width}, keys_ * heads_ * width, width};
  }
  [[nodiscard]] BatchedResult result(FloatBuffer& array, std::int64_t positions, std::int64_t width) const {
    return {array.data(), heads_ * width, positions * heads_ * width, width};
  }
  /// [batch, heads, queries, keys].
  [[nodiscard]] BatchedFactor weights(const float* array) const {
    return {{array, keys_, 1}, weights_.size(), queries_ * keys_};
  }
  [[nodiscard]] BatchedFactor transposed(const float* array) const {
    return {{array, 1, keys_}, weights_.size(), queries_ * keys_};
  }
  [[nodiscard]] BatchedResult scores(float* array) const {
    return {array, keys_, weights_.size(), queries_ * keys_};
  }

  std::int64_t heads_, key_dim_, value_dim_;
  bool use_bias_;
  WeightOptions kernel_, bias_;
  AttentionWeights weights_;
  Shape output_shape_, axes_;

  std::size_t inputs_ = 2;
  bool has_attention_mask_ = false, causal_ = false, returns_scores_ = false;
  AttentionMasks attention_shape_;  ///< the size of the attention_mask
  std::int64_t queries_ = 0, keys_ = 0;
  std::vector<Shape> parts_;
  Projection query_, key_, value_, output_;
  FloatBuffer context_, context_gradient_;  ///< [batch, queries, heads, value_dim]
  FloatBuffer second_gradient_;             ///< of the value as the key
  BatchedProduct products_;
};

}  // namespace

LayerType multi_head_attention_layer_type() {
  return {"MultiHeadAttention",
          "multiheadattention",
          {"num_heads", "key_dim"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<MultiHeadAttentionLayer>(config);
          }};
}

}  // namespace kairos::host
