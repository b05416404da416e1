// SPDX-License-Identifier: MIT
// ConvLSTM2D: an LSTM over images, whose products are convolutions (Shi and others, 2015).
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "compute/convolution.hpp"
#include "compute/kernels/gates.hpp"
#include "compute/parallel.hpp"
#include "compute/random.hpp"
#include "compute/vector.hpp"
#include "nn/layers/layer_types.hpp"
#include "nn/layers/lstm_rows.hpp"
#include "nn/layers/sequence_arguments.hpp"
#include "nn/layers/window_config.hpp"
#include "nn/weight_options.hpp"

namespace kairos::host {

namespace {

/// Samples are [steps, rows, columns, channels]. Gates are in Keras' order: input, forget, candidate, output.
/// The convolution of the inputs has the layer's strides, padding and dilation; that of the previous output
/// keeps its size. Arrays of states are [step, batch, pixels, …], so that the values of a step are
/// contiguous.
class ConvLstmLayer final : public Layer {
 public:
  explicit ConvLstmLayer(ConfigReader& config)
      : Layer(config, "ConvLSTM2D"),
        filters_(config.required_integer("filters", {1, 1 << 20})),
        padding_(read_padding(config)),
        window_(read_window(config, Rank::Two)),
        activation_(read_function(config, "activation", "tanh")),
        gate_(read_function(config, "recurrent_activation", "sigmoid")),
        use_bias_(config.boolean("use_bias", true)),
        unit_forget_bias_(config.boolean("unit_forget_bias", true)),
        sequence_(config),
        seed_(config.optional_integer("seed", any_integer)),
        kernel_(config, "kernel", "glorot_uniform"),
        recurrent_(config, "recurrent", "orthogonal"),
        bias_(config, "bias", "zeros") {
    const char* const remove = "Remove it from the layer";
    config.unsupported("return_state", false, remove);
    config.unsupported("stateful", false, remove);
    config.unsupported("dropout", 0, "Put a Dropout layer before it");
    config.unsupported("recurrent_dropout", 0, remove);
  }

  Shape build(std::span<const Shape> inputs, const BuildContext& context) override {
    const Shape& shape = inputs.front();
    if (shape.size() != 4) refuse_shape(shape, "samples of (timesteps, rows, columns, channels)");
    steps_ = shape[0];
    const Shape image(shape.begin() + 1, shape.end());
    if (!place_window(window_, padding_, Rank::Two, image))
      refuse_shape(shape, "at least the size of the kernel");
    Window recurrent;
    recurrent.size = window_.size;
    Shape output = window_output(window_, Rank::Two, filters_);
    (void)place_window(recurrent, Padding::Same, Rank::Two, output);
    pixels_ = window_.output[0] * window_.output[1];
    const std::int64_t gates = 4 * filters_;
    const Window::Pair& size = window_.size;
    kernel_.apply(add_parameter("conv_lstm_cell/kernel", {size[0], size[1], image.back(), gates}),
                  joined_key(context.key, 0));
    recurrent_.apply(add_parameter("conv_lstm_cell/recurrent_kernel", {size[0], size[1], filters_, gates}),
                     joined_key(context.key, 1));
    if (use_bias_) {
      Parameter& bias = add_parameter("conv_lstm_cell/bias", {gates});
      bias_.apply(bias, joined_key(context.key, 2));
      if (unit_forget_bias_) std::fill_n(bias.values.data() + filters_, filters_, 1.0F);
    }
    input_product_.emplace(context.engine, ConvolutionShape{window_, image.back(), gates, 1});
    recurrent_product_.emplace(context.engine, ConvolutionShape{recurrent, filters_, gates, 1});
    if (sequence_.return_sequences) output.insert(output.begin(), steps_);
    return output;
  }

  [[nodiscard]] std::vector<WeightGroup> weight_groups() const override {
    return {{"cell", "conv_lstm_cell", use_bias_ ? std::size_t{3} : std::size_t{2}}};
  }

  [[nodiscard]] MaskRule mask_rule(bool) const override {
    return sequence_.return_sequences ? MaskRule::Pass : MaskRule::Stop;
  }

  void reserve(std::int64_t batch) override {
    const std::int64_t n = batch * state_size();
    from_inputs_.reserve(4 * steps_ * n);
    gates_.reserve(4 * steps_ * n);
    recurrent_term_.reserve(4 * n);
    outputs_.reserve((1 + steps_) * n);
    cells_.reserve((1 + steps_) * n);
    gradient_.reserve(n);
    cell_gradient_.reserve(n);
    rows_.reserve(activation_, gate_, filters_, steps_ * batch * pixels_, batch * pixels_);
  }

  [[nodiscard]] const Activation* last_activation() const override { return &activation_; }

  void forward(const GraphPass& pass, const LayerValues& v) override {
    const std::int64_t n = pass.batch * state_size();
    input_product_->forward(pass.batch * steps_, v.inputs.front(), parameters()[0].values.data(),
                            use_bias_ ? parameters()[2].values.data() : nullptr, from_inputs_.data());
    std::fill_n(outputs_.data(), n, 0.0F);
    std::fill_n(cells_.data(), n, 0.0F);
    for (std::int64_t step = 0; step < steps_; ++step) {
      float* const gates = gates_.data() + step * 4 * n;
      move_samples(pass.batch, step, 4 * state_size(),
                   [&](std::int64_t whole, std::int64_t own, std::int64_t m) {
                     std::copy_n(from_inputs_.data() + whole, m, gates + own);
                   });
      if (step > 0) {
        recurrent_product_->forward(pass.batch, outputs_.data() + step * n, parameters()[1].values.data(),
                                    nullptr, recurrent_term_.data());
        add_to(4 * n, recurrent_term_.data(), gates);
      }
      const Mask mask = v.input_masks.front();
      each_row(pass.batch, step, [&](const LstmRow& row, std::int64_t index, std::int64_t of_step) {
        float* const output = outputs_.data() + n + index * filters_;
        if (counts(mask, of_step, step)) return rows_.forward(row, index, output);
        std::copy_n(output - n, filters_, output);  // a masked step changes nothing
        std::copy_n(row.cell_before, filters_, row.cell);
      });
      write_output(pass.batch, step, mask, v.output);
    }
  }

  void backward(const GraphPass& pass, const LayerGradients& g) override {
    const std::int64_t n = pass.batch * state_size();
    std::fill_n(gradient_.data(), n, 0.0F);
    std::fill_n(cell_gradient_.data(), n, 0.0F);
    for (std::int64_t step = steps_ - 1; step >= 0; --step) {
      float* const gates = gates_.data() + step * 4 * n;
      const Mask mask = g.input_masks.front();
      add_output_gradient(pass.batch, step, mask, g.output_gradient);
      each_row(pass.batch, step, [&](const LstmRow& row, std::int64_t index, std::int64_t of_step) {
        if (!counts(mask, of_step, step)) return void(std::fill_n(row.gates, 4 * filters_, 0.0F));
        rows_.backward(row, index, of_step, gradient_.data() + of_step * filters_,
                       cell_gradient_.data() + of_step * filters_);
      });
      move_samples(pass.batch, step, 4 * state_size(),
                   [&](std::int64_t whole, std::int64_t own, std::int64_t m) {
                     std::copy_n(gates + own, m, from_inputs_.data() + whole);
                   });
      if (step > 0) backward_to_step_before(pass.batch, step, mask);
    }
    if (trainable()) {
      input_product_->backward_weights(pass.batch * steps_, g.inputs.front(), from_inputs_.data(),
                                       parameters()[0].gradient.data(),
                                       use_bias_ ? parameters()[2].gradient.data() : nullptr);
      recurrent_product_->backward_weights(pass.batch * steps_, outputs_.data(), gates_.data(),
                                           parameters()[1].gradient.data(), nullptr);
    }
    if (g.input_gradients.front() != nullptr)
      input_product_->backward_data(pass.batch * steps_, from_inputs_.data(), parameters()[0].values.data(),
                                    g.input_gradients.front());
  }

 protected:
  void write_config(nlohmann::json& config) const override {
    write_window(window_, Rank::Two, config);
    config["filters"] = filters_;
    config["padding"] = padding_name(padding_);
    config["activation"] = activation_.name;
    config["recurrent_activation"] = gate_.name;
    config["use_bias"] = use_bias_;
    config["unit_forget_bias"] = unit_forget_bias_;
    sequence_.write(config);
    for (const WeightOptions* const one : {&kernel_, &recurrent_, &bias_}) one->write(config);
    config["activity_regularizer"] = regularizer_json(activity_regularizer());
    config["dropout"] = 0.0;
    config["recurrent_dropout"] = 0.0;
    config["seed"] = seed_ ? nlohmann::json(*seed_) : nlohmann::json(nullptr);
  }

 private:
  static const Activation& read_function(ConfigReader& config, std::string_view key,
                                         std::string_view fallback) {
    const bool absent = config.take(key) == nullptr && !config.is_null(key);
    const Activation& found = absent ? *find_activation(fallback) : read_activation(config, key);
    if (!found.keeps_width() || works_on_rows(found))
      config.bad_value(key, "a function of single values, such as tanh");
    return found;
  }

  /// Values of the output of one step of one sample.
  [[nodiscard]] std::int64_t state_size() const { return pixels_ * filters_; }
  [[nodiscard]] std::int64_t source_of(std::int64_t step) const {
    return sequence_.go_backwards ? steps_ - 1 - step : step;
  }

  /// Calls move(offset in [batch, steps, size], offset in [batch, size], size) for the samples of a step.
  template <typename Move>
  void move_samples(std::int64_t batch, std::int64_t step, std::int64_t size, const Move& move) const {
    for (std::int64_t sample = 0; sample < batch; ++sample)
      move((sample * steps_ + source_of(step)) * size, sample * size, size);
  }

  /// Calls work(row, its index among the rows of all steps, that among the rows of the step) for each pixel.
  template <typename Work>
  void each_row(std::int64_t batch, std::int64_t step, const Work& work) {
    const std::int64_t count = batch * pixels_;
    rows_in_parallel(count, 4 * filters_, least_values / 8, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        const std::int64_t index = step * count + i;
        float* const before = cells_.data() + index * filters_;
        work(LstmRow{filters_, gates_.data() + index * 4 * filters_, before, before + count * filters_},
             index, i);
      }
    });
  }

  /// Whether the mask has the step of the sample of a row of it.
  [[nodiscard]] bool counts(Mask mask, std::int64_t row, std::int64_t step) const {
    return mask == nullptr || mask[row / pixels_ * steps_ + source_of(step)] != 0;
  }
  [[nodiscard]] bool is_zeroed(Mask mask, std::int64_t sample, std::int64_t step) const {
    return sequence_.zero_output_for_mask && !counts(mask, sample * pixels_, step);
  }

  /// The gradient of the output of the step before; that of a sample whose step is masked stays.
  void backward_to_step_before(std::int64_t batch, std::int64_t step, Mask mask) {
    const std::int64_t size = state_size();
    float* const before = recurrent_term_.data();
    recurrent_product_->backward_data(batch, gates_.data() + step * 4 * batch * size,
                                      parameters()[1].values.data(), before);
    for (std::int64_t sample = 0; sample < batch; ++sample)
      if (counts(mask, sample * pixels_, step))
        std::copy_n(before + sample * size, size, gradient_.data() + sample * size);
  }

  /// Outputs are in the order in which the steps are processed, as in Keras.
  void write_output(std::int64_t batch, std::int64_t step, Mask mask, float* output) const {
    const std::int64_t size = state_size();
    const float* const from = outputs_.data() + (1 + step) * batch * size;
    if (!sequence_.return_sequences && step != steps_ - 1) return;
    for (std::int64_t sample = 0; sample < batch; ++sample) {
      float* const to = output + (sequence_.return_sequences ? sample * steps_ + step : sample) * size;
      if (is_zeroed(mask, sample, step))
        std::fill_n(to, size, 0.0F);
      else
        std::copy_n(from + sample * size, size, to);
    }
  }

  void add_output_gradient(std::int64_t batch, std::int64_t step, Mask mask, const float* gradient) {
    const std::int64_t size = state_size();
    if (!sequence_.return_sequences && step != steps_ - 1) return;
    for (std::int64_t sample = 0; sample < batch; ++sample)
      if (!is_zeroed(mask, sample, step))
        add_to(size, gradient + (sequence_.return_sequences ? sample * steps_ + step : sample) * size,
               gradient_.data() + sample * size);
  }

  std::int64_t filters_;
  Padding padding_;
  Window window_;
  const Activation& activation_;
  const Activation& gate_;
  bool use_bias_, unit_forget_bias_;
  SequenceArguments sequence_;
  std::optional<std::int64_t> seed_;
  WeightOptions kernel_, recurrent_, bias_;

  std::int64_t steps_ = 0;
  std::int64_t pixels_ = 0;  ///< of the output of one step
  std::optional<ConvolutionKernel> input_product_, recurrent_product_;
  LstmRows rows_;
  FloatBuffer from_inputs_;  ///< [batch, steps, pixels, 4 · filters]: the term of the inputs, or its gradient
  FloatBuffer gates_;        ///< [steps, batch, pixels, 4 · filters], see LstmRow
  FloatBuffer recurrent_term_;   ///< of one step
  FloatBuffer outputs_, cells_;  ///< [1 + steps, batch, pixels, filters]: the initial state, then each step's
  FloatBuffer gradient_, cell_gradient_;  ///< of one step
};

}  // namespace

LayerType conv_lstm2d_layer_type() {
  return {
      "ConvLSTM2D",
      "convlstm",
      {"filters", "kernel_size", "activation"},
      [](ConfigReader& config) -> std::unique_ptr<Layer> { return std::make_unique<ConvLstmLayer>(config); }};
}

}  // namespace kairos::host
