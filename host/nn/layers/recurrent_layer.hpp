// SPDX-License-Identifier: MIT
// What SimpleRNN, LSTM and GRU have in common: a cell that goes over the timesteps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compute/activation.hpp"
#include "compute/buffer.hpp"
#include "compute/kernels/packed.hpp"
#include "nn/layer.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

/// Inside, arrays are [step, row of the batch, …] with step 0 the first that the cell sees, so that what one
/// step needs lies together. A thread takes its rows through all steps without waiting for another, and sums
/// the gradients of the weights up over some steps at a time, while what it needs for them is in its cache.
///
/// dropout and recurrent_dropout draw one set of factors per batch, the same for all timesteps and gates.
class RecurrentLayer : public Layer {
 public:
  Shape build(std::span<const Shape> inputs, const BuildContext& context) final;
  void reserve(std::int64_t batch) final;
  /// Of a gated cell the output has at most the range of the activation.
  [[nodiscard]] const Activation* last_activation() const final { return &activation_; }
  [[nodiscard]] MaskRule mask_rule(bool) const final {
    return return_sequences_ ? MaskRule::Pass : MaskRule::Stop;
  }
  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override;
  void forward(const GraphPass& pass, const LayerValues& values) final;
  void backward(const GraphPass& pass, const LayerGradients& gradients) final;

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

  /// One timestep of some rows of the batch, which one thread takes through the whole sequence.
  struct Step {
    std::int64_t rows;
    std::int64_t first;   ///< row of the batch that the first of them is
    std::int64_t place;   ///< of that row among the rows of all steps
    std::int64_t batch;   ///< rows of a whole step: how far the same row of the next one is
    const float* input;   ///< [rows, features]
    const float* mask;    ///< a value per row, or null
    const float* before;  ///< [rows, units]: the output of the step before
    const float* shown;   ///< `before` as the recurrent kernel sees it: some may be dropped
    float* gates;         ///< [rows, gates · units]: of `kind`, see forward_step and backward_step
    float* output;        ///< [rows, units]
  };

  /// Steps, one after another, of the same rows.
  struct Block {
    std::int64_t steps;
    std::int64_t rows;
    std::int64_t place;  ///< of the first row of the first step among the rows of all steps
    std::int64_t batch;
    const float* shown;  ///< [steps, batch, units], of the whole sequence
  };

  /// Where the gradients of the weights are summed up, by one thread.
  struct WeightGradients {
    float* kernel;
    float* recurrent;
    float* bias;  ///< or null
  };

  RecurrentLayer(ConfigReader& config, const Kind& kind);

  /// A row for each bias that the cell adds: 1, or 2 where the recurrent product has its own.
  [[nodiscard]] virtual std::int64_t bias_rows() const { return 1; }
  /// What its initializer does not say.
  virtual void adjust_bias(Parameter& bias) const { (void)bias; }
  /// Checks what the layer is made of.
  virtual void build_cell() {}
  virtual void reserve_cell(std::int64_t batch) = 0;
  virtual void begin_forward(std::int64_t batch) = 0;
  /// `gates` gets what backward_step needs. Called by several threads, each with rows of its own.
  virtual void forward_step(const Step& step) = 0;
  virtual void begin_backward(std::int64_t batch) = 0;
  /// `gates` gets the gradients of the products of the inputs. `output_gradient` is in that of the step's
  /// output, out that of `before` but for the part through `shown`, which goes to `shown_gradient`. Called as
  /// forward_step.
  virtual void backward_step(const Step& step, float* output_gradient, float* shown_gradient) = 0;
  /// After backward_step of all steps in it. This one is for cells that add the products of input and output
  /// before: their gradients are the same.
  virtual void add_gradients(const Block& block, const WeightGradients& into, float* scratch);
  void write_config(nlohmann::json& config) const override;

  [[nodiscard]] std::int64_t units() const noexcept { return units_; }
  [[nodiscard]] std::int64_t steps() const noexcept { return steps_; }
  [[nodiscard]] Parameter& kernel() { return parameters()[0]; }
  [[nodiscard]] Parameter& recurrent_kernel() { return parameters()[1]; }
  [[nodiscard]] Parameter* bias() { return use_bias_ ? &parameters()[2] : nullptr; }
  [[nodiscard]] const Activation& activation() const noexcept { return activation_; }
  /// The step's inputs times the kernel.
  [[nodiscard]] PackedTerm input_term(const Step& step) const;
  /// The product of which `b` [steps, batch, columns] is one factor; its terms are the caller's to set.
  [[nodiscard]] static GradientProduct gradient_product(const Block& block, std::int64_t columns,
                                                        const float* b);
  [[nodiscard]] GradientTerm input_gradient_term(const Block& block, const WeightGradients& into) const;
  [[nodiscard]] GradientTerm recurrent_gradient_term(const Block& block, const WeightGradients& into) const;
  /// All gates of all steps, as the steps see them.
  [[nodiscard]] const float* all_gates() const noexcept { return gates_.data(); }
  /// Of the recurrent gates, for cells that have them: read from the configuration by them.
  static const Activation& read_activation_or(ConfigReader& config, std::string_view key,
                                              std::string_view fallback);

 private:
  /// Rows of the batch.
  struct Rows {
    std::int64_t first, count;
  };
  [[nodiscard]] std::int64_t width() const noexcept { return kind_.gates * units_; }
  [[nodiscard]] std::int64_t source_of(std::int64_t index) const noexcept {
    return go_backwards_ ? steps_ - 1 - index : index;
  }
  [[nodiscard]] int threads(std::int64_t batch) const;
  /// Of all steps in a block; more only where one step has more.
  [[nodiscard]] std::int64_t block_rows() const;
  void draw_dropout(const GraphPass& pass);
  void gather(const GraphPass& pass, const LayerValues& values, Rows rows, std::int64_t index);
  void scatter(const GraphPass& pass, const LayerValues& values, Rows rows);
  void forward_rows(const GraphPass& pass, const LayerValues& values, Rows rows);
  void add_output_gradient(const GraphPass& pass, const LayerGradients& gradients, Rows rows,
                           std::int64_t index);
  void backward_rows(const GraphPass& pass, const LayerGradients& gradients, Rows rows, std::int64_t thread);
  void write_input_gradient(const GraphPass& pass, const Step& step, std::int64_t index,
                            float* input_gradient);
  void begin_gradients(std::int64_t batch);
  void end_gradients();
  [[nodiscard]] WeightGradients gradients_of(std::int64_t thread);
  [[nodiscard]] Step step_at(std::int64_t batch, Rows rows, std::int64_t index);
  [[nodiscard]] bool drops(const GraphPass& pass, double rate) const {
    return pass.mode == Mode::Train && rate > 0 && rate < 1;
  }
  [[nodiscard]] const float* shown(const GraphPass& pass) {
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
  FloatBuffer packed_kernel_;  ///< and turned over on the way back, where the inputs have a gradient
  FloatBuffer inputs_;         ///< [steps, rows, features]
  FloatBuffer gates_;          ///< [steps, rows, gates · units]
  FloatBuffer outputs_;        ///< [1 + steps, rows, units]: before the first step, then after each
  FloatBuffer shown_;          ///< [steps, rows, units]: outputs_ with some dropped
  FloatBuffer mask_;           ///< [steps, rows]
  bool masked_ = false;
  FloatBuffer input_factors_, recurrent_factors_;  ///< of dropout: [rows, features], [rows, units]
  FloatBuffer output_gradient_, shown_gradient_;   ///< [rows, units]
  std::int64_t parts_ = 0;                         ///< threads that the way back is cut for
  std::int64_t scratch_size_ = 0, partial_size_ = 0;
  FloatBuffer scratch_, partial_;  ///< of each thread; the first one sums up in the parameters' gradients
};

}  // namespace kairos::host
