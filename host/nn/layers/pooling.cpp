// SPDX-License-Identifier: MIT
// MaxPooling and AveragePooling over one or two dimensions.
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/pool.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

class PoolingLayer final : public WindowPoolingLayer {
 public:
  PoolingLayer(ConfigReader& config, std::string class_name, Pool pool, Rank rank)
      : WindowPoolingLayer(config, std::move(class_name), pool), rank_(rank), padding_(read_padding(config)) {
    window_.size = read_sizes(config, "pool_size", rank).value_or(default_size());
    window_.stride = read_sizes(config, "strides", rank).value_or(window_.size);
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

}  // namespace kairos::host
