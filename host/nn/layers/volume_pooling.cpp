// SPDX-License-Identifier: MIT
// MaxPooling3D, AveragePooling3D, GlobalMaxPooling3D and GlobalAveragePooling3D.
#include <nlohmann/json.hpp>
#include <utility>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/pool.hpp"
#include "nn/layers/volume_config.hpp"

namespace kairos::host {

namespace {

/// A global layer has one window of the size of the sample.
class VolumePoolingLayer final : public WindowPoolingLayer {
 public:
  VolumePoolingLayer(ConfigReader& config, std::string class_name, Pool pool, bool global)
      : WindowPoolingLayer(config, std::move(class_name), pool), global_(global) {
    if (global) {
      keep_dimensions_ = config.boolean("keepdims", false);
      return;
    }
    window_.size = read_volume_sizes(config, "pool_size").value_or(VolumeSizes{2, 2, 2});
    window_.stride = read_volume_sizes(config, "strides").value_or(window_.size);
    window_.padding = read_padding(config);
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    if (shape.size() != 4) refuse_shape(shape, std::string("samples of ") + sample_noun(3));
    if (global_) window_.size = {shape[0], shape[1], shape[2]};
    const std::optional<VolumeWindow> window = place_volume(window_, shape);
    if (!window) refuse_shape(shape, "at least the size of the window");
    pooling_.build(*window, shape.back());
    return global_ && !keep_dimensions_ ? Shape{shape.back()} : volume_output(*window, shape.back());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["data_format"] = "channels_last";
    if (global_) {
      config["keepdims"] = keep_dimensions_;
      return;
    }
    config["pool_size"] = window_.size;
    config["strides"] = window_.stride;
    config["padding"] = padding_name(window_.padding);
  }

 private:
  bool global_;
  bool keep_dimensions_ = false;
  VolumeArguments window_;
};

}  // namespace

LayerType max_pooling3d_layer_type() {
  return {"MaxPooling3D",
          "maxpool3d",
          {"pool_size", "strides"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<VolumePoolingLayer>(config, "MaxPooling3D", Pool::Max, false);
          }};
}

LayerType average_pooling3d_layer_type() {
  return {"AveragePooling3D",
          "avgpool3d",
          {"pool_size", "strides"},
          [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<VolumePoolingLayer>(config, "AveragePooling3D", Pool::Average, false);
          }};
}

LayerType global_max_pooling3d_layer_type() {
  return {"GlobalMaxPooling3D", "globalmaxpool3d", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<VolumePoolingLayer>(config, "GlobalMaxPooling3D", Pool::Max, true);
          }};
}

LayerType global_average_pooling3d_layer_type() {
  return {
      "GlobalAveragePooling3D", "globalavgpool3d", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
        return std::make_unique<VolumePoolingLayer>(config, "GlobalAveragePooling3D", Pool::Average, true);
      }};
}

}  // namespace kairos::host
