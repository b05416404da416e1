// SPDX-License-Identifier: MIT
// Rescaling: x · scale + offset, so that a model can read bytes such as pixels unchanged.
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "compute/elementwise.hpp"
#include "compute/kernels/kernels.hpp"
#include "compute/kernels/normalizing.hpp"
#include "compute/parallel.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

/// Numbers, or lists with one for each channel.
class RescalingLayer final : public Layer {
 public:
  explicit RescalingLayer(ConfigReader& config) : Layer(config, "Rescaling") {
    read(config, "scale", scale_);
    read(config, "offset", offset_);
    if (scale_.empty()) config.bad_value("scale", "a number, or a list of one for each channel");
    if (offset_.empty()) offset_ = {0};
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    const Shape& shape = inputs.front();
    size_ = size_of(shape);
    if (is_one_function()) return shape;
    width_ = shape.empty() ? 1 : shape.back();
    for (const auto* const list : {&scale_, &offset_})
      if (list->size() > 1 && std::ssize(*list) != width_)
        refuse_shape(shape, std::to_string(list->size()) + " channels, as scale or offset has numbers");
    const auto row = [&](const std::vector<double>& list) {
      std::vector<float> values;
      for (std::int64_t i = 0; i < width_; ++i)
        values.push_back(static_cast<float>(list[list.size() == 1 ? 0 : static_cast<std::size_t>(i)]));
      return values;
    };
    factors_ = row(scale_);
    summands_ = row(offset_);
    zeros_.assign(static_cast<std::size_t>(width_), 0.0F);
    return shape;
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    if (is_one_function()) return function().value(pass.batch * size_, v.inputs.front(), v.output);
    each_part(pass, [&](std::int64_t at, std::int64_t rows) {
      normalizing_kernels().normalize(rows, width_, v.inputs.front() + at, zeros_.data(), factors_.data(),
                                      summands_.data(), v.output + at);
    });
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* const to = g.input_gradients.front();
    if (to == nullptr) return;
    if (is_one_function())
      return function().gradient(pass.batch * size_, g.inputs.front(), g.output_gradient, to);
    each_part(pass, [&](std::int64_t at, std::int64_t rows) {
      normalizing_kernels().normalize(rows, width_, g.output_gradient + at, zeros_.data(), factors_.data(),
                                      zeros_.data(), to + at);
    });
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    const auto json = [](const std::vector<double>& list) {
      return list.size() == 1 ? nlohmann::json(list.front()) : nlohmann::json(list);
    };
    config["scale"] = json(scale_);
    config["offset"] = json(offset_);
  }

 private:
  static void read(ConfigReader& config, std::string_view key, std::vector<double>& to) {
    const nlohmann::json* const value = config.take(key);
    if (value == nullptr) return;
    for (const nlohmann::json& one : value->is_array() ? *value : nlohmann::json::array({*value})) {
      if (!one.is_number() || one < -3e38 || one > 3e38)
        config.bad_value(key, "a number, or a list of one for each channel");
      to.push_back(one.get<double>());
    }
  }

  [[nodiscard]] bool is_one_function() const { return scale_.size() == 1 && offset_.size() == 1; }
  [[nodiscard]] PointwiseFunction function() const {
    return {Function::Affine, {static_cast<float>(scale_.front()), static_cast<float>(offset_.front())}};
  }

  /// Calls work(offset, rows) for parts of the values.
  template <typename Work>
  void each_part(const GraphPass& pass, const Work& work) const {
    rows_in_parallel(pass.batch * size_ / width_, width_, least_values,
                     [&](std::int64_t begin, std::int64_t end) { work(begin * width_, end - begin); });
  }

  std::vector<double> scale_, offset_;
  std::int64_t size_ = 0, width_ = 1;
  std::vector<float> factors_, summands_, zeros_;  ///< of a row
};

}  // namespace

LayerType rescaling_layer_type() {
  return {"Rescaling", "rescaling", {"scale", "offset"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RescalingLayer>(config);
          }};
}

}  // namespace kairos::host
