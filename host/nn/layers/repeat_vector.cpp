// SPDX-License-Identifier: MIT
// RepeatVector: a sequence of n copies of each sample.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/kernels/kernels.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

class RepeatVectorLayer final : public Layer {
 public:
  explicit RepeatVectorLayer(ConfigReader& config)
      : Layer(config, "RepeatVector"), count_(config.required_integer("n", {1, 2147483647})) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    if (inputs.front().size() != 1) refuse_shape(inputs.front(), "(features)");
    width_ = inputs.front().front();
    return {count_, width_};
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    for (std::int64_t i = 0; i < pass.batch * count_; ++i)
      std::copy_n(v.inputs.front() + i / count_ * width_, width_, v.output + i * width_);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* const to = g.input_gradients.front();
    for (std::int64_t i = 0; to != nullptr && i < pass.batch; ++i)
      kernels().sum_parts(width_, count_, g.output_gradient + i * count_ * width_, width_, nullptr,
                          to + i * width_);
  }

 protected:
  void write_config(nlohmann::json& config) const override { config["n"] = count_; }

 private:
  std::int64_t count_;
  std::int64_t width_ = 0;
};

}  // namespace

LayerType repeat_vector_layer_type() {
  return {"RepeatVector", "repeatvector", {"n"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<RepeatVectorLayer>(config);
          }};
}

}  // namespace kairos::host
