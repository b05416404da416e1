// SPDX-License-Identifier: MIT
// GRU with Keras' order of gates: update, reset, candidate.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/gates.hpp"
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
        fused_(reset_after_ && activation().name == "tanh" && gate_.name == "sigmoid") {}

 protected:
  [[nodiscard]] std::int64_t bias_rows() const override { return reset_after_ ? 2 : 1; }

  void build_cell(ComputeEngine& engine) override {
    check_activation_width(*this, gate_, units());
    if (reset_after_) {
      product_.emplace(engine, units(), 3 * units());
      return;
    }
    gates_product_.emplace(engine, units(), 2 * units());
    candidate_product_.emplace(engine, units(), units());
  }

  void reserve_cell(std::int64_t batch) override {
    const std::int64_t n = batch * units();
    recurrent_.reserve(3 * n);
    inner_.reserve(steps() * n);
    recurrent_gradient_.reserve(steps() * 3 * n);
    if (!fused_) {
      sums_.reserve(steps() * 3 * n);
      scratch_.reserve(3 * units());
    }
    if (reset_after_) return;
    candidate_gradient_.reserve(steps() * n);
    reset_gradient_.reserve(n);
    split_kernel_.reserve(3 * units() * units());
    split_gradient_.reserve(3 * units() * units());
  }

  void begin_forward(std::int64_t) override { split(); }
  void begin_backward(std::int64_t) override {}

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

  void backward_step(const Step& s, float* gradient, float* shown_gradient) override {
    if (reset_after_)
      backward_after(s, gradient, shown_gradient);
    else
      backward_before(s, gradient, shown_gradient);
  }

  void recurrent_gradients(std::int64_t rows, const float* shown) override {
    const std::int64_t all = steps() * rows;
    float* const gradient = recurrent_kernel().gradient.data();
    if (reset_after_) {
      product_->backward_weights(all, shown, recurrent_gradient_.data(), gradient,
                                 bias() != nullptr ? bias()->gradient.data() + 3 * units() : nullptr);
      return;
    }
    const std::int64_t n = units();
    float* const of_gates = split_gradient_.data();
    float* const of_candidate = of_gates + 2 * n * n;
    gates_product_->backward_weights(all, shown, recurrent_gradient_.data(), of_gates, nullptr);
    candidate_product_->backward_weights(all, inner_.data(), candidate_gradient_.data(), of_candidate,
                                         nullptr);
    for (std::int64_t k = 0; k < n; ++k) {
      std::copy_n(of_gates + k * 2 * n, 2 * n, gradient + k * 3 * n);
      std::copy_n(of_candidate + k * n, n, gradient + k * 3 * n + 2 * n);
    }
  }

  void write_config(nlohmann::json& config) const override {
    RecurrentLayer::write_config(config);
    config["recurrent_activation"] = gate_.name;
    config["reset_after"] = reset_after_;
  }

 private:
  /// Of all steps, so that the place of a step's row follows from its number.
  [[nodiscard]] std::int64_t place(const Step& s, std::int64_t row) const { return s.index * s.rows + row; }

  /// Where the reset gate comes first, gates and candidate have a product each: the kernel is cut in two.
  void split() {
    if (reset_after_) return;
    const std::int64_t n = units();
    const float* const whole = recurrent_kernel().values.data();
    float* const of_gates = split_kernel_.data();
    float* const of_candidate = of_gates + 2 * n * n;
    for (std::int64_t k = 0; k < n; ++k) {
      std::copy_n(whole + k * 3 * n, 2 * n, of_gates + k * 2 * n);
      std::copy_n(whole + k * 3 * n + 2 * n, n, of_candidate + k * n);
    }
  }

  void forward_after(const Step& s) {
    const std::int64_t n = units();
    const float* const bias_of_product = bias() != nullptr ? bias()->values.data() + 3 * n : nullptr;
    product_->forward(s.rows, s.shown, recurrent_kernel().values.data(), bias_of_product, recurrent_.data());
    for (std::int64_t row = 0; row < s.rows; ++row) {
      const GruRow values{n, s.gates + row * 3 * n, inner_.data() + place(s, row) * n, s.before + row * n};
      const float* const recurrent = recurrent_.data() + row * 3 * n;
      float* const output = s.output + row * n;
      if (fused_) {
        gru_row(values, recurrent, output);
        continue;
      }
      float* const sums = sums_.data() + place(s, row) * 3 * n;
      std::copy_n(recurrent + 2 * n, n, values.inner);
      open_gates(values.gates, recurrent, sums);
      for (std::int64_t k = 0; k < n; ++k)
        sums[2 * n + k] = values.gates[2 * n + k] + values.gates[n + k] * values.inner[k];
      mix(values.gates, sums, values.before, output);
    }
  }

  void forward_before(const Step& s) {
    const std::int64_t n = units();
    gates_product_->forward(s.rows, s.shown, split_kernel_.data(), nullptr, recurrent_.data());
    float* const inner = inner_.data() + place(s, 0) * n;
    for (std::int64_t row = 0; row < s.rows; ++row) {
      float* const gates = s.gates + row * 3 * n;
      open_gates(gates, recurrent_.data() + row * 2 * n, sums_.data() + place(s, row) * 3 * n);
      for (std::int64_t k = 0; k < n; ++k) inner[row * n + k] = gates[n + k] * s.shown[row * n + k];
    }
    candidate_product_->forward(s.rows, inner, split_kernel_.data() + 2 * n * n, nullptr, recurrent_.data());
    for (std::int64_t row = 0; row < s.rows; ++row) {
      float* const sums = sums_.data() + place(s, row) * 3 * n;
      float* const gates = s.gates + row * 3 * n;
      for (std::int64_t k = 0; k < n; ++k)
        sums[2 * n + k] = gates[2 * n + k] + recurrent_.data()[row * n + k];
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

  void backward_after(const Step& s, float* gradient, float* shown_gradient) {
    const std::int64_t n = units();
    float* const recurrent = recurrent_gradient_.data() + place(s, 0) * 3 * n;
    for (std::int64_t row = 0; row < s.rows; ++row) {
      const GruRow values{n, s.gates + row * 3 * n, inner_.data() + place(s, row) * n, s.before + row * n};
      float* const dy = gradient + row * n;
      float* const into = recurrent + row * 3 * n;
      if (s.mask != nullptr && s.mask[row] == 0) {
        std::fill_n(values.gates, 3 * n, 0.0F);
        std::fill_n(into, 3 * n, 0.0F);
        continue;  // all of it goes to the step before
      }
      if (fused_) {
        gru_row_backward(values, dy, into);
        continue;
      }
      float* const d = scratch_.data();
      const float* const sums = sums_.data() + place(s, row) * 3 * n;
      mix_backward(values.gates, sums, values.before, dy, d);
      for (std::int64_t k = 0; k < n; ++k) {
        into[2 * n + k] = d[2 * n + k] * values.gates[n + k];
        d[n + k] = d[2 * n + k] * values.inner[k];
      }
      apply_slope(gate_, n, sums + n, values.gates + n, d + n);
      std::copy_n(d, 3 * n, values.gates);
      std::copy_n(d, 2 * n, into);
    }
    product_->backward_data(s.rows, recurrent, recurrent_kernel().values.data(), shown_gradient);
  }

  /// Gradients of what went into z and h, to their places in `d`; `dy` keeps what goes past the products.
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

  void backward_before(const Step& s, float* gradient, float* shown_gradient) {
    const std::int64_t n = units();
    float* const of_gates = recurrent_gradient_.data() + place(s, 0) * 2 * n;
    float* const of_candidate = candidate_gradient_.data() + place(s, 0) * n;
    for (std::int64_t row = 0; row < s.rows; ++row) {
      float* const into = of_candidate + row * n;
      std::fill_n(into, n, 0.0F);
      if (s.mask != nullptr && s.mask[row] == 0) continue;
      float* const d = scratch_.data();
      mix_backward(s.gates + row * 3 * n, sums_.data() + place(s, row) * 3 * n, s.before + row * n,
                   gradient + row * n, d);
      std::copy_n(d, n, of_gates + row * 2 * n);
      std::copy_n(d + 2 * n, n, into);
    }
    float* const of_inner = reset_gradient_.data();
    candidate_product_->backward_data(s.rows, of_candidate, split_kernel_.data() + 2 * n * n, of_inner);
    for (std::int64_t row = 0; row < s.rows; ++row) reset_backward(s, row, of_gates + row * 2 * n);
    gates_product_->backward_data(s.rows, of_gates, split_kernel_.data(), shown_gradient);
    for (std::int64_t k = 0; k < s.rows * n; ++k) shown_gradient[k] += of_inner[k];
  }

  /// Finishes the gradients of one row's gates; reset_gradient_ becomes what `shown` gets through the
  /// candidate.
  void reset_backward(const Step& s, std::int64_t row, float* of_gates) {
    const std::int64_t n = units();
    float* const gates = s.gates + row * 3 * n;
    float* const of_inner = reset_gradient_.data() + row * n;
    if (s.mask != nullptr && s.mask[row] == 0) {
      std::fill_n(gates, 3 * n, 0.0F);
      std::fill_n(of_gates, 2 * n, 0.0F);
      std::fill_n(of_inner, n, 0.0F);
      return;  // all of it goes to the step before
    }
    float* const dr = of_gates + n;
    for (std::int64_t k = 0; k < n; ++k) {
      dr[k] = of_inner[k] * s.shown[row * n + k];
      of_inner[k] *= gates[n + k];
    }
    apply_slope(gate_, n, sums_.data() + place(s, row) * 3 * n + n, gates + n, dr);
    std::copy_n(of_gates, 2 * n, gates);
    std::copy_n(candidate_gradient_.data() + place(s, row) * n, n, gates + 2 * n);
  }

  const Activation& gate_;
  bool reset_after_;  ///< the reset gate works on the product with the recurrent kernel, not on what goes
                      ///< into it
  bool fused_;        ///< functions for which there is one pass over all
  std::optional<DenseKernel> product_;                            ///< reset after
  std::optional<DenseKernel> gates_product_, candidate_product_;  ///< reset before
  FloatBuffer recurrent_;                                         ///< products of one step
  FloatBuffer inner_;  ///< [steps, rows, units]: reset after: the candidate's recurrent product;
                       ///< reset before: what goes into it
  FloatBuffer sums_;   ///< [steps, rows, 3 · units] without the fused pass: what went into the gates
  FloatBuffer recurrent_gradient_;             ///< [steps, rows, 3 · units, or 2 · units for reset before]
  FloatBuffer candidate_gradient_;             ///< [steps, rows, units], reset before
  FloatBuffer reset_gradient_;                 ///< [rows, units], reset before
  FloatBuffer split_kernel_, split_gradient_;  ///< reset before: of the gates, then of the candidate
  FloatBuffer scratch_;
};

}  // namespace

LayerType gru_layer_type() {
  return {"GRU", "gru", {"units", "activation"}, [](ConfigReader& config) -> std::unique_ptr<Layer> {
            return std::make_unique<GruLayer>(config);
          }};
}

}  // namespace kairos::host
