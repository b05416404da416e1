// SPDX-License-Identifier: MIT
// What SimpleRNN, LSTM and GRU have in common: a cell that goes over the timesteps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compute/activation.hpp"
#include "compute/dense.hpp"
#include "nn/layer.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

/// Inside, arrays are [step, row of the batch, …] with step 0 the first that the cell sees, so that what one
/// step needs lies together, and so do all steps for the three products that are made over the whole
/// sequence.
///
/// dropout and recurrent_dropout draw one set of factors per batch, the same for all timesteps and gates.
class RecurrentLayer : public Layer {
 public:
  Shape build(std::span<const Shape> inputs, const BuildContext& context) final;
  void reserve(std::int64_t batch) final;
  [[nodiscard]] MaskRule mask_rule(bool) const final {
    return return_sequences_ ? MaskRule::Pass : MaskRule::Stop;
  }
  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override;
  void forward(const Pass& pass, const LayerValues& values) final;
  void backward(const Pass& pass, const LayerGradients& gradients) final;

  [[nodiscard]] bool return_sequences() const noexcept { return return_sequences_; }
  [[nodiscard]] bool go_backwards() const noexcept { return go_backwards_; }
  /// What the output of a masked step is: 0, or that of the step before.
  void set_zero_output_for_mask(bool zero) noexcept { zero_output_for_mask_ = zero; }

 protected:
  /// What tells the three apart.
  struct Kind {
    const char* class_name;
    const char* cell_name;  ///< "lstm_cell"
    std::int64_t gates;
  };

  /// One timestep of `rows` rows.
  struct Step {
    std::int64_t rows;
    const float* mask;    ///< a value per row, or null
    const float* before;  ///< [rows, units]: the output of the step before
    const float* shown;   ///< `before` as the recurrent kernel sees it: some may be dropped
    float* gates;         ///< [rows, gates · units]: of `kind`, see forward_step and backward_step
    float* output;        ///< [rows, units]
    std::int64_t index;
  };

  RecurrentLayer(ConfigReader& config, const Kind& kind);

  /// A row for each bias that the cell adds: 1, or 2 where the recurrent product has its own.
  [[nodiscard]] virtual std::int64_t bias_rows() const { return 1; }
  /// What its initializer does not say.
  virtual void adjust_bias(Parameter& bias) const { (void)bias; }
  virtual void build_cell(ComputeEngine& engine) = 0;
  virtual void reserve_cell(std::int64_t batch) = 0;
  virtual void begin_forward(std::int64_t rows) = 0;
  /// `gates` holds the products of the inputs and gets what backward_step needs.
  virtual void forward_step(const Step& step) = 0;
  virtual void begin_backward(std::int64_t rows) = 0;
  /// `gates` gets the gradients of the products of the inputs. `output_gradient` is in that of the step's
  /// output, out that of `before` but for the part through `shown`, which goes to `shown_gradient`.
  virtual void backward_step(const Step& step, float* output_gradient, float* shown_gradient) = 0;
  /// After the last step: `shown` is [steps · rows, units].
  virtual void recurrent_gradients(std::int64_t rows, const float* shown) = 0;
  void write_config(nlohmann::json& config) const override;

  [[nodiscard]] std::int64_t units() const noexcept { return units_; }
  [[nodiscard]] std::int64_t steps() const noexcept { return steps_; }
  [[nodiscard]] Parameter& kernel() { return parameters()[0]; }
  [[nodiscard]] Parameter& recurrent_kernel() { return parameters()[1]; }
  [[nodiscard]] Parameter* bias() { return use_bias_ ? &parameters()[2] : nullptr; }
  [[nodiscard]] const Activation& activation() const noexcept { return activation_; }
  /// All gates of all steps, as the steps see them.
  [[nodiscard]] float* all_gates() noexcept { return gates_.data(); }
  /// Of the recurrent gates, for cells that have them: read from the configuration by them.
  static const Activation& read_activation_or(ConfigReader& config, std::string_view key,
                                              std::string_view fallback);

 private:
  void gather(const Pass& pass, const LayerValues& values);
  void draw_dropout(const Pass& pass);
  void scatter(const Pass& pass, const LayerValues& values);
  void add_output_gradient(const Pass& pass, const LayerGradients& gradients, std::int64_t index);
  void scatter_gradient(const Pass& pass, float* input_gradient);
  [[nodiscard]] Step step_at(std::int64_t rows, std::int64_t index);
  [[nodiscard]] bool drops(const Pass& pass, double rate) const {
    return pass.mode == Mode::Train && rate > 0 && rate < 1;
  }
  [[nodiscard]] const float* shown(const Pass& pass) {
    return drops(pass, recurrent_dropout_) ? shown_.data() : outputs_.data();
  }

  Kind kind_;
  std::int64_t units_;
  bool return_sequences_;
  bool go_backwards_;
  bool unroll_;
  bool zero_output_for_mask_;
  const Activation& activation_;
  bool use_bias_;
  WeightOptions kernel_, recurrent_, bias_;
  double dropout_;
  double recurrent_dropout_;
  std::optional<std::int64_t> seed_;

  std::uint64_t key_ = 0;
  std::int64_t steps_ = 0;
  std::int64_t features_ = 0;
  std::optional<DenseKernel> input_product_;
  FloatBuffer inputs_;   ///< [steps, rows, features]
  FloatBuffer gates_;    ///< [steps, rows, gates · units]
  FloatBuffer outputs_;  ///< [1 + steps, rows, units]: before the first step, then after each
  FloatBuffer shown_;    ///< [steps, rows, units]: outputs_ with some dropped
  FloatBuffer mask_;     ///< [steps, rows]
  bool masked_ = false;
  FloatBuffer input_factors_, recurrent_factors_;  ///< of dropout: [rows, features], [rows, units]
  FloatBuffer output_gradient_, shown_gradient_;   ///< [rows, units]
};

}  // namespace kairos::host
