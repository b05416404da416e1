// SPDX-License-Identifier: MIT
// One of several outputs of a layer.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "nn/layers/operation_layer.hpp"

namespace kairos::host {

namespace {

class OutputPart final : public OperationLayer {
 public:
  OutputPart(ConfigReader& config, const std::vector<Shape>& parts, std::size_t i)
      : OperationLayer(config, "output"), shape_(parts[i]), is_first_(i == 0), size_(size_of(shape_)) {
    for (std::size_t k = 0; k < parts.size(); ++k) (k < i ? before_ : all_) += size_of(parts[k]);
    all_ += before_;
  }

  Shape build(std::span<const Shape>, const BuildContext&) override { return shape_; }
  [[nodiscard]] MaskRule mask_rule(bool) const override {
    return is_first_ ? MaskRule::Pass : MaskRule::Stop;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    for (std::int64_t row = 0; row < pass.batch; ++row)
      std::copy_n(v.inputs.front() + row * all_ + before_, size_, v.output + row * size_);
  }
  void backward(const GraphPass& pass, const LayerGradients& g) override {
    float* const into = g.input_gradients.front();
    if (into == nullptr) return;
    std::fill_n(into, pass.batch * all_, 0.0F);
    for (std::int64_t row = 0; row < pass.batch; ++row)
      std::copy_n(g.output_gradient + row * size_, size_, into + row * all_ + before_);
  }

 private:
  Shape shape_;
  bool is_first_;
  std::int64_t size_;
  std::int64_t before_ = 0, all_ = 0;  ///< values of a sample in the parts before this one, and in all
};

}  // namespace

std::unique_ptr<Layer> make_part(const std::string& name, const std::vector<Shape>& parts, std::size_t i) {
  const nlohmann::json json{{"name", name}};
  ConfigReader config(json, layer_noun(name, "output"));
  return std::make_unique<OutputPart>(config, parts, i);
}

}  // namespace kairos::host
