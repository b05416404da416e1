// SPDX-License-Identifier: MIT
// keras.ops.clip and keras.ops.where.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "nn/layers/operation_layer.hpp"

namespace kairos::host {

namespace {

class Clip final : public OperationLayer {
 public:
  explicit Clip(ConfigReader& config)
      : OperationLayer(config, "Clip"),
        least_(static_cast<float>(config.required_number("x_min", {-3.4e38, 3.4e38}))),
        most_(static_cast<float>(config.required_number("x_max", {-3.4e38, 3.4e38}))) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    size_ = size_of(inputs.front());
    return inputs.front();
  }
  void forward(const GraphPass& pass, const LayerValues& v) override {
    for (std::int64_t i = 0; i < pass.batch * size_; ++i)
      v.output[i] = std::min(std::max(v.inputs[0][i], least_), most_);
  }
  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (g.input_gradients[0] == nullptr) return;
    for (std::int64_t i = 0; i < pass.batch * size_; ++i) {
      const float x = g.inputs[0][i];
      g.input_gradients[0][i] = x < least_ || x > most_ ? 0 : g.output_gradient[i];
    }
  }

 private:
  float least_, most_;
  std::int64_t size_ = 0;
};

/// The second argument where the first is true, else the third. Each is a number, or a tensor of the same
/// shape as the others, of which dimensions may be 1.
class Where final : public OperationLayer {
 public:
  Where(ConfigReader& config, const std::vector<OperationArgument>& arguments)
      : OperationLayer(config, "Where"), arguments_(arguments) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    Shape output(inputs.front().size(), 1);
    for (const Shape& shape : inputs) {
      if (shape.size() != output.size())
        refuse_shape(shape, "as many dimensions as the other arguments have");
      for (std::size_t d = 0; d < shape.size(); ++d) {
        if (output[d] == 1) output[d] = shape[d];
        if (shape[d] != 1 && shape[d] != output[d])
          refuse_shape(shape, "a shape that can be broadcast to that of the other arguments");
      }
    }
    check_broadcast(output);
    size_ = size_of(output);
    std::size_t next = 0;
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      places_[i] = {};
      if (arguments_[i].kind != OperationArgument::Kind::Inputs) continue;
      places_[i].input = next;
      places_[i].sample = size_of(inputs[next]);
      places_[i].offsets = offsets_of(inputs[next], output);
      ++next;
    }
    return output;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    float* y = v.output;
    for (std::int64_t row = 0; row < pass.batch; ++row)
      for (std::int64_t e = 0; e < size_; ++e) *y++ = value(chosen(v.inputs, row, e), v.inputs, row, e);
  }
  void backward(const GraphPass& pass, const LayerGradients& g) override {
    for (const Place& place : places_)
      if (place.sample > 0 && g.input_gradients[place.input] != nullptr)
        std::fill_n(g.input_gradients[place.input], pass.batch * place.sample, 0.0F);
    const float* dy = g.output_gradient;
    for (std::int64_t row = 0; row < pass.batch; ++row)
      for (std::int64_t e = 0; e < size_; ++e, ++dy) {
        const Place& place = places_[chosen(g.inputs, row, e)];
        if (place.sample > 0 && g.input_gradients[place.input] != nullptr)
          g.input_gradients[place.input][place.at(row, e)] += *dy;
      }
  }

 private:
  struct Place {
    std::size_t input = 0;
    std::int64_t sample = 0;  ///< values of a sample; 0 for a number
    std::vector<std::int64_t> offsets;

    [[nodiscard]] std::int64_t at(std::int64_t row, std::int64_t e) const {
      return row * sample + offsets[static_cast<std::size_t>(e)];
    }
  };

  static std::vector<std::int64_t> offsets_of(const Shape& shape, const Shape& output) {
    std::vector<std::int64_t> offsets{0};
    std::int64_t stride = size_of(shape);
    for (std::size_t d = 0; d < shape.size(); ++d) {
      stride /= shape[d];
      std::vector<std::int64_t> next;
      for (const std::int64_t before : offsets)
        for (std::int64_t i = 0; i < output[d]; ++i)
          next.push_back(before + (shape[d] == 1 ? 0 : i * stride));
      offsets = std::move(next);
    }
    return offsets;
  }

  [[nodiscard]] float value(std::size_t argument, std::span<const float* const> inputs, std::int64_t row,
                            std::int64_t e) const {
    const Place& place = places_[argument];
    return place.sample == 0 ? arguments_[argument].values.front() : inputs[place.input][place.at(row, e)];
  }
  /// 1 or 2.
  [[nodiscard]] std::size_t chosen(std::span<const float* const> inputs, std::int64_t row,
                                   std::int64_t e) const {
    return value(0, inputs, row, e) != 0 ? 1 : 2;
  }

  std::vector<OperationArgument> arguments_;
  std::array<Place, 3> places_;
  std::int64_t size_ = 0;
};

std::unique_ptr<Layer> make_clip(std::string_view class_name, ConfigReader& config,
                                 const std::vector<OperationArgument>& arguments) {
  require_arguments(config, class_name, arguments, 1, false);
  return std::make_unique<Clip>(config);
}

std::unique_ptr<Layer> make_where(std::string_view class_name, ConfigReader& config,
                                  const std::vector<OperationArgument>& arguments) {
  std::vector<OperationArgument> checked = arguments;
  for (OperationArgument& argument : checked)
    if (argument.shape.size() > 0) argument.kind = OperationArgument::Kind::Other;  // an array
  require_arguments(config, class_name, checked, 3, true);
  return std::make_unique<Where>(config, arguments);
}

}  // namespace

std::vector<OperationType> selecting_operations() {
  return {{"Clip", make_clip}, {"Where", make_where}};
}

}  // namespace kairos::host
