// SPDX-License-Identifier: MIT
// ZeroPadding2D: pads images with zeros.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/window_config.hpp"

namespace kairos::host {

namespace {

class ZeroPaddingLayer final : public Layer {
 public:
  explicit ZeroPaddingLayer(ConfigReader& config) : Layer(config, "ZeroPadding2D") {
    const nlohmann::json* value = config.take("padding");
    if (value == nullptr) return;
    if (value->is_array() && value->size() != padding_.size()) bad_padding(config);
    for (std::size_t i = 0; i < padding_.size(); ++i) {
      const nlohmann::json& side = value->is_array() ? value->at(i) : *value;
      if (side.is_array() && side.size() != 2) bad_padding(config);
      for (std::size_t k = 0; k < 2; ++k)
        padding_[i][k] = read_side(config, side.is_array() ? side.at(k) : side);
    }
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    input_ = inputs.front();
    if (input_.size() != 3) refuse_shape(input_, std::string("samples of ") + sample_noun(Rank::Two));
    output_ = {input_[0] + padding_[0][0] + padding_[0][1], input_[1] + padding_[1][0] + padding_[1][1],
               input_[2]};
    return output_;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    std::fill_n(v.output, pass.batch * size_of(output_), 0.0F);
    each_row(pass.batch, [&](std::int64_t inner, std::int64_t outer, std::int64_t n) {
      std::copy_n(v.inputs.front() + inner, n, v.output + outer);
    });
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    if (g.input_gradients.front() == nullptr) return;
    each_row(pass.batch, [&](std::int64_t inner, std::int64_t outer, std::int64_t n) {
      std::copy_n(g.output_gradient + outer, n, g.input_gradients.front() + inner);
    });
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["padding"] = padding_;
    config["data_format"] = "channels_last";
  }

 private:
  [[noreturn]] static void bad_padding(const ConfigReader& config) {
    config.bad_value("padding",
                     "an integer of at least 0, (rows, columns), or ((top, bottom), (left, right))");
  }

  static std::int64_t read_side(const ConfigReader& config, const nlohmann::json& value) {
    constexpr std::int64_t largest = 1 << 20;
    if (!value.is_number_integer() || value < 0 || value > largest) bad_padding(config);
    return value.get<std::int64_t>();
  }

  /// Calls visit(offset in the input, offset in the output, number of values) for every row of every image.
  template <typename Visit>
  void each_row(std::int64_t batch, Visit&& visit) const {
    const std::int64_t n = input_[1] * input_[2];
    for (std::int64_t image = 0; image < batch; ++image)
      for (std::int64_t row = 0; row < input_[0]; ++row)
        visit((image * input_[0] + row) * n,
              ((image * output_[0] + row + padding_[0][0]) * output_[1] + padding_[1][0]) * input_[2], n);
  }

  std::array<std::array<std::int64_t, 2>, 2> padding_{{{1, 1}, {1, 1}}};  ///< [rows, columns][before, after]
  Shape input_;
  Shape output_;
};

}  // namespace

LayerType zero_padding2d_layer_type() {
  return {"ZeroPadding2D", "zeropad", {"padding"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ZeroPaddingLayer>(config);
          }};
}

}  // namespace kairos::host
