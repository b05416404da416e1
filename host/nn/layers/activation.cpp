// SPDX-License-Identifier: MIT
// Activation: an elementwise function, or one of the last dimension, such as softmax and glu.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "compute/vector.hpp"
#include "kairos/host/error.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

const Activation& read_activation(ConfigReader& config, std::string_view key) {
  const nlohmann::json* value = config.take(key);
  if (value == nullptr) return *find_activation("linear");
  const nlohmann::json* name = value;
  if (value->is_object() && value->value("class_name", nlohmann::json()) == "function" &&
      value->contains("config"))
    name = &value->at("config");
  if (!name->is_string()) config.bad_value(key, "the name of an activation function");
  if (const Activation* found = find_activation(name->get_ref<const std::string&>())) return *found;
  if (*name == "threshold")
    throw Error(ErrorKind::Model,
                {"KAIROS-M004", config.where(),
                 "threshold is not supported as an activation, because Keras does not store its arguments",
                 "", "", "Use the layer ReLU, which has a threshold"});
  throw Error(ErrorKind::Model, {"KAIROS-M014", config.where(), "there is no activation " + brief_json(*name),
                                 "", "", suggest(name->get_ref<const std::string&>(), activation_names())});
}

std::int64_t activated_width(const Layer& layer, const Activation& activation, std::int64_t width) {
  if (works_on_rows(activation) && width == 1)
    throw Error(ErrorKind::Model, {"KAIROS-M032", layer_noun(layer.name(), layer.class_name()),
                                   std::string(activation.name) + " over one unit is always " +
                                       (activation.name == "log_softmax" ? "0" : "1"),
                                   "1 unit", "a unit for each class", "Use sigmoid, or one unit per class"});
  if (width % activation.inputs_per_output != 0)
    throw Error(ErrorKind::Model,
                {"KAIROS-M032", layer_noun(layer.name(), layer.class_name()),
                 std::string(activation.name) + " multiplies one half of the last dimension by the other",
                 std::to_string(width) + (width == 1 ? " unit" : " units"), "an even number",
                 "Make it twice as wide as the output should be"});
  return width / activation.inputs_per_output;
}

void backward_through(const Activation& activation, std::int64_t rows, std::int64_t width,
                      const LayerGradients& g) {
  float* const gradient = g.input_gradients.front();
  if (gradient == nullptr) return;
  if (g.output_gradient == nullptr) {
    std::copy_n(g.logits_gradient, rows * width, gradient);
    return;
  }
  const float* kept = activation.needs == ActivationNeeds::Output ? g.output : g.inputs.front();
  activation.backward(rows, width, kept, g.output_gradient, gradient);
  if (g.logits_gradient != nullptr) add_to(rows * width, g.logits_gradient, gradient);
}

namespace {

class ActivationLayer final : public Layer {
 public:
  explicit ActivationLayer(ConfigReader& config)
      : Layer(config, "Activation"), activation_(read_activation(config, "activation")) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    Shape shape = inputs.front();
    if (shape.empty()) refuse_shape(shape, "at least one dimension");
    width_ = shape.back();
    rows_per_sample_ = size_of(shape) / width_;
    shape.back() = activated_width(*this, activation_, width_);
    return shape;
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Pass; }

  [[nodiscard]] const Activation* last_activation() const override { return &activation_; }
  [[nodiscard]] bool copies_values() const override { return activation_.name == "linear"; }
  bool keep_logits() override { return activation_.keeps_width(); }
  [[nodiscard]] const float* logits(std::span<const float* const> inputs) const override {
    return inputs.front();
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    activation_.forward(pass.batch * rows_per_sample_, width_, v.inputs.front(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    backward_through(activation_, pass.batch * rows_per_sample_, width_, g);
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["activation"] = activation_.name; }

 private:
  const Activation& activation_;
  std::int64_t width_ = 0;
  std::int64_t rows_per_sample_ = 0;
};

}  // namespace

LayerType activation_layer_type() {
  return {"Activation", "activation", {"activation"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<ActivationLayer>(config);
          }};
}

}  // namespace kairos::host
