// SPDX-License-Identifier: MIT
// GlobalMaxPooling and GlobalAveragePooling: one window of the size of the sample.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/pool.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

/// The mean of each channel over the timesteps that count; NaN if none does, as in Keras.
void masked_mean(std::int64_t steps, std::int64_t channels, const float* x, const float* mask, float* y) {
  std::fill_n(y, channels, 0.0F);
  float count = 0;
  for (std::int64_t t = 0; t < steps; ++t) {
    count += mask[t];
    for (std::int64_t c = 0; c < channels; ++c) y[c] += x[t * channels + c] * mask[t];
  }
  for (std::int64_t c = 0; c < channels; ++c) y[c] /= count;
}

void masked_mean_backward(std::int64_t steps, std::int64_t channels, const float* mask,
                          const float* y_gradient, float* x_gradient) {
  float count = 0;
  for (std::int64_t t = 0; t < steps; ++t) count += mask[t];
  for (std::int64_t t = 0; t < steps; ++t)
    for (std::int64_t c = 0; c < channels; ++c)
      x_gradient[t * channels + c] = y_gradient[c] / count * mask[t];
}

class GlobalPoolingLayer final : public Layer {
 public:
  GlobalPoolingLayer(ConfigReader& config, std::string class_name, Pool pool, Rank rank)
      : Layer(config, std::move(class_name)),
        rank_(rank),
        keep_dimensions_(config.boolean("keepdims", false)),
        uses_mask_(pool == Pool::Average && rank == Rank::One),
        pooling_(pool) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    if (shape.size() != static_cast<std::size_t>(rank_) + 1)
      refuse_shape(shape, std::string("samples of ") + sample_noun(rank_));
    Window window;
    window.size = rank_ == Rank::One ? Window::Pair{1, shape[0]} : Window::Pair{shape[0], shape[1]};
    window.input = window.size;
    pooling_.build(window, shape.back());
    steps_ = shape.front();
    channels_ = shape.back();
    return keep_dimensions_ ? window_output(window, rank_, channels_) : Shape{channels_};
  }

  void reserve(std::int64_t batch) override { pooling_.reserve(batch); }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const Mask mask = uses_mask_ ? v.input_masks.front() : nullptr;
    if (mask == nullptr) return pooling_.forward(pass.batch, v.inputs.front(), v.output);
    for (std::int64_t i = 0; i < pass.batch; ++i)
      masked_mean(steps_, channels_, v.inputs.front() + i * steps_ * channels_, mask + i * steps_,
                  v.output + i * channels_);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    const Mask mask = uses_mask_ ? g.input_masks.front() : nullptr;
    float* const to = g.input_gradients.front();
    if (mask == nullptr) return pooling_.backward(pass.batch, g.output_gradient, to);
    for (std::int64_t i = 0; to != nullptr && i < pass.batch; ++i)
      masked_mean_backward(steps_, channels_, mask + i * steps_, g.output_gradient + i * channels_,
                           to + i * steps_ * channels_);
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["data_format"] = "channels_last";
    config["keepdims"] = keep_dimensions_;
  }

 private:
  Rank rank_;
  bool keep_dimensions_;
  bool uses_mask_;  ///< in Keras only GlobalAveragePooling1D does
  std::int64_t steps_ = 0;
  std::int64_t channels_ = 0;
  Pooling pooling_;
};

}  // namespace

LayerType global_max_pooling1d_layer_type() {
  return {"GlobalMaxPooling1D", "globalmaxpool1d", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<GlobalPoolingLayer>(config, "GlobalMaxPooling1D", Pool::Max, Rank::One);
          }};
}

LayerType global_max_pooling2d_layer_type() {
  return {"GlobalMaxPooling2D", "globalmaxpool", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<GlobalPoolingLayer>(config, "GlobalMaxPooling2D", Pool::Max, Rank::Two);
          }};
}

LayerType global_average_pooling1d_layer_type() {
  return {
      "GlobalAveragePooling1D", "globalavgpool1d", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
        return std::make_unique<GlobalPoolingLayer>(config, "GlobalAveragePooling1D", Pool::Average,
                                                    Rank::One);
      }};
}

LayerType global_average_pooling2d_layer_type() {
  return {"GlobalAveragePooling2D", "globalavgpool", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<GlobalPoolingLayer>(config, "GlobalAveragePooling2D", Pool::Average,
                                                        Rank::Two);
          }};
}

}  // namespace kairos::host
