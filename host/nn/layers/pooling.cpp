// SPDX-License-Identifier: MIT
// MaxPooling and AveragePooling over one dimension or two, and the global ones, whose window is the sample.
#include "compute/pooling.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

enum class Pool { Max, Average };

/// What a window does with its values; shared by the layers below.
class Pooling {
 public:
  explicit Pooling(Pool pool) : pool_(pool) {}

  void build(const Window& window, std::int64_t channels) {
    window_ = window;
    channels_ = channels;
  }

  void reserve(std::int64_t batch) {
    const auto n = static_cast<std::size_t>(batch * window_.output[0] * window_.output[1] * channels_);
    if (pool_ == Pool::Max && n > winner_.size()) winner_.resize(n);
  }

  void forward(std::int64_t batch, const float* x, float* y) {
    if (pool_ == Pool::Max)
      max_pool(batch, channels_, window_, x, y, winner_.data());
    else
      average_pool(batch, channels_, window_, x, y);
  }

  void backward(std::int64_t batch, const float* y_gradient, float* x_gradient) const {
    if (x_gradient == nullptr) return;
    if (pool_ == Pool::Max)
      max_pool_backward(batch, channels_, window_, winner_.data(), y_gradient, x_gradient);
    else
      average_pool_backward(batch, channels_, window_, y_gradient, x_gradient);
  }

 private:
  Pool pool_;
  Window window_;
  std::int64_t channels_ = 0;
  std::vector<std::int32_t> winner_;
};

class PoolingLayer final : public Layer {
 public:
  PoolingLayer(ConfigReader& config, std::string class_name, Pool pool, Rank rank)
      : Layer(config, std::move(class_name)), rank_(rank), padding_(read_padding(config)), pooling_(pool) {
    window_.size = read_sizes(config, "pool_size", rank).value_or(default_size());
    window_.stride = read_sizes(config, "strides", rank).value_or(window_.size);
    require_channels_last(config);
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    if (shape.size() != static_cast<std::size_t>(rank_) + 1)
      refuse_shape(shape, std::string("samples of ") + sample_noun(rank_));
    if (!place_window(window_, padding_, rank_, shape))
      refuse_shape(shape, "at least the size of the window");
    pooling_.build(window_, shape.back());
    return window_output(window_, rank_, shape.back());
  }

  void reserve(std::int64_t batch) override { pooling_.reserve(batch); }

  void forward(const Pass& pass, const LayerValues& v) override {
    pooling_.forward(pass.batch, v.inputs.front(), v.output);
  }

  void backward(const Pass& pass, const LayerGradients& g) override {
    pooling_.backward(pass.batch, g.output_gradient, g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["pool_size"] = sizes_json(window_.size, rank_);
    config["padding"] = padding_name(padding_);
    config["strides"] = sizes_json(window_.stride, rank_);
    config["data_format"] = "channels_last";
  }

 private:
  [[nodiscard]] Window::Pair default_size() const {
    return rank_ == Rank::One ? Window::Pair{1, 2} : Window::Pair{2, 2};
  }

  Rank rank_;
  Padding padding_;
  Window window_;
  Pooling pooling_;
};

class GlobalPoolingLayer final : public Layer {
 public:
  GlobalPoolingLayer(ConfigReader& config, std::string class_name, Pool pool, Rank rank)
      : Layer(config, std::move(class_name)),
        rank_(rank),
        keep_dimensions_(config.boolean("keepdims", false)),
        pooling_(pool) {
    require_channels_last(config);
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    if (shape.size() != static_cast<std::size_t>(rank_) + 1)
      refuse_shape(shape, std::string("samples of ") + sample_noun(rank_));
    Window window;
    window.size = rank_ == Rank::One ? Window::Pair{1, shape[0]} : Window::Pair{shape[0], shape[1]};
    window.input = window.size;
    pooling_.build(window, shape.back());
    return keep_dimensions_ ? window_output(window, rank_, shape.back()) : Shape{shape.back()};
  }

  void reserve(std::int64_t batch) override { pooling_.reserve(batch); }

  void forward(const Pass& pass, const LayerValues& v) override {
    pooling_.forward(pass.batch, v.inputs.front(), v.output);
  }

  void backward(const Pass& pass, const LayerGradients& g) override {
    pooling_.backward(pass.batch, g.output_gradient, g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["data_format"] = "channels_last";
    config["keepdims"] = keep_dimensions_;
  }

 private:
  Rank rank_;
  bool keep_dimensions_;
  Pooling pooling_;
};

}  // namespace

LayerType max_pooling1d_layer_type() {
  return {"MaxPooling1D",
          "maxpool1d",
          {"pool_size", "strides"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<PoolingLayer>(config, "MaxPooling1D", Pool::Max, Rank::One);
          }};
}

LayerType max_pooling2d_layer_type() {
  return {"MaxPooling2D",
          "maxpool",
          {"pool_size", "strides"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<PoolingLayer>(config, "MaxPooling2D", Pool::Max, Rank::Two);
          }};
}

LayerType average_pooling1d_layer_type() {
  return {"AveragePooling1D",
          "avgpool1d",
          {"pool_size", "strides"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<PoolingLayer>(config, "AveragePooling1D", Pool::Average, Rank::One);
          }};
}

LayerType average_pooling2d_layer_type() {
  return {"AveragePooling2D",
          "avgpool",
          {"pool_size", "strides"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<PoolingLayer>(config, "AveragePooling2D", Pool::Average, Rank::Two);
          }};
}

LayerType global_max_pooling2d_layer_type() {
  return {"GlobalMaxPooling2D", "globalmaxpool", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<GlobalPoolingLayer>(config, "GlobalMaxPooling2D", Pool::Max, Rank::Two);
          }};
}

LayerType global_average_pooling2d_layer_type() {
  return {"GlobalAveragePooling2D", "globalavgpool", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<GlobalPoolingLayer>(config, "GlobalAveragePooling2D", Pool::Average,
                                                        Rank::Two);
          }};
}

}  // namespace kairos::host
