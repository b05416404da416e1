// SPDX-License-Identifier: MIT
// SimpleRNN: output = activation(input · kernel + bias + previous output · recurrent kernel).
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
  void reserve_cell(std::int64_t) override {
    packed_.reserve(packed_kernels().packed_size(units(), units()));
  }
  void begin_forward(std::int64_t) override {
    const std::int64_t n = units();
    packed_kernels().pack(n, n, {recurrent_kernel().values.data(), n, 1}, packed_.data());
  }
  void begin_backward(std::int64_t) override {
    const std::int64_t n = units();
    packed_kernels().pack(n, n, {recurrent_kernel().values.data(), 1, n}, packed_.data());
  }

  /// Keeps the pre-activations in `gates`.
  void forward_step(const Step& s) override {
    const std::int64_t n = units();
    const float* const bias_values = bias() != nullptr ? bias()->values.data() : nullptr;
    packed_kernels().multiply(
        {s.rows, n, input_term(s), {s.recurrent_input, n, n, packed_.data()}, bias_values, s.gates, n});
    activation().forward(s.rows, n, s.gates, s.output);
    if (s.mask == nullptr) return;
    for (std::int64_t row = 0; row < s.rows; ++row)
      if (s.mask[row] == 0) std::copy_n(s.before + row * n, n, s.output + row * n);
  }

  void backward_step(const Step& s, float* gradient, float* recurrent_input_gradient) override {
    const std::int64_t n = units();
    for (std::int64_t row = 0; row < s.rows; ++row) {
      float* const sums = s.gates + row * n;
      float* const dy = gradient + row * n;
      if (s.mask != nullptr && s.mask[row] == 0) {
        std::fill_n(sums, n, 0.0F);
        continue;  // the whole gradient goes to the previous step
      }
      apply_slope(activation(), n, sums, s.output + row * n, dy);
      std::copy_n(dy, n, sums);
      std::fill_n(dy, n, 0.0F);
    }
    packed_kernels().multiply(
        {s.rows, n, {s.gates, n, n, packed_.data()}, {}, nullptr, recurrent_input_gradient, n});
  }

 private:
  FloatBuffer packed_;  ///< the recurrent kernel; transposed in the backward pass
};

}  // namespace

LayerType simple_rnn_layer_type() {
  return {
      "SimpleRNN", "simplernn", {"units", "activation"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
        return std::make_unique<SimpleRnnLayer>(config);
      }};
}

}  // namespace kairos::host
