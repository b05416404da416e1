// SPDX-License-Identifier: MIT
// Reorders sequences by timestep, and runs the cell over the steps in the forward and backward pass.
#include "nn/layers/recurrent_layer.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compute/parallel.hpp"
#include "compute/random.hpp"
#include "compute/team_size.hpp"
#include "compute/vector.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

void multiply(std::int64_t n, const float* factors, const float* x, float* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * factors[i];
}

/// Rows per thread. Fewer do not pay for a thread, because each thread reads all weights.
constexpr std::int64_t least_rows = 8;

/// Rows whose contribution to the weight gradients is computed at a time: as many as fit into a core's cache
/// beside weights and gradients, or more if those do not fit anyway.
constexpr std::int64_t cached_block_rows = 128;
constexpr std::int64_t large_block_rows = 1024;
constexpr std::int64_t cached_weights = std::int64_t{1} << 18;

/// Rounds up to whole cache lines, so that threads do not share them.
constexpr std::int64_t whole_lines(std::int64_t floats) {
  return (floats + 15) / 16 * 16;
}

}  // namespace

const Activation& RecurrentLayer::read_activation_or(ConfigReader& config, std::string_view key,
                                                     std::string_view fallback) {
  const Activation& found =
      config.take(key) == nullptr ? *find_activation(fallback) : read_activation(config, key);
  if (!found.keeps_width())
    config.bad_value(key, "an activation that keeps the number of values, for the next step's input");
  return found;
}

RecurrentLayer::RecurrentLayer(ConfigReader& config, const Kind& kind)
    : Layer(config, kind.class_name),
      kind_(kind),
      units_(config.required_integer("units", {1, 2147483647})),
      sequence_(config),
      activation_(read_activation_or(config, "activation", "tanh")),
      use_bias_(config.boolean("use_bias", true)),
      kernel_(config, "kernel", "glorot_uniform"),
      recurrent_(config, "recurrent", "orthogonal"),
      bias_(config, "bias", "zeros"),
      dropout_(config.number("dropout", 0, {0, 1})),
      recurrent_dropout_(config.number("recurrent_dropout", 0, {0, 1})),
      seed_(config.optional_integer("seed", any_integer)) {}

Shape RecurrentLayer::build(std::span<const Shape> inputs, const BuildContext& context) {
  const Shape& shape = inputs.front();
  if (shape.size() != 2) refuse_shape(shape, "(timesteps, features)");
  (void)activated_width(*this, activation_, units_);
  key_ = seed_ ? mixed_bits(static_cast<std::uint64_t>(*seed_) + 1) : context.key;
  steps_ = shape[0];
  features_ = shape[1];
  const auto initial_states = static_cast<std::int64_t>(inputs.size()) - 1;
  if (initial_states != 0 && initial_states != state_count())
    refuse_shape(shape, "a sequence alone, or with " + std::to_string(state_count()) + " initial states");
  for (const Shape& state : inputs.subspan(1))
    if (state != Shape{units_})
      refuse_shape(state, "an initial state of as many values as there are units: " + std::to_string(units_));
  const std::string cell = is_cell_ ? "" : std::string(kind_.cell_name) + "/";
  kernel_.apply(add_parameter(cell + "kernel", {features_, width()}), joined_key(context.key, 0));
  recurrent_.apply(add_parameter(cell + "recurrent_kernel", {units_, width()}), joined_key(context.key, 1));
  if (use_bias_) {
    Parameter& bias = add_parameter(cell + "bias", bias_rows() == 2 ? Shape{2, width()} : Shape{width()});
    bias_.apply(bias, joined_key(context.key, 2));
    adjust_bias(bias);
  }
  build_cell();
  if (sequence_.return_state) return {output_size()};
  return sequence_.return_sequences ? Shape{steps_, units_} : Shape{units_};
}

std::vector<WeightGroup> RecurrentLayer::weight_groups() const {
  return {{"cell", kind_.cell_name, use_bias_ ? std::size_t{3} : std::size_t{2}}};
}

void RecurrentLayer::reserve(std::int64_t batch) {
  inputs_.reserve(steps_ * batch * features_);
  gates_.reserve(steps_ * batch * width());
  outputs_.reserve((1 + steps_) * batch * units_);
  mask_.reserve(steps_ * batch);
  if (dropout_ > 0) input_factors_.reserve(batch * features_);
  if (recurrent_dropout_ > 0) {
    recurrent_factors_.reserve(batch * units_);
    dropped_outputs_.reserve(steps_ * batch * units_);
  }
  output_gradient_.reserve(batch * units_);
  recurrent_input_gradient_.reserve(batch * units_);
  packed_kernel_.reserve(std::max(packed_kernels().packed_size(features_, width()),
                                  packed_kernels().packed_size(width(), features_)));
  reserve_cell(batch);
}

void RecurrentLayer::draw_dropout(const GraphPass& pass) {
  const std::uint64_t key = joined_key(key_, pass.batch_number);
  if (drops(pass, dropout_))
    draw_dropout_factors(joined_key(key, 0), dropout_, pass.batch * features_, input_factors_.data());
  if (drops(pass, recurrent_dropout_))
    draw_dropout_factors(joined_key(key, 1), recurrent_dropout_, pass.batch * units_,
                         recurrent_factors_.data());
}

int RecurrentLayer::threads(std::int64_t batch) const {
  const std::int64_t worth = threads_for(steps_ * batch * (features_ + units_) * width());
  return static_cast<int>(std::clamp<std::int64_t>(batch / least_rows, 1, worth));
}

std::int64_t RecurrentLayer::block_rows() const {
  return (features_ + units_) * width() <= cached_weights ? cached_block_rows : large_block_rows;
}

RecurrentLayer::Step RecurrentLayer::step_at(std::int64_t batch, Rows rows, std::int64_t index) {
  const std::int64_t row_index = index * batch + rows.first;
  float* const before = outputs_.data() + row_index * units_;
  return {rows.count,
          rows.first,
          row_index,
          batch,
          inputs_.data() + row_index * features_,
          masked_ ? mask_.data() + row_index : nullptr,
          before,
          before,
          gates_.data() + row_index * width(),
          before + batch * units_};
}

PackedTerm RecurrentLayer::input_term(const Step& step) const {
  return {step.input, features_, features_, packed_kernel_.data()};
}

GradientProduct RecurrentLayer::gradient_product(const Block& block, std::int64_t columns, const float* b) {
  return {block.steps, block.batch, block.rows, columns, b + block.row_index * columns, nullptr, {}, {}};
}

GradientTerm RecurrentLayer::input_gradient_term(const Block& block, const WeightGradients& into) const {
  return {inputs_.data() + block.row_index * features_, features_, into.kernel, width()};
}

GradientTerm RecurrentLayer::recurrent_gradient_term(const Block& block, const WeightGradients& into) const {
  return {block.recurrent_input + block.row_index * units_, units_, into.recurrent, width()};
}

void RecurrentLayer::add_gradients(const Block& block, const WeightGradients& into, float* scratch) {
  GradientProduct product = gradient_product(block, width(), all_gates());
  product.bias = into.bias;
  product.first = input_gradient_term(block, into);
  product.second = recurrent_gradient_term(block, into);
  packed_kernels().add_gradient(product, scratch);
}

void RecurrentLayer::gather(const GraphPass& pass, const LayerValues& v, Rows rows, std::int64_t index) {
  const bool dropping = drops(pass, dropout_);
  const Mask mask = v.input_masks.front();
  const std::int64_t source = source_of(index);
  for (std::int64_t row = rows.first; row < rows.first + rows.count; ++row) {
    const float* const from = v.inputs.front() + (row * steps_ + source) * features_;
    float* const to = inputs_.data() + (index * pass.batch + row) * features_;
    if (dropping)
      multiply(features_, input_factors_.data() + row * features_, from, to);
    else
      std::copy_n(from, features_, to);
    if (masked_) mask_.data()[index * pass.batch + row] = mask[row * steps_ + source];
  }
}

void RecurrentLayer::forward(const GraphPass& pass, const LayerValues& v) {
  draw_dropout(pass);
  masked_ = v.input_masks.front() != nullptr && !ignores_mask_;
  packed_kernels().pack(features_, width(), {kernel().values.data(), width(), 1}, packed_kernel_.data());
  begin_forward(pass.batch);
  const TeamSize team(threads(pass.batch));
  each_in_parallel(pass.batch, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    forward_rows(pass, v, {begin, end - begin});
  });
}

void RecurrentLayer::forward_rows(const GraphPass& pass, const LayerValues& v, Rows rows) {
  begin_states(v, rows);
  const bool dropping = drops(pass, recurrent_dropout_);
  for (std::int64_t t = 0; t < steps_; ++t) {
    gather(pass, v, rows, t);
    Step step = step_at(pass.batch, rows, t);
    if (dropping) {
      float* const kept = dropped_outputs_.data() + step.row_index * units_;
      multiply(rows.count * units_, recurrent_factors_.data() + rows.first * units_, step.before, kept);
      step.recurrent_input = kept;
    }
    forward_step(step);
  }
  scatter(pass, v, rows);
  write_states(pass, v, rows);
}

void RecurrentLayer::scatter(const GraphPass& pass, const LayerValues& v, Rows rows) {
  const bool zeroing = masked_ && sequence_.zero_output_for_mask;
  for (std::int64_t t = sequence_.return_sequences ? 0 : steps_ - 1; t < steps_; ++t)
    for (std::int64_t row = rows.first; row < rows.first + rows.count; ++row) {
      float* const to = v.output + row * output_size() + (sequence_.return_sequences ? t * units_ : 0);
      if (zeroing && mask_.data()[t * pass.batch + row] == 0)
        std::fill_n(to, units_, 0.0F);
      else
        std::copy_n(outputs_.data() + ((1 + t) * pass.batch + row) * units_, units_, to);
    }
}

void RecurrentLayer::add_output_gradient(const GraphPass& pass, const LayerGradients& g, Rows rows,
                                         std::int64_t t) {
  if (!sequence_.return_sequences && t != steps_ - 1) return;
  const bool zeroing = masked_ && sequence_.zero_output_for_mask;
  for (std::int64_t row = rows.first; row < rows.first + rows.count; ++row) {
    if (zeroing && mask_.data()[t * pass.batch + row] == 0) continue;
    const float* const from =
        g.output_gradient + row * output_size() + (sequence_.return_sequences ? t * units_ : 0);
    add_to(units_, from, output_gradient_.data() + row * units_);
  }
}

void RecurrentLayer::backward(const GraphPass& pass, const LayerGradients& g) {
  begin_backward(pass.batch);
  if (g.input_gradients.front() != nullptr)
    packed_kernels().pack(width(), features_, {kernel().values.data(), 1, width()}, packed_kernel_.data());
  if (trainable()) begin_gradients(pass.batch);
  {
    const TeamSize team(threads(pass.batch));
    each_in_parallel(pass.batch, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
      backward_rows(pass, g, {begin, end - begin}, thread);
    });
  }
  if (trainable()) end_gradients();
}

void RecurrentLayer::begin_gradients(std::int64_t batch) {
  parts_ = threads(batch);
  const std::int64_t rows = (batch + parts_ - 1) / parts_;
  scratch_size_ =
      whole_lines(packed_kernels().gradient_scratch(std::max(rows, block_rows()), features_ + units_));
  partial_size_ = whole_lines((features_ + units_ + bias_rows()) * width());
  scratch_.reserve(parts_ * scratch_size_);
  partial_.reserve((parts_ - 1) * partial_size_);
  std::fill_n(partial_.data(), (parts_ - 1) * partial_size_, 0.0F);
  for (Parameter& parameter : parameters()) std::fill_n(parameter.gradient.data(), parameter.size(), 0.0F);
}

RecurrentLayer::WeightGradients RecurrentLayer::gradients_of(std::int64_t thread) {
  if (thread == 0)
    return {kernel().gradient.data(), recurrent_kernel().gradient.data(),
            use_bias_ ? bias()->gradient.data() : nullptr};
  float* const of_kernel = partial_.data() + (thread - 1) * partial_size_;
  float* const of_recurrent = of_kernel + features_ * width();
  return {of_kernel, of_recurrent, use_bias_ ? of_recurrent + units_ * width() : nullptr};
}

void RecurrentLayer::end_gradients() {
  const WeightGradients sum = gradients_of(0);
  for (std::int64_t thread = 1; thread < parts_; ++thread) {
    const WeightGradients part = gradients_of(thread);
    add_to(features_ * width(), part.kernel, sum.kernel);
    add_to(units_ * width(), part.recurrent, sum.recurrent);
    if (use_bias_) add_to(bias_rows() * width(), part.bias, sum.bias);
  }
}

void RecurrentLayer::backward_rows(const GraphPass& pass, const LayerGradients& g, Rows rows,
                                   std::int64_t thread) {
  const std::int64_t size = rows.count * units_;
  const bool dropping = drops(pass, recurrent_dropout_);
  float* const gradient = output_gradient_.data() + rows.first * units_;
  float* const recurrent_gradient = recurrent_input_gradient_.data() + rows.first * units_;
  std::int64_t pending_steps = 0;  // steps not yet added to the weight gradients
  begin_state_gradients(g, rows);
  for (std::int64_t t = steps_ - 1; t >= 0; --t) {
    add_output_gradient(pass, g, rows, t);
    Step step = step_at(pass.batch, rows, t);
    step.recurrent_input = recurrent_inputs(pass) + step.row_index * units_;
    backward_step(step, gradient, recurrent_gradient);
    if (dropping)
      multiply(size, recurrent_factors_.data() + rows.first * units_, recurrent_gradient, recurrent_gradient);
    add_to(size, recurrent_gradient, gradient);
    if (g.input_gradients.front() != nullptr) write_input_gradient(pass, step, t, g.input_gradients.front());
    if (!trainable() || ((++pending_steps + 1) * rows.count <= block_rows() && t > 0)) continue;
    add_gradients({pending_steps, rows.count, step.row_index, pass.batch, recurrent_inputs(pass)},
                  gradients_of(thread), scratch_.data() + thread * scratch_size_);
    pending_steps = 0;
  }
  write_state_gradients(g, rows);
}

void RecurrentLayer::write_input_gradient(const GraphPass& pass, const Step& step, std::int64_t index,
                                          float* input_gradient) {
  float* const to = input_gradient + (step.first * steps_ + source_of(index)) * features_;
  const std::int64_t next_row = steps_ * features_;
  packed_kernels().multiply({step.rows,
                             features_,
                             {step.gates, width(), width(), packed_kernel_.data()},
                             {},
                             nullptr,
                             to,
                             next_row});
  if (!drops(pass, dropout_)) return;
  for (std::int64_t row = 0; row < step.rows; ++row)
    multiply(features_, input_factors_.data() + (step.first + row) * features_, to + row * next_row,
             to + row * next_row);
}

void RecurrentLayer::write_config(nlohmann::json& config) const {
  sequence_.write(config);
  config["units"] = units_;
  config["activation"] = activation_.name;
  config["use_bias"] = use_bias_;
  for (const WeightOptions* const one : {&kernel_, &recurrent_, &bias_}) one->write(config);
  config["activity_regularizer"] = regularizer_json(activity_regularizer());
  config["dropout"] = dropout_;
  config["recurrent_dropout"] = recurrent_dropout_;
  config["seed"] = seed_ ? nlohmann::json(*seed_) : nlohmann::json(nullptr);
}

}  // namespace kairos::host
