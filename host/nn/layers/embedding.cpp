// SPDX-License-Identifier: MIT
// Embedding: looks up a row of a table for each index.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/random.hpp"
#include "kairos/host/error.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

namespace {

/// Inputs are float32, which is exact for integers up to this.
constexpr double max_rows = 16777216;

class EmbeddingLayer final : public Layer {
 public:
  explicit EmbeddingLayer(ConfigReader& config)
      : Layer(config, "Embedding"),
        rows_(config.required_integer("input_dim", {1, max_rows})),
        width_(config.required_integer("output_dim", {1, 2147483647})),
        mask_zero_(config.boolean("mask_zero", false)),
        table_(config, "embeddings", "random_uniform") {
    input_length_ = config.optional_integer("input_length", {1, 2147483647});  // Keras 2
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    Shape shape = inputs.front();
    if (shape.empty()) refuse_shape(shape, "at least one dimension");
    if (input_length_ && shape.front() != *input_length_)
      refuse_shape(shape, fmt::format("{} indices, as input_length says", *input_length_));
    if (mask_zero_ && shape.size() != 1)
      refuse_shape(shape, "one row of indices per sample, because mask_zero is set");
    indices_ = size_of(shape);
    table_.apply(add_parameter("embeddings", {rows_, width_}), joined_key(context.key, 0));
    shape.push_back(width_);
    return shape;
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override {
    return mask_zero_ ? MaskRule::Make : MaskRule::Stop;
  }

  [[nodiscard]] std::string input_fault(const float* sample) const override {
    for (std::int64_t i = 0; i < indices_; ++i)
      if (!is_index(sample[i])) return fmt::format("{} is {}", sample[i], expected());
    return "";
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const float* const x = v.inputs.front();
    const float* const table = parameters()[0].values.data();
    const std::int64_t n = pass.batch * indices_;
    for (std::int64_t i = 0; i < n; ++i) {
      if (!is_index(x[i])) refuse_index(i / indices_, x[i]);
      std::copy_n(table + static_cast<std::int64_t>(x[i]) * width_, width_, v.output + i * width_);
    }
    if (v.output_mask == nullptr) return;
    for (std::int64_t i = 0; i < n; ++i) v.output_mask[i] = x[i] != 0 ? 1.0F : 0.0F;
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    // Indices have no gradient.
    if (float* const into = g.input_gradients.front()) std::fill_n(into, pass.batch * indices_, 0.0F);
    if (!trainable()) return;
    float* const table = parameters()[0].gradient.data();
    std::fill_n(table, rows_ * width_, 0.0F);
    for (std::int64_t i = 0; i < pass.batch * indices_; ++i) {
      float* const row = table + static_cast<std::int64_t>(g.inputs.front()[i]) * width_;
      const float* const gradient = g.output_gradient + i * width_;
      for (std::int64_t k = 0; k < width_; ++k) row[k] += gradient[k];
    }
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["input_dim"] = rows_;
    config["output_dim"] = width_;
    table_.write(config);
    config["activity_regularizer"] = regularizer_json(activity_regularizer());
    config["quantization_config"] = nullptr;
    config["mask_zero"] = mask_zero_;
  }

 private:
  /// False also for NaN.
  [[nodiscard]] bool is_index(float value) const {
    return value >= 0 && value < static_cast<float>(rows_) &&
           value == static_cast<float>(static_cast<std::int64_t>(value));
  }
  [[nodiscard]] std::string expected() const {
    return fmt::format("not a row of an embedding with {} rows: a whole number in 0 … {}", rows_, rows_ - 1);
  }
  [[noreturn]] void refuse_index(std::int64_t sample, float value) const {
    throw Error(ErrorKind::Data,
                {"KAIROS-D109", layer_noun(name(), class_name()),
                 fmt::format("sample {} of the batch has an index outside the embedding", sample),
                 fmt::format("{}", value), fmt::format("a whole number in 0 … {}", rows_ - 1),
                 "Fix the data, or give the layer a larger input_dim"});
  }

  std::int64_t rows_;
  std::int64_t width_;
  bool mask_zero_;
  WeightOptions table_;
  std::optional<std::int64_t> input_length_;
  std::int64_t indices_ = 0;
};

}  // namespace

LayerType embedding_layer_type() {
  return {"Embedding",
          "embedding",
          {"input_dim", "output_dim"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<EmbeddingLayer>(config);
          }};
}

}  // namespace kairos::host
