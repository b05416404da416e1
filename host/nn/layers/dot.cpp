// SPDX-License-Identifier: MIT
// Dot: the products of two inputs along one dimension of each, sample by sample.
#include <array>
#include <nlohmann/json.hpp>
#include <optional>

#include "compute/batched_product.hpp"
#include "compute/permutation.hpp"
#include "compute/row_scaler.hpp"
#include "nn/layers/arrangement.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

/// Both inputs are arranged as rows that are multiplied: [batch, rows, common size].
class DotLayer final : public Layer {
 public:
  explicit DotLayer(ConfigReader& config)
      : Layer(config, "Dot"), normalize_(config.boolean("normalize", false)) {
    const nlohmann::json* const value = config.take("axes");
    const char* const expected = "a dimension that is not the batch, or a list of one for each input";
    if (value == nullptr || (value->is_array() && value->size() != 2)) config.bad_value("axes", expected);
    for (std::size_t i = 0; i < 2; ++i) {
      const nlohmann::json& axis = value->is_array() ? value->at(i) : *value;
      if (!axis.is_number_integer() || axis == 0 || axis < -64 || axis > 64)
        config.bad_value("axes", expected);
      sides_[i].axis = axis.get<std::int64_t>();
    }
    axes_are_list_ = value->is_array();
  }

  [[nodiscard]] bool takes_several_inputs() const override { return true; }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    if (inputs.size() != 2) refuse_shape(inputs.front(), "two inputs");
    Shape output;
    for (std::size_t i = 0; i < 2; ++i) {
      Side& side = sides_[i];
      Shape shape = inputs[i];
      if (shape.size() >= most_dimensions)
        refuse_shape(shape, "at most " + std::to_string(most_dimensions - 1) + " dimensions");
      shape.insert(shape.begin(), 1);
      const std::int64_t axis = side.axis < 0 ? side.axis + std::ssize(shape) : side.axis;
      if (axis < 1 || axis >= std::ssize(shape))
        refuse_shape(inputs[i], "an input that has axis " + std::to_string(side.axis));
      std::vector<std::size_t> order;
      for (std::size_t d = 0; d < shape.size(); ++d)
        if (d != static_cast<std::size_t>(axis)) {
          order.push_back(d);
          if (d > 0) output.push_back(shape[d]);
        }
      order.push_back(static_cast<std::size_t>(axis));
      side.common = shape[static_cast<std::size_t>(axis)];
      side.rows = size_of(shape) / side.common;
      side.arrangement.place(std::move(shape), std::move(order), true);
      if (normalize_) side.scaler.emplace(side.common, 1.0F, 0.0F, 1e12F);
    }
    if (sides_[0].common != sides_[1].common)
      refuse_shape(inputs[1], "an axis of " + std::to_string(sides_[0].common) + ", as the first input has");
    // Keras gives the product of two vectors a dimension of 1.
    return output.empty() ? Shape{1} : output;
  }

  void reserve(std::int64_t batch) override {
    for (Side& side : sides_) {
      side.arrangement.reserve(batch);
      const std::int64_t n = batch * side.rows * side.common;
      if (!normalize_) continue;
      side.unit.reserve(n);
      side.unit_gradient.reserve(n);
      side.scaler->reserve(batch * side.rows);
    }
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    for (std::size_t i = 0; i < 2; ++i) {
      Side& side = sides_[i];
      side.factor = side.arrangement.arranged(pass.batch, v.inputs[i]);
      side.arranged_input = side.factor;
      if (!normalize_) continue;
      side.scaler->forward(pass.batch * side.rows, side.factor, nullptr, side.unit.data());
      side.factor = side.unit.data();
    }
    const std::int64_t m = sides_[0].rows, n = sides_[1].rows, k = sides_[0].common;
    products_.multiply_each(pass.batch, {m, n, k}, {sides_[0].factor, k, 1}, {sides_[1].factor, 1, k},
                            v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    const std::int64_t m = sides_[0].rows, n = sides_[1].rows, k = sides_[0].common;
    if (g.input_gradients[0] != nullptr) {
      float* const to = sides_[0].gradient_target(normalize_, g.input_gradients[0]);
      products_.multiply_each(pass.batch, {m, k, n}, {g.output_gradient, n, 1}, {sides_[1].factor, k, 1}, to);
      finish(pass, sides_[0], to, g.input_gradients[0]);
    }
    if (g.input_gradients[1] != nullptr) {
      float* const to = sides_[1].gradient_target(normalize_, g.input_gradients[1]);
      products_.multiply_each(pass.batch, {n, k, m}, {g.output_gradient, 1, n}, {sides_[0].factor, k, 1}, to);
      finish(pass, sides_[1], to, g.input_gradients[1]);
    }
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    if (axes_are_list_)
      config["axes"] = {sides_[0].axis, sides_[1].axis};
    else
      config["axes"] = sides_[0].axis;
    config["normalize"] = normalize_;
  }

 private:
  struct Side {
    std::int64_t axis = 0;
    std::int64_t rows = 0, common = 0;  ///< per sample
    Arrangement arrangement;
    std::optional<RowScaler> scaler;
    FloatBuffer unit, unit_gradient;  ///< rows of length 1
    const float* arranged_input = nullptr;
    const float* factor = nullptr;

    /// Where the gradient of the factor belongs.
    [[nodiscard]] float* gradient_target(bool normalize, float* input_gradient) {
      return normalize ? unit_gradient.data() : arrangement.target(input_gradient);
    }
  };

  /// Makes the gradient of the input from that of the factor.
  void finish(const GraphPass& pass, Side& side, const float* factor_gradient, float* input_gradient) {
    if (normalize_)
      side.scaler->backward(pass.batch * side.rows, side.arranged_input, nullptr, factor_gradient, nullptr,
                            side.arrangement.target(input_gradient));
    side.arrangement.put_back(pass.batch, input_gradient);
  }

  bool normalize_;
  bool axes_are_list_ = false;
  std::array<Side, 2> sides_;
  BatchedProduct products_;
};

}  // namespace

LayerType dot_layer_type() {
  return {"Dot", "dot", {"axes"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<DotLayer>(config);
          }};
}

}  // namespace kairos::host
