// SPDX-License-Identifier: MIT
// BatchNormalization: normalizes each channel to mean 0 and variance 1, with the statistics of the batch in
// training and with moving averages in inference.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "compute/random.hpp"
#include "nn/initializer.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/normalizing_layer.hpp"

namespace kairos::host {

namespace {

class BatchNormalizationLayer final : public NormalizingLayer {
 public:
  explicit BatchNormalizationLayer(ConfigReader& config)
      : NormalizingLayer(config, "BatchNormalization"),
        momentum_(config.number("momentum", 0.99, {0, 1})),
        synchronized_(config.boolean("synchronized", false)),
        mean_initializer_(read_initializer(config, "moving_mean_initializer", "zeros")),
        variance_initializer_(read_initializer(config, "moving_variance_initializer", "ones")) {}

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    if (axes().count(*this, shape) != 1) refuse_shape(shape, "an axis of one dimension");
    channels_ = shape.back();
    rows_per_sample_ = size_of(shape) / channels_;
    rows_per_step_ = rows_per_sample_ / (shape.size() < 2 ? 1 : shape.front());
    add_weights({channels_}, context);
    Parameter& mean = add_state("moving_mean", {channels_});
    mean_initializer_.fill(mean.shape, joined_key(context.key, 2), mean.values.data());
    Parameter& variance = add_state("moving_variance", {channels_});
    variance_initializer_.fill(variance.shape, joined_key(context.key, 3), variance.values.data());
    normalizer_.emplace(channels_, epsilon());
    return shape;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const std::int64_t rows = pass.batch * rows_per_sample_;
    const SumOfParts sum = sum_of(pass);
    float* const mean = state(0).values.data();
    float* const variance = state(1).values.data();
    // As in Keras, a frozen layer does not update its averages; an empty batch does not either.
    if (pass.mode != Mode::Infer && trainable() && !is_frozen() && rows > 0) {
      const std::int64_t counted = sum && pass.is_spare ? 0 : rows;
      normalizer_->measure(counted, v.inputs.front(), {v.input_masks.front(), rows_per_step_}, sum);
      if (pass.mode == Mode::Measure && ++*measured_ == 1)  // no average that is not finite stays
        for (float* const average : {mean, variance}) std::fill_n(average, channels_, 0.0F);
      const double taken = pass.mode == Mode::Train ? 1 - momentum_ : 1.0 / static_cast<double>(*measured_);
      const double kept = pass.mode == Mode::Train ? momentum_ : 1 - taken;
      move(mean, normalizer_->mean(), kept, taken);
      move(variance, normalizer_->variance(), kept, taken);
    } else {
      normalizer_->use(mean, variance);
    }
    normalizer_->forward(rows, v.inputs.front(), weights(), v.output);
  }

  /// Calls of a shared layer count together.
  void share_weights(Layer& first) override {
    NormalizingLayer::share_weights(first);
    measured_ = static_cast<BatchNormalizationLayer&>(first).measured_;
  }
  /// A layer that is called with training=False alone measures nothing, and keeps its averages.
  void begin_statistics() override { *measured_ = 0; }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    normalizer_->backward(pass.batch * rows_per_sample_, g.inputs.front(), weights(), g.output_gradient,
                          gradients(g.input_gradients.front()), sum_of(pass));
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    NormalizingLayer::write_config(config);
    config["momentum"] = momentum_;
    config["moving_mean_initializer"] = mean_initializer_.json();
    config["moving_variance_initializer"] = variance_initializer_.json();
    config["synchronized"] = synchronized_;
  }

 private:
  [[nodiscard]] Parameter& state(std::size_t i) { return parameters()[weight_count() + i]; }

  /// Over the ranks that have other parts of the batch; empty if each measures its own.
  [[nodiscard]] SumOfParts sum_of(const GraphPass& pass) const {
    if (pass.ranks == nullptr || !(synchronized_ || pass.synchronizes)) return {};
    return [ranks = pass.ranks](std::span<double> values) { ranks->reduce(Reduction::Sum, values); };
  }

  /// Whether callbacks have frozen gamma and beta, or the averages of a layer that has neither.
  [[nodiscard]] bool is_frozen() {
    const std::span<Parameter> all = parameters();
    const std::span<Parameter> deciding = weight_count() == 0 ? all : all.first(weight_count());
    return std::all_of(deciding.begin(), deciding.end(), [](const Parameter& p) { return p.frozen; });
  }

  void move(float* average, const float* of_batch, double kept, double taken) const {
    const auto old_share = static_cast<float>(kept);
    const auto new_share = static_cast<float>(taken);
    for (std::int64_t i = 0; i < channels_; ++i)
      average[i] = average[i] * old_share + of_batch[i] * new_share;
  }

  double momentum_;
  bool synchronized_;  ///< over ranks; no effect with one
  Initializer mean_initializer_;
  Initializer variance_initializer_;

  std::int64_t channels_ = 0;
  std::int64_t own_measured_ = 0;
  std::int64_t* measured_ = &own_measured_;  ///< passes in Mode::Measure since begin_statistics
  std::int64_t rows_per_sample_ = 0;
  std::int64_t rows_per_step_ = 0;  ///< per value of a mask
  std::optional<ColumnNormalizer> normalizer_;
};

}  // namespace

LayerType batch_normalization_layer_type() {
  return {"BatchNormalization",
          "batchnorm",
          {"momentum", "epsilon"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<BatchNormalizationLayer>(config);
          }};
}

}  // namespace kairos::host
