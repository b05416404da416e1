// SPDX-License-Identifier: MIT
// The common part of SimpleRNN, LSTM and GRU, which run a cell over the timesteps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compute/activation.hpp"
#include "compute/buffer.hpp"
#include "compute/kernels/packed.hpp"
#include "nn/layer.hpp"
#include "nn/layers/sequence_arguments.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

/// Internal arrays are [step, row of the batch, …], so that the values of a step are contiguous; step 0 is
/// the first one that the cell processes. Each thread runs its rows through all steps without
/// synchronization, and adds to the weight gradients for some steps at a time, while their values are in its
/// cache.
///
/// dropout and recurrent_dropout draw one set of factors per batch, the same for all timesteps and gates.
class RecurrentLayer : public Layer {
 public:
  void set_call(const CallArguments& call) final { ignores_mask_ = ignores_mask(call); }
  /// As in Keras 3, a layer that is called with initial states only uses a mask that the call gives.
  [[nodiscard]] static bool ignores_mask(const CallArguments& call) {
    return !call.tensors.empty() && !call.masked;
  }
  /// The inputs are the sequence and, if there are more, the initial states.
  [[nodiscard]] bool takes_several_inputs() const final { return true; }
  Shape build(std::span<const Shape> inputs, const BuildContext& context) final;
  /// With return_state: the output and the states after the last step.
  [[nodiscard]] std::vector<Shape> output_parts() const final;
  void reserve(std::int64_t batch) final;
  /// For gated cells this is an upper bound: the output stays within the activation's range.
  [[nodiscard]] const Activation* last_activation() const final { return &activation_; }
  [[nodiscard]] MaskRule mask_rule(bool) const final {
    return sequence_.return_sequences ? MaskRule::Pass : MaskRule::Stop;
  }
  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override;
  void forward(const GraphPass& pass, const LayerValues& values) final;
  void backward(const GraphPass& pass, const LayerGradients& gradients) final;

  [[nodiscard]] bool return_sequences() const noexcept { return sequence_.return_sequences; }
  [[nodiscard]] bool go_backwards() const noexcept { return sequence_.go_backwards; }
  [[nodiscard]] bool return_state() const noexcept { return sequence_.return_state; }
  [[nodiscard]] std::int64_t units() const noexcept { return units_; }
  /// Number of states: 2 for LSTM, else 1.
  [[nodiscard]] virtual std::int64_t state_count() const { return 1; }
  /// Makes this the cell of a layer around it, which names the weights. To be called before `build`.
  void act_as_cell() noexcept { is_cell_ = true; }
  /// Whether the output of a masked step is 0 or that of the previous step.
  void set_zero_output_for_mask(bool zero) noexcept { sequence_.zero_output_for_mask = zero; }

 protected:
  /// The properties that differ between the classes.
  struct Kind {
    const char* class_name;
    const char* cell_name;  ///< "lstm_cell"
    std::int64_t gates;
  };

  /// One timestep of the rows of the batch that one thread processes.
  struct Step {
    std::int64_t rows;
    std::int64_t first;            ///< the first of these rows of the batch
    std::int64_t row_index;        ///< index of that row among the rows of all steps
    std::int64_t batch;            ///< rows of a whole step
    const float* input;            ///< [rows, features]
    const float* mask;             ///< a value per row, or null
    const float* before;           ///< [rows, units]: the output of the previous step
    const float* recurrent_input;  ///< `before` after recurrent_dropout
    float* gates;                  ///< [rows, gates · units], see forward_step and backward_step
    float* output;                 ///< [rows, units]
  };

  /// Consecutive steps of the same rows.
  struct Block {
    std::int64_t steps;
    std::int64_t rows;
    std::int64_t row_index;  ///< index of the first row of the first step among the rows of all steps
    std::int64_t batch;
    const float* recurrent_input;  ///< [steps, batch, units] of the whole sequence
  };

  /// Destination of the weight gradients of one thread.
  struct WeightGradients {
    float* kernel;
    float* recurrent;
    float* bias;  ///< null without bias
  };

  RecurrentLayer(ConfigReader& config, const Kind& kind);

  /// Number of biases: 2 if the recurrent product has its own, else 1.
  [[nodiscard]] virtual std::int64_t bias_rows() const { return 1; }
  /// Called after the bias initializer.
  virtual void adjust_bias(Parameter& bias) const { (void)bias; }
  /// Checks the cell's arguments.
  virtual void build_cell() {}
  virtual void reserve_cell(std::int64_t batch) = 0;
  virtual void begin_forward(std::int64_t batch) = 0;
  /// Writes what backward_step needs to `gates`. Called by several threads, each with its own rows.
  virtual void forward_step(const Step& step) = 0;
  virtual void begin_backward(std::int64_t batch) = 0;
  /// Writes the gradients of the input products to `gates`. `output_gradient`: in the gradient of the step's
  /// output, out that of `before`, except for the part through `recurrent_input`, which goes to
  /// `recurrent_input_gradient`. Called by several threads, like forward_step.
  virtual void backward_step(const Step& step, float* output_gradient, float* recurrent_input_gradient) = 0;
  /// Called after backward_step of all steps of the block. The default is for cells that add the products of
  /// the input and of the previous output, whose gradients are therefore equal.
  virtual void add_gradients(const Block& block, const WeightGradients& into, float* scratch);
  void write_config(nlohmann::json& config) const override;

  /// The second state of all steps, [1 + steps, rows, units], and its gradient [rows, units]; null without
  /// one.
  [[nodiscard]] virtual float* second_states() { return nullptr; }
  [[nodiscard]] virtual float* second_state_gradient() { return nullptr; }
  [[nodiscard]] std::int64_t steps() const noexcept { return steps_; }
  [[nodiscard]] Parameter& kernel() { return parameters()[0]; }
  [[nodiscard]] Parameter& recurrent_kernel() { return parameters()[1]; }
  [[nodiscard]] Parameter* bias() { return use_bias_ ? &parameters()[2] : nullptr; }
  [[nodiscard]] const Activation& activation() const noexcept { return activation_; }
  /// The product of the step's inputs and the kernel.
  [[nodiscard]] PackedTerm input_term(const Step& step) const;
  /// A product with the factor `b` [steps, batch, columns]; the caller sets its terms.
  [[nodiscard]] static GradientProduct gradient_product(const Block& block, std::int64_t columns,
                                                        const float* b);
  [[nodiscard]] GradientTerm input_gradient_term(const Block& block, const WeightGradients& into) const;
  [[nodiscard]] GradientTerm recurrent_gradient_term(const Block& block, const WeightGradients& into) const;
  /// `gates` of all steps.
  [[nodiscard]] const float* all_gates() const noexcept { return gates_.data(); }
  /// Reads an activation that keeps the number of values. Throws Error(Model).
  static const Activation& read_activation_or(ConfigReader& config, std::string_view key,
                                              std::string_view fallback);

 private:
  /// Rows of the batch.
  struct Rows {
    std::int64_t first, count;
  };
  [[nodiscard]] std::int64_t width() const noexcept { return kind_.gates * units_; }
  [[nodiscard]] std::int64_t source_of(std::int64_t index) const noexcept {
    return sequence_.go_backwards ? steps_ - 1 - index : index;
  }
  [[nodiscard]] int threads(std::int64_t batch) const;
  /// Maximum number of rows of a block, unless a single step has more.
  [[nodiscard]] std::int64_t block_rows() const;
  void draw_dropout(const GraphPass& pass);
  /// Values of a sample's output sequence, or of its last output; its states follow.
  [[nodiscard]] std::int64_t sequence_size() const noexcept {
    return sequence_.return_sequences ? steps_ * units_ : units_;
  }
  [[nodiscard]] std::int64_t output_size() const {
    return sequence_size() + (sequence_.return_state ? state_count() * units_ : 0);
  }
  void begin_states(const LayerValues& values, Rows rows);
  void write_states(const GraphPass& pass, const LayerValues& values, Rows rows);
  void begin_state_gradients(const LayerGradients& gradients, Rows rows);
  void write_state_gradients(const LayerGradients& gradients, Rows rows);
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
  [[nodiscard]] const float* recurrent_inputs(const GraphPass& pass) {
    return drops(pass, recurrent_dropout_) ? dropped_outputs_.data() : outputs_.data();
  }

  Kind kind_;
  std::int64_t units_;
  SequenceArguments sequence_;
  bool is_cell_ = false;
  const Activation& activation_;
  bool use_bias_;
  WeightOptions kernel_, recurrent_, bias_;
  double dropout_;
  double recurrent_dropout_;
  std::optional<std::int64_t> seed_;

  std::uint64_t key_ = 0;
  std::int64_t steps_ = 0;
  std::int64_t features_ = 0;
  FloatBuffer packed_kernel_;  ///< transposed in the backward pass if the inputs have a gradient
  FloatBuffer inputs_;         ///< [steps, rows, features]
  FloatBuffer gates_;          ///< [steps, rows, gates · units]
  FloatBuffer outputs_;        ///< [1 + steps, rows, units]: the initial state, then the output of each step
  FloatBuffer dropped_outputs_;  ///< [steps, rows, units]: outputs_ after recurrent_dropout
  FloatBuffer mask_;             ///< [steps, rows]
  bool masked_ = false;
  bool ignores_mask_ = false;
  FloatBuffer input_factors_, recurrent_factors_;  ///< dropout factors: [rows, features], [rows, units]
  FloatBuffer output_gradient_, recurrent_input_gradient_;  ///< [rows, units]
  std::int64_t parts_ = 0;                                  ///< number of threads of the backward pass
  std::int64_t scratch_size_ = 0, partial_size_ = 0;
  FloatBuffer scratch_,
      partial_;  ///< per thread; the first thread adds to the parameters' gradients directly
};

}  // namespace kairos::host
