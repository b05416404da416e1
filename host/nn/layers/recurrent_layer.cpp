// SPDX-License-Identifier: MIT
// Brings sequences into the order of the cell, and walks over the steps and back.
#include "nn/layers/recurrent_layer.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "compute/random.hpp"
#include "nn/layers/layer_types.hpp"

namespace kairos::host {

namespace {

constexpr NumberRange any_integer{-std::numeric_limits<double>::infinity(),
                                  std::numeric_limits<double>::infinity()};

/// 0 for the share `rate` of the values, and for the others what keeps the mean.
void draw_factors(std::uint64_t key, double rate, std::int64_t n, float* factors) {
  constexpr double whole = 18446744073709551616.0;  // 2^64
  const auto drop_below = static_cast<std::uint64_t>(rate * whole);
  const auto scale = static_cast<float>(1 / (1 - rate));
  for (std::int64_t i = 0; i < n; ++i)
    factors[i] = random_at(key, static_cast<std::uint64_t>(i)) < drop_below ? 0.0F : scale;
}

void multiply(std::int64_t n, const float* factors, const float* x, float* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = x[i] * factors[i];
}

}  // namespace

const Activation& RecurrentLayer::read_activation_or(ConfigReader& config, std::string_view key,
                                                     std::string_view fallback) {
  return config.take(key) == nullptr ? *find_activation(fallback) : read_activation(config, key);
}

RecurrentLayer::RecurrentLayer(ConfigReader& config, const Kind& kind)
    : Layer(config, kind.class_name),
      kind_(kind),
      units_(config.required_integer("units", {1, 2147483647})),
      return_sequences_(config.boolean("return_sequences", false)),
      go_backwards_(config.boolean("go_backwards", false)),
      unroll_(config.boolean("unroll", false)),
      zero_output_for_mask_(config.boolean("zero_output_for_mask", false)),
      activation_(read_activation_or(config, "activation", "tanh")),
      use_bias_(config.boolean("use_bias", true)),
      kernel_(config, "kernel", "glorot_uniform"),
      recurrent_(config, "recurrent", "orthogonal"),
      bias_(config, "bias", "zeros"),
      dropout_(config.number("dropout", 0, {0, 1})),
      recurrent_dropout_(config.number("recurrent_dropout", 0, {0, 1})),
      seed_(config.optional_integer("seed", any_integer)) {
  config.unsupported("activity_regularizer", nullptr, "Remove it from the layer");
  config.unsupported("return_state", false, "Remove it from the layer");
  config.unsupported("stateful", false, "Remove it from the layer: every batch starts from a state of 0");
  config.unsupported("time_major", false, "Put the batch first");  // Keras 2
  config.skip("implementation");                                   // of two ways to the same numbers
}

Shape RecurrentLayer::build(std::span<const Shape> inputs, const BuildContext& context) {
  const Shape& shape = inputs.front();
  if (shape.size() != 2) refuse_shape(shape, "(timesteps, features)");
  check_activation_width(*this, activation_, units_);
  key_ = seed_ ? mixed_bits(static_cast<std::uint64_t>(*seed_) + 1) : context.key;
  steps_ = shape[0];
  features_ = shape[1];
  const std::string cell = std::string(kind_.cell_name) + "/";
  const std::int64_t width = kind_.gates * units_;
  kernel_.apply(add_parameter(cell + "kernel", {features_, width}), joined_key(context.key, 0));
  recurrent_.apply(add_parameter(cell + "recurrent_kernel", {units_, width}), joined_key(context.key, 1));
  if (use_bias_) {
    Parameter& bias = add_parameter(cell + "bias", bias_rows() == 2 ? Shape{2, width} : Shape{width});
    bias_.apply(bias, joined_key(context.key, 2));
    adjust_bias(bias);
  }
  input_product_.emplace(context.engine, features_, width);
  build_cell(context.engine);
  return return_sequences_ ? Shape{steps_, units_} : Shape{units_};
}

std::vector<WeightGroup> RecurrentLayer::weight_groups() const {
  return {{"cell", kind_.cell_name, use_bias_ ? std::size_t{3} : std::size_t{2}}};
}

void RecurrentLayer::reserve(std::int64_t batch) {
  inputs_.reserve(steps_ * batch * features_);
  gates_.reserve(steps_ * batch * kind_.gates * units_);
  outputs_.reserve((1 + steps_) * batch * units_);
  mask_.reserve(steps_ * batch);
  if (dropout_ > 0) input_factors_.reserve(batch * features_);
  if (recurrent_dropout_ > 0) {
    recurrent_factors_.reserve(batch * units_);
    shown_.reserve(steps_ * batch * units_);
  }
  output_gradient_.reserve(batch * units_);
  shown_gradient_.reserve(batch * units_);
  reserve_cell(batch);
}

void RecurrentLayer::draw_dropout(const Pass& pass) {
  const std::uint64_t key = joined_key(key_, pass.step);
  if (drops(pass, dropout_))
    draw_factors(joined_key(key, 0), dropout_, pass.batch * features_, input_factors_.data());
  if (drops(pass, recurrent_dropout_))
    draw_factors(joined_key(key, 1), recurrent_dropout_, pass.batch * units_, recurrent_factors_.data());
}

void RecurrentLayer::gather(const Pass& pass, const LayerValues& v) {
  const bool dropping = drops(pass, dropout_);
  const Mask mask = v.input_masks.front();
  masked_ = mask != nullptr;
  float* to = inputs_.data();
  for (std::int64_t t = 0; t < steps_; ++t) {
    const std::int64_t source = go_backwards_ ? steps_ - 1 - t : t;
    for (std::int64_t row = 0; row < pass.batch; ++row, to += features_) {
      const float* const from = v.inputs.front() + (row * steps_ + source) * features_;
      if (dropping)
        multiply(features_, input_factors_.data() + row * features_, from, to);
      else
        std::copy_n(from, features_, to);
      if (masked_) mask_.data()[t * pass.batch + row] = mask[row * steps_ + source];
    }
  }
}

RecurrentLayer::Step RecurrentLayer::step_at(std::int64_t rows, std::int64_t index) {
  const std::int64_t size = rows * units_;
  float* const before = outputs_.data() + index * size;
  return {rows,   masked_ ? mask_.data() + index * rows : nullptr, before,
          before, gates_.data() + index * size * kind_.gates,      before + size,
          index};
}

void RecurrentLayer::forward(const Pass& pass, const LayerValues& v) {
  const std::int64_t rows = pass.batch;
  draw_dropout(pass);
  gather(pass, v);
  input_product_->forward(steps_ * rows, inputs_.data(), kernel().values.data(),
                          use_bias_ ? bias()->values.data() : nullptr, gates_.data());
  std::fill_n(outputs_.data(), rows * units_, 0.0F);
  begin_forward(rows);
  const bool dropping = drops(pass, recurrent_dropout_);
  for (std::int64_t t = 0; t < steps_; ++t) {
    Step step = step_at(rows, t);
    if (dropping) {
      float* const kept = shown_.data() + t * rows * units_;
      multiply(rows * units_, recurrent_factors_.data(), step.before, kept);
      step.shown = kept;
    }
    forward_step(step);
  }
  scatter(pass, v);
}

void RecurrentLayer::scatter(const Pass& pass, const LayerValues& v) {
  const bool zeroing = masked_ && zero_output_for_mask_;
  for (std::int64_t t = return_sequences_ ? 0 : steps_ - 1; t < steps_; ++t)
    for (std::int64_t row = 0; row < pass.batch; ++row) {
      float* const to = v.output + (return_sequences_ ? row * steps_ + t : row) * units_;
      if (zeroing && mask_.data()[t * pass.batch + row] == 0)
        std::fill_n(to, units_, 0.0F);
      else
        std::copy_n(outputs_.data() + ((1 + t) * pass.batch + row) * units_, units_, to);
    }
}

void RecurrentLayer::add_output_gradient(const Pass& pass, const LayerGradients& g, std::int64_t t) {
  if (!return_sequences_ && t != steps_ - 1) return;
  const bool zeroing = masked_ && zero_output_for_mask_;
  for (std::int64_t row = 0; row < pass.batch; ++row) {
    if (zeroing && mask_.data()[t * pass.batch + row] == 0) continue;
    const float* const from = g.output_gradient + (return_sequences_ ? row * steps_ + t : row) * units_;
    float* const to = output_gradient_.data() + row * units_;
    for (std::int64_t k = 0; k < units_; ++k) to[k] += from[k];
  }
}

void RecurrentLayer::backward(const Pass& pass, const LayerGradients& g) {
  const std::int64_t rows = pass.batch;
  const std::int64_t size = rows * units_;
  const bool dropping = drops(pass, recurrent_dropout_);
  float* const gradient = output_gradient_.data();
  float* const through = shown_gradient_.data();
  std::fill_n(gradient, size, 0.0F);
  begin_backward(rows);
  for (std::int64_t t = steps_ - 1; t >= 0; --t) {
    add_output_gradient(pass, g, t);
    Step step = step_at(rows, t);
    step.shown = shown(pass) + t * size;
    backward_step(step, gradient, through);
    if (dropping) multiply(size, recurrent_factors_.data(), through, through);
    for (std::int64_t k = 0; k < size; ++k) gradient[k] += through[k];
  }
  if (trainable()) {
    input_product_->backward_weights(steps_ * rows, inputs_.data(), gates_.data(), kernel().gradient.data(),
                                     use_bias_ ? bias()->gradient.data() : nullptr);
    recurrent_gradients(rows, shown(pass));
  }
  if (g.input_gradients.front() == nullptr) return;
  // The inputs are not needed any more, and their gradients have the same shape.
  input_product_->backward_data(steps_ * rows, gates_.data(), kernel().values.data(), inputs_.data());
  scatter_gradient(pass, g.input_gradients.front());
}

void RecurrentLayer::scatter_gradient(const Pass& pass, float* input_gradient) {
  const bool dropping = drops(pass, dropout_);
  const float* from = inputs_.data();
  for (std::int64_t t = 0; t < steps_; ++t) {
    const std::int64_t target = go_backwards_ ? steps_ - 1 - t : t;
    for (std::int64_t row = 0; row < pass.batch; ++row, from += features_) {
      float* const to = input_gradient + (row * steps_ + target) * features_;
      if (dropping)
        multiply(features_, input_factors_.data() + row * features_, from, to);
      else
        std::copy_n(from, features_, to);
    }
  }
}

void RecurrentLayer::write_config(nlohmann::json& config) const {
  config["return_sequences"] = return_sequences_;
  config["return_state"] = false;
  config["go_backwards"] = go_backwards_;
  config["stateful"] = false;
  config["unroll"] = unroll_;
  config["zero_output_for_mask"] = zero_output_for_mask_;
  config["units"] = units_;
  config["activation"] = activation_.name;
  config["use_bias"] = use_bias_;
  for (const WeightOptions* const one : {&kernel_, &recurrent_, &bias_}) one->write(config);
  config["activity_regularizer"] = nullptr;
  config["dropout"] = dropout_;
  config["recurrent_dropout"] = recurrent_dropout_;
  config["seed"] = seed_ ? nlohmann::json(*seed_) : nlohmann::json(nullptr);
}

}  // namespace kairos::host
