// SPDX-License-Identifier: MIT
// Permute: the dimensions of each sample in another order.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/permutation.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class PermuteLayer final : public Layer {
 public:
  explicit PermuteLayer(ConfigReader& config) : Layer(config, "Permute") {
    const char* const expected = "a list of all dimensions in the new order, counted from 1, such as (2,1)";
    const nlohmann::json* const value = config.take("dims");
    if (value == nullptr || !value->is_array() || value->empty() || value->size() >= most_dimensions)
      config.bad_value("dims", expected);
    for (const nlohmann::json& dimension : *value) {
      if (!dimension.is_number_integer() || dimension < 1 || dimension > value->size())
        config.bad_value("dims", expected);
      order_.push_back(dimension.get<std::size_t>());
    }
    inverse_.assign(order_.size() + 1, 0);
    order_.insert(order_.begin(), 0);  // the batch
    for (std::size_t i = 1; i < order_.size(); ++i) {
      if (inverse_[order_[i]] != 0) config.bad_value("dims", expected);
      inverse_[order_[i]] = i;
    }
  }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    if (inputs.front().size() + 1 != order_.size())
      refuse_shape(inputs.front(), std::to_string(order_.size() - 1) + " dimensions, as \"dims\" has");
    input_ = inputs.front();
    input_.insert(input_.begin(), 0);
    output_ = input_;
    for (std::size_t i = 1; i < order_.size(); ++i) output_[i] = input_[order_[i]];
    return {output_.begin() + 1, output_.end()};
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    input_[0] = pass.batch;
    permute(input_, order_, v.inputs.front(), v.output);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    output_[0] = pass.batch;
    if (g.input_gradients.front() != nullptr)
      permute(output_, inverse_, g.output_gradient, g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    config["dims"] = std::vector<std::size_t>(order_.begin() + 1, order_.end());
  }

 private:
  std::vector<std::size_t> order_, inverse_;  ///< with the batch, which stays first
  Shape input_, output_;                      ///< with the batch of the pass
};

}  // namespace

LayerType permute_layer_type() {
  return {"Permute", "permute", {"dims"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<PermuteLayer>(config);
          }};
}

}  // namespace kairos::host
