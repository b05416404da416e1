// SPDX-License-Identifier: MIT
// LSTM with gates in Keras' order: input, forget, candidate, output.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/kernels/packed.hpp"
#include "nn/layers/cell_activation.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/lstm_rows.hpp"
#include "nn/layers/recurrent_layer.hpp"

namespace kairos::host {

namespace {

class LstmLayer final : public RecurrentLayer {
 public:
  explicit LstmLayer(ConfigReader& config)
      : RecurrentLayer(config, {"LSTM", "lstm_cell", 4}),
        gate_(read_activation_or(config, "recurrent_activation", "sigmoid")),
        unit_forget_bias_(config.boolean("unit_forget_bias", true)) {}

  [[nodiscard]] std::int64_t state_count() const override { return 2; }

 protected:
  [[nodiscard]] float* second_states() override { return cells_.data(); }
  [[nodiscard]] float* second_state_gradient() override { return cell_gradient_.data(); }

  void adjust_bias(Parameter& bias) const override {
    if (unit_forget_bias_) std::fill_n(bias.values.data() + units(), units(), 1.0F);
  }

  void build_cell() override { (void)activated_width(*this, gate_, units()); }

  void reserve_cell(std::int64_t batch) override {
    const std::int64_t n = batch * units();
    packed_.reserve(std::max(packed_kernels().packed_size(units(), 4 * units()),
                             packed_kernels().packed_size(4 * units(), units())));
    cells_.reserve((1 + steps()) * n);
    cell_gradient_.reserve(n);
    rows_.reserve(activation(), gate_, units(), steps() * batch, batch);
  }

  void begin_forward(std::int64_t) override {
    const std::int64_t n = units();
    packed_kernels().pack(n, 4 * n, {recurrent_kernel().values.data(), 4 * n, 1}, packed_.data());
  }
  void begin_backward(std::int64_t) override {
    const std::int64_t n = units();
    packed_kernels().pack(4 * n, n, {recurrent_kernel().values.data(), 1, 4 * n}, packed_.data());
  }

  void forward_step(const Step& s) override {
    const std::int64_t n = units();
    const float* const bias_values = bias() != nullptr ? bias()->values.data() : nullptr;
    packed_kernels().multiply({s.rows,
                               4 * n,
                               input_term(s),
                               {s.recurrent_input, n, n, packed_.data()},
                               bias_values,
                               s.gates,
                               4 * n});
    for (std::int64_t row = 0; row < s.rows; ++row) {
      const LstmRow values = row_at(s, row);
      float* const output = s.output + row * n;
      if (s.mask != nullptr && s.mask[row] == 0) {
        std::copy_n(s.before + row * n, n, output);
        std::copy_n(values.cell_before, n, values.cell);
      } else {
        rows_.forward(values, s.row_index + row, output);
      }
    }
  }

  void backward_step(const Step& s, float* gradient, float* recurrent_input_gradient) override {
    const std::int64_t n = units();
    for (std::int64_t row = 0; row < s.rows; ++row) {
      const LstmRow values = row_at(s, row);
      float* const dy = gradient + row * n;
      if (s.mask != nullptr && s.mask[row] == 0) {
        std::fill_n(values.gates, 4 * n, 0.0F);
        continue;  // the whole gradient goes to the previous step
      }
      const std::int64_t step_index = s.first + row;
      rows_.backward(values, s.row_index + row, step_index, dy, cell_gradient_.data() + step_index * n);
      std::fill_n(dy, n, 0.0F);
    }
    packed_kernels().multiply(
        {s.rows, n, {s.gates, 4 * n, 4 * n, packed_.data()}, {}, nullptr, recurrent_input_gradient, n});
  }

  void write_config(nlohmann::json& config) const override {
    RecurrentLayer::write_config(config);
    config["recurrent_activation"] = gate_.name;
    config["unit_forget_bias"] = unit_forget_bias_;
  }

 private:
  [[nodiscard]] LstmRow row_at(const Step& s, std::int64_t row) {
    const std::int64_t n = units();
    float* const before = cells_.data() + (s.row_index + row) * n;
    return {n, s.gates + row * 4 * n, before, before + s.batch * n};
  }

  const Activation& gate_;
  bool unit_forget_bias_;
  LstmRows rows_;
  FloatBuffer packed_;         ///< the recurrent kernel; transposed in the backward pass
  FloatBuffer cells_;          ///< [1 + steps, rows, units]
  FloatBuffer cell_gradient_;  ///< [rows, units]
};

}  // namespace

LayerType lstm_layer_type() {
  return {"LSTM", "lstm", {"units", "activation"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<LstmLayer>(config);
          }};
}

}  // namespace kairos::host
