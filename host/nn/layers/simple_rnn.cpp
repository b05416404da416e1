// SPDX-License-Identifier: MIT
// SimpleRNN: output = activation(input · kernel + bias + output before · recurrent kernel).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "nn/layers/cell_activation.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/recurrent_layer.hpp"

namespace kairos::host {

namespace {

class SimpleRnnLayer final : public RecurrentLayer {
 public:
  explicit SimpleRnnLayer(ConfigReader& config)
      : RecurrentLayer(config, {"SimpleRNN", "simple_rnn_cell", 1}) {}

 protected:
  void build_cell(ComputeEngine& engine) override { product_.emplace(engine, units(), units()); }
  void reserve_cell(std::int64_t batch) override { recurrent_.reserve(batch * units()); }
  void begin_forward(std::int64_t) override {}
  void begin_backward(std::int64_t) override {}

  /// Keeps what went into the function.
  void forward_step(const Step& s) override {
    const std::int64_t n = units();
    product_->forward(s.rows, s.shown, recurrent_kernel().values.data(), nullptr, recurrent_.data());
    for (std::int64_t k = 0; k < s.rows * n; ++k) s.gates[k] += recurrent_.data()[k];
    activation().forward(s.rows, n, s.gates, s.output);
    if (s.mask == nullptr) return;
    for (std::int64_t row = 0; row < s.rows; ++row)
      if (s.mask[row] == 0) std::copy_n(s.before + row * n, n, s.output + row * n);
  }

  void backward_step(const Step& s, float* gradient, float* shown_gradient) override {
    const std::int64_t n = units();
    for (std::int64_t row = 0; row < s.rows; ++row) {
      float* const sums = s.gates + row * n;
      float* const dy = gradient + row * n;
      if (s.mask != nullptr && s.mask[row] == 0) {
        std::fill_n(sums, n, 0.0F);
        continue;  // all of it goes to the step before
      }
      apply_slope(activation(), n, sums, s.output + row * n, dy);
      std::copy_n(dy, n, sums);
      std::fill_n(dy, n, 0.0F);
    }
    product_->backward_data(s.rows, s.gates, recurrent_kernel().values.data(), shown_gradient);
  }

  void recurrent_gradients(std::int64_t rows, const float* shown) override {
    product_->backward_weights(steps() * rows, shown, all_gates(), recurrent_kernel().gradient.data(),
                               nullptr);
  }

 private:
  std::optional<DenseKernel> product_;
  FloatBuffer recurrent_;
};

}  // namespace

LayerType simple_rnn_layer_type() {
  return {
      "SimpleRNN", "simplernn", {"units", "activation"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
        return std::make_unique<SimpleRnnLayer>(config);
      }};
}

}  // namespace kairos::host
