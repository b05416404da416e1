// SPDX-License-Identifier: MIT
// GRU with gates in Keras' order: update, reset, candidate.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/kernels/gates.hpp"
#include "nn/layers/cell_activation.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/recurrent_layer.hpp"

namespace kairos::host {

namespace {

class GruLayer final : public RecurrentLayer {
 public:
  explicit GruLayer(ConfigReader& config)
      : RecurrentLayer(config, {"GRU", "gru_cell", 3}),
        gate_(read_activation_or(config, "recurrent_activation", "sigmoid")),
        reset_after_(config.boolean("reset_after", true)),
        fused_(reset_after_ && activation().name == "tanh" && gate_.name == "sigmoid"),
        all_{0, reset_after_ ? 3 : 0, {}},
        two_{0, reset_after_ ? 0 : 2, {}},
        candidate_{2, reset_after_ ? 0 : 1, {}} {}

 protected:
  [[nodiscard]] std::int64_t bias_rows() const override { return reset_after_ ? 2 : 1; }

  void build_cell() override { (void)activated_width(*this, gate_, units()); }

  void reserve_cell(std::int64_t batch) override {
    const std::int64_t n = batch * units();
    for (PackedGates* const one : {&all_, &two_, &candidate_}) one->reserve(units());
    recurrent_.reserve(3 * n);
    inner_.reserve(steps() * n);
    recurrent_gradient_.reserve(steps() * 3 * n);
    if (!fused_) {
      sums_.reserve(steps() * 3 * n);
      scratch_.reserve(3 * n);
    }
    if (reset_after_) return;
    candidate_gradient_.reserve(steps() * n);
    reset_gradient_.reserve(n);
  }

  void begin_forward(std::int64_t) override {
    for (PackedGates* const one : {&all_, &two_, &candidate_})
      one->pack(units(), recurrent_kernel().values.data());
  }
  void begin_backward(std::int64_t) override {
    for (PackedGates* const one : {&all_, &two_, &candidate_})
      one->pack_transposed(units(), recurrent_kernel().values.data());
  }

  void forward_step(const Step& s) override {
    if (reset_after_)
      forward_after(s);
    else
      forward_before(s);
    if (s.mask == nullptr) return;
    const std::int64_t n = units();
    for (std::int64_t row = 0; row < s.rows; ++row)
      if (s.mask[row] == 0) std::copy_n(s.before + row * n, n, s.output + row * n);
  }

  void backward_step(const Step& s, float* gradient, float* recurrent_input_gradient) override {
    if (reset_after_)
      backward_after(s, gradient, recurrent_input_gradient);
    else
      backward_before(s, gradient, recurrent_input_gradient);
  }

  void add_gradients(const Block& block, const WeightGradients& into, float* scratch) override {
    const std::int64_t n = units();
    GradientProduct of_inputs = gradient_product(block, 3 * n, all_gates());
    of_inputs.bias = into.bias;
    of_inputs.first = input_gradient_term(block, into);
    packed_kernels().add_gradient(of_inputs, scratch);
    GradientProduct recurrent =
        gradient_product(block, reset_after_ ? 3 * n : 2 * n, recurrent_gradient_.data());
    recurrent.first = recurrent_gradient_term(block, into);
    if (reset_after_ && into.bias != nullptr) recurrent.bias = into.bias + 3 * n;
    packed_kernels().add_gradient(recurrent, scratch);
    if (reset_after_) return;
    GradientProduct candidate = gradient_product(block, n, candidate_gradient_.data());
    candidate.first = {inner_.data() + block.row_index * n, n, into.recurrent + 2 * n, 3 * n};
    packed_kernels().add_gradient(candidate, scratch);
  }

  void write_config(nlohmann::json& config) const override {
    RecurrentLayer::write_config(config);
    config["recurrent_activation"] = gate_.name;
    config["reset_after"] = reset_after_;
  }

 private:
  /// Some gates of the recurrent kernel, packed as one factor.
  struct PackedGates {
    std::int64_t first, count;  ///< count is 0 if the cell has no such product
    FloatBuffer packed;

    void reserve(std::int64_t n) {
      packed.reserve(
          std::max(packed_kernels().packed_size(n, count * n), packed_kernels().packed_size(count * n, n)));
    }
    void pack(std::int64_t n, const float* kernel) {
      packed_kernels().pack(n, count * n, {kernel + first * n, 3 * n, 1}, packed.data());
    }
    void pack_transposed(std::int64_t n, const float* kernel) {
      packed_kernels().pack(count * n, n, {kernel + first * n, 1, 3 * n}, packed.data());
    }
    /// y [rows, count · n] = x [rows, n] · the gates + bias
    void multiply(std::int64_t rows, std::int64_t n, const float* x, const float* bias, float* y) const {
      packed_kernels().multiply({rows, count * n, {x, n, n, packed.data()}, {}, bias, y, count * n});
    }
    /// x_gradient [rows, n] = y_gradient [rows, count · n] · the transposed gates
    void multiply_transposed(std::int64_t rows, std::int64_t n, const float* y_gradient,
                             float* x_gradient) const {
      packed_kernels().multiply(
          {rows, n, {y_gradient, count * n, count * n, packed.data()}, {}, nullptr, x_gradient, n});
    }
  };

  /// Returns the destination of the recurrent products of these rows.
  float* multiply_inputs(const Step& s) {
    const std::int64_t n = units();
    const float* const bias_values = bias() != nullptr ? bias()->values.data() : nullptr;
    packed_kernels().multiply({s.rows, 3 * n, input_term(s), {}, bias_values, s.gates, 3 * n});
    return recurrent_.data() + s.first * 3 * n;
  }

  void forward_after(const Step& s) {
    const std::int64_t n = units();
    float* const products = multiply_inputs(s);
    all_.multiply(s.rows, n, s.recurrent_input, bias() != nullptr ? bias()->values.data() + 3 * n : nullptr,
                  products);
    for (std::int64_t row = 0; row < s.rows; ++row) {
      const GruRow values{n, s.gates + row * 3 * n, inner_.data() + (s.row_index + row) * n,
                          s.before + row * n};
      const float* const recurrent = products + row * 3 * n;
      float* const output = s.output + row * n;
      if (fused_) {
        gate_kernels().gru(values, recurrent, output);
        continue;
      }
      float* const sums = sums_.data() + (s.row_index + row) * 3 * n;
      std::copy_n(recurrent + 2 * n, n, values.inner);
      open_gates(values.gates, recurrent, sums);
      for (std::int64_t k = 0; k < n; ++k)
        sums[2 * n + k] = values.gates[2 * n + k] + values.gates[n + k] * values.inner[k];
      mix(values.gates, sums, values.before, output);
    }
  }

  void forward_before(const Step& s) {
    const std::int64_t n = units();
    float* const products = multiply_inputs(s);
    two_.multiply(s.rows, n, s.recurrent_input, nullptr, products);
    float* const inner = inner_.data() + s.row_index * n;
    for (std::int64_t row = 0; row < s.rows; ++row) {
      float* const gates = s.gates + row * 3 * n;
      open_gates(gates, products + row * 2 * n, sums_.data() + (s.row_index + row) * 3 * n);
      for (std::int64_t k = 0; k < n; ++k) inner[row * n + k] = gates[n + k] * s.recurrent_input[row * n + k];
    }
    candidate_.multiply(s.rows, n, inner, nullptr, products);
    for (std::int64_t row = 0; row < s.rows; ++row) {
      float* const sums = sums_.data() + (s.row_index + row) * 3 * n;
      float* const gates = s.gates + row * 3 * n;
      for (std::int64_t k = 0; k < n; ++k) sums[2 * n + k] = gates[2 * n + k] + products[row * n + k];
      mix(gates, sums, s.before + row * n, s.output + row * n);
    }
  }

  void open_gates(float* gates, const float* recurrent, float* sums) const {
    const std::int64_t n = units();
    for (std::int64_t k = 0; k < 2 * n; ++k) sums[k] = gates[k] + recurrent[k];
    apply(gate_, n, sums, gates);
    apply(gate_, n, sums + n, gates + n);
  }

  void mix(float* gates, const float* sums, const float* before, float* output) const {
    const std::int64_t n = units();
    const float* const z = gates;
    float* const h = gates + 2 * n;
    apply(activation(), n, sums + 2 * n, h);
    for (std::int64_t k = 0; k < n; ++k) output[k] = z[k] * before[k] + (1 - z[k]) * h[k];
  }

  void backward_after(const Step& s, float* gradient, float* recurrent_input_gradient) {
    const std::int64_t n = units();
    float* const recurrent = recurrent_gradient_.data() + s.row_index * 3 * n;
    for (std::int64_t row = 0; row < s.rows; ++row) {
      const GruRow values{n, s.gates + row * 3 * n, inner_.data() + (s.row_index + row) * n,
                          s.before + row * n};
      float* const dy = gradient + row * n;
      float* const into = recurrent + row * 3 * n;
      if (s.mask != nullptr && s.mask[row] == 0) {
        std::fill_n(values.gates, 3 * n, 0.0F);
        std::fill_n(into, 3 * n, 0.0F);
        continue;  // the whole gradient goes to the previous step
      }
      if (fused_) {
        gate_kernels().gru_backward(values, dy, into);
        continue;
      }
      float* const d = scratch_.data() + (s.first + row) * 3 * n;
      const float* const sums = sums_.data() + (s.row_index + row) * 3 * n;
      mix_backward(values.gates, sums, values.before, dy, d);
      for (std::int64_t k = 0; k < n; ++k) {
        into[2 * n + k] = d[2 * n + k] * values.gates[n + k];
        d[n + k] = d[2 * n + k] * values.inner[k];
      }
      apply_slope(gate_, n, sums + n, values.gates + n, d + n);
      std::copy_n(d, 3 * n, values.gates);
      std::copy_n(d, 2 * n, into);
    }
    all_.multiply_transposed(s.rows, n, recurrent, recurrent_input_gradient);
  }

  /// Writes the gradients of the pre-activations of z and h to `d`; `dy` keeps the part that bypasses the
  /// products.
  void mix_backward(const float* gates, const float* sums, const float* before, float* dy, float* d) const {
    const std::int64_t n = units();
    const float *z = gates, *h = gates + 2 * n;
    for (std::int64_t k = 0; k < n; ++k) {
      d[k] = dy[k] * (before[k] - h[k]);
      d[2 * n + k] = dy[k] * (1 - z[k]);
      dy[k] *= z[k];
    }
    apply_slope(gate_, n, sums, z, d);
    apply_slope(activation(), n, sums + 2 * n, h, d + 2 * n);
  }

  void backward_before(const Step& s, float* gradient, float* recurrent_input_gradient) {
    const std::int64_t n = units();
    float* const of_gates = recurrent_gradient_.data() + s.row_index * 2 * n;
    float* const of_candidate = candidate_gradient_.data() + s.row_index * n;
    for (std::int64_t row = 0; row < s.rows; ++row) {
      float* const into = of_candidate + row * n;
      std::fill_n(into, n, 0.0F);
      if (s.mask != nullptr && s.mask[row] == 0) continue;
      float* const d = scratch_.data() + (s.first + row) * 3 * n;
      mix_backward(s.gates + row * 3 * n, sums_.data() + (s.row_index + row) * 3 * n, s.before + row * n,
                   gradient + row * n, d);
      std::copy_n(d, n, of_gates + row * 2 * n);
      std::copy_n(d + 2 * n, n, into);
    }
    float* const of_inner = reset_gradient_.data() + s.first * n;
    candidate_.multiply_transposed(s.rows, n, of_candidate, of_inner);
    for (std::int64_t row = 0; row < s.rows; ++row) reset_backward(s, row, of_gates + row * 2 * n);
    two_.multiply_transposed(s.rows, n, of_gates, recurrent_input_gradient);
    for (std::int64_t k = 0; k < s.rows * n; ++k) recurrent_input_gradient[k] += of_inner[k];
  }

  /// Completes the gradients of one row's gates. reset_gradient_ becomes the gradient of recurrent_input
  /// through the candidate.
  void reset_backward(const Step& s, std::int64_t row, float* of_gates) {
    const std::int64_t n = units();
    float* const gates = s.gates + row * 3 * n;
    float* const of_inner = reset_gradient_.data() + (s.first + row) * n;
    if (s.mask != nullptr && s.mask[row] == 0) {
      std::fill_n(gates, 3 * n, 0.0F);
      std::fill_n(of_gates, 2 * n, 0.0F);
      std::fill_n(of_inner, n, 0.0F);
      return;  // the whole gradient goes to the previous step
    }
    float* const dr = of_gates + n;
    for (std::int64_t k = 0; k < n; ++k) {
      dr[k] = of_inner[k] * s.recurrent_input[row * n + k];
      of_inner[k] *= gates[n + k];
    }
    apply_slope(gate_, n, sums_.data() + (s.row_index + row) * 3 * n + n, gates + n, dr);
    std::copy_n(of_gates, 2 * n, gates);
    std::copy_n(candidate_gradient_.data() + (s.row_index + row) * n, n, gates + 2 * n);
  }

  const Activation& gate_;
  bool reset_after_;             ///< the reset gate is applied to the recurrent product, not to its input
  bool fused_;                   ///< whether the fused kernels support the activations
  PackedGates all_;              ///< for reset_after
  PackedGates two_, candidate_;  ///< without reset_after
  FloatBuffer recurrent_;        ///< [rows, 3 · units]: recurrent products of one step
  FloatBuffer inner_;  ///< [steps, rows, units]: the candidate's recurrent product with reset_after, else the
                       ///< input of that product
  FloatBuffer sums_;   ///< [steps, rows, 3 · units] if not fused: pre-activations
  FloatBuffer recurrent_gradient_;  ///< [steps, rows, 3 · units], or 2 · units without reset_after
  FloatBuffer candidate_gradient_;  ///< [steps, rows, units], without reset_after
  FloatBuffer reset_gradient_;      ///< [rows, units], without reset_after
  FloatBuffer scratch_;             ///< [rows, 3 · units], for one step of the backward pass
};

}  // namespace

LayerType gru_layer_type() {
  return {"GRU", "gru", {"units", "activation"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<GruLayer>(config);
          }};
}

}  // namespace kairos::host
