// SPDX-License-Identifier: MIT
// Add, Subtract, Multiply, Average, Maximum and Minimum: elementwise operations of several inputs, which are
// broadcast as in NumPy (keras/src/layers/merging).
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "nn/layers/layer_types.hpp"
#include "nn/layers/merge_masks.hpp"

namespace kairos::host {

namespace {

enum class Operation { Add, Subtract, Multiply, Average, Maximum, Minimum };

class MergeLayer final : public Layer {
 public:
  MergeLayer(ConfigReader& config, std::string class_name, Operation operation)
      : Layer(config, std::move(class_name)), operation_(operation) {}

  [[nodiscard]] bool takes_several_inputs() const override { return true; }

  Shape build(std::span<const Shape> inputs, const BuildContext&) override {
    if (operation_ == Operation::Subtract && inputs.size() != 2)
      refuse_shape(inputs.front(), "two inputs, of which the second is subtracted");
    output_ = inputs.front();
    for (const Shape& shape : inputs.subspan(1)) broadcast(shape);
    size_ = size_of(output_);
    for (const Shape& shape : inputs) {
      sizes_.push_back(size_of(shape));
      steps_.push_back(shape.size() == output_.size() && !shape.empty() ? shape.front() : 1);
      offsets_.push_back(shape == output_ ? std::vector<std::int64_t>{} : offsets_of(shape));
    }
    return output_;
  }

  [[nodiscard]] MaskRule mask_rule(bool masked) const override {
    return masked && output_.size() > 1 ? MaskRule::Make : MaskRule::Stop;
  }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const float count = static_cast<float>(v.inputs.size());
    for (std::int64_t sample = 0; sample < pass.batch; ++sample)
      for (std::int64_t e = 0; e < size_; ++e) {
        float& out = v.output[sample * size_ + e];
        switch (operation_) {
          case Operation::Add:
          case Operation::Average: {
            float sum = 0;
            for (std::size_t i = 0; i < v.inputs.size(); ++i) sum += v.inputs[i][at(i, sample, e)];
            out = operation_ == Operation::Add ? sum : sum / count;
            break;
          }
          case Operation::Subtract:
            out = v.inputs[0][at(0, sample, e)] - v.inputs[1][at(1, sample, e)];
            break;
          case Operation::Multiply:
            out = product(v.inputs, v.input_masks, sample, e, v.inputs.size());
            break;
          case Operation::Maximum:
          case Operation::Minimum: {
            const std::size_t winner = best(v.inputs, v.input_masks, sample, e);
            out = v.inputs[winner][at(winner, sample, e)];
            break;
          }
        }
      }
    if (v.output_mask != nullptr)
      unite_masks(pass.batch, v.input_masks, steps_, output_.front(), v.output_mask);
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    for (std::size_t i = 0; i < g.inputs.size(); ++i)
      if (g.input_gradients[i] != nullptr) std::fill_n(g.input_gradients[i], pass.batch * sizes_[i], 0.0F);
    for (std::size_t i = 0; i < g.inputs.size(); ++i) {
      if (g.input_gradients[i] == nullptr) continue;
      for (std::int64_t sample = 0; sample < pass.batch; ++sample)
        for (std::int64_t e = 0; e < size_; ++e)
          g.input_gradients[i][at(i, sample, e)] +=
              slope(i, g, sample, e) * g.output_gradient[sample * size_ + e];
    }
  }

 protected:
  void write_config(nlohmann::json&) const override {}

 private:
  /// Broadcasts the output shape with `shape`.
  void broadcast(const Shape& shape) {
    Shape wide = output_.size() < shape.size() ? shape : output_;
    const Shape& narrow = output_.size() < shape.size() ? output_ : shape;
    const std::size_t offset = wide.size() - narrow.size();
    for (std::size_t i = 0; i < narrow.size(); ++i) {
      std::int64_t& dimension = wide[offset + i];
      if (dimension == 1)
        dimension = narrow[i];
      else if (narrow[i] != 1 && narrow[i] != dimension)
        refuse_shape(shape, "a shape that can be broadcast to that of the other inputs");
    }
    output_ = std::move(wide);
  }

  /// For each value of an output sample, its offset in an input sample.
  [[nodiscard]] std::vector<std::int64_t> offsets_of(const Shape& shape) const {
    std::vector<std::int64_t> strides(output_.size(), 0);
    std::int64_t stride = 1;
    for (std::size_t i = 0; i < shape.size(); ++i) {
      const std::size_t from_end = shape.size() - 1 - i;
      if (shape[from_end] != 1) strides[output_.size() - 1 - i] = stride;
      stride *= shape[from_end];
    }
    std::vector<std::int64_t> offsets(static_cast<std::size_t>(size_));
    for (std::int64_t e = 0; e < size_; ++e) {
      std::int64_t rest = e;
      std::int64_t position = 0;
      for (std::size_t d = output_.size(); d-- > 0; rest /= output_[d])
        position += rest % output_[d] * strides[d];
      offsets[static_cast<std::size_t>(e)] = position;
    }
    return offsets;
  }

  [[nodiscard]] std::int64_t at(std::size_t input, std::int64_t sample, std::int64_t e) const {
    const std::vector<std::int64_t>& offsets = offsets_[input];
    return sample * sizes_[input] + (offsets.empty() ? e : offsets[static_cast<std::size_t>(e)]);
  }

  [[nodiscard]] bool counts(std::span<const Mask> masks, std::size_t input, std::int64_t sample,
                            std::int64_t e) const {
    if (masks[input] == nullptr) return true;
    const std::int64_t step = steps_[input] == 1 ? 0 : e / (size_ / output_.front());
    return masks[input][sample * steps_[input] + step] != 0;
  }

  /// The product of all inputs but one; masked values count as 1.
  [[nodiscard]] float product(std::span<const float* const> inputs, std::span<const Mask> masks,
                              std::int64_t sample, std::int64_t e, std::size_t without) const {
    float product = 1;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (i != without && counts(masks, i, sample, e)) product *= inputs[i][at(i, sample, e)];
    return product;
  }

  /// The first input with the best value; masked values are skipped, unless all are masked.
  [[nodiscard]] std::size_t best(std::span<const float* const> inputs, std::span<const Mask> masks,
                                 std::int64_t sample, std::int64_t e) const {
    std::size_t winner = inputs.size();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!counts(masks, i, sample, e)) continue;
      if (winner == inputs.size()) {
        winner = i;
        continue;
      }
      const float found = inputs[i][at(i, sample, e)];
      const float before = inputs[winner][at(winner, sample, e)];
      const bool better = operation_ == Operation::Maximum ? found > before : found < before;
      if (better || (std::isnan(found) && !std::isnan(before))) winner = i;  // NaN propagates
    }
    return winner == inputs.size() ? 0 : winner;
  }

  [[nodiscard]] float slope(std::size_t input, const LayerGradients& g, std::int64_t sample,
                            std::int64_t e) const {
    switch (operation_) {
      case Operation::Add:
        return 1;
      case Operation::Average:
        return 1 / static_cast<float>(g.inputs.size());
      case Operation::Subtract:
        return input == 0 ? 1 : -1;
      case Operation::Multiply:
        return counts(g.input_masks, input, sample, e) ? product(g.inputs, g.input_masks, sample, e, input)
                                                       : 0;
      case Operation::Maximum:
      case Operation::Minimum:
        return best(g.inputs, g.input_masks, sample, e) == input ? 1 : 0;
    }
    return 0;
  }

  Operation operation_;
  Shape output_;
  std::int64_t size_ = 0;
  std::vector<std::int64_t> sizes_;
  std::vector<std::int64_t> steps_;
  std::vector<std::vector<std::int64_t>> offsets_;  ///< empty if the input has the output's shape
};

}  // namespace

LayerType add_layer_type() {
  return {"Add", "add", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<MergeLayer>(config, "Add", Operation::Add);
          }};
}

LayerType subtract_layer_type() {
  return {"Subtract", "subtract", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<MergeLayer>(config, "Subtract", Operation::Subtract);
          }};
}

LayerType multiply_layer_type() {
  return {"Multiply", "multiply", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<MergeLayer>(config, "Multiply", Operation::Multiply);
          }};
}

LayerType average_layer_type() {
  return {"Average", "average", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<MergeLayer>(config, "Average", Operation::Average);
          }};
}

LayerType maximum_layer_type() {
  return {"Maximum", "maximum", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<MergeLayer>(config, "Maximum", Operation::Maximum);
          }};
}

LayerType minimum_layer_type() {
  return {"Minimum", "minimum", {}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<MergeLayer>(config, "Minimum", Operation::Minimum);
          }};
}

}  // namespace kairos::host
