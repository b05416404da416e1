// SPDX-License-Identifier: MIT
// Initial states as inputs of recurrent layers, and final states as outputs.
#include <algorithm>

#include "nn/layers/recurrent_layer.hpp"

namespace kairos::host {

std::vector<Shape> RecurrentLayer::output_parts() const {
  if (!sequence_.return_state) return {};
  std::vector<Shape> parts(static_cast<std::size_t>(1 + state_count()), Shape{units_});
  if (sequence_.return_sequences) parts.front() = {steps_, units_};
  return parts;
}

void RecurrentLayer::begin_states(const LayerValues& v, Rows rows) {
  const std::int64_t first = rows.first * units_, n = rows.count * units_;
  float* const second = second_states();
  if (v.inputs.size() == 1) {
    std::fill_n(outputs_.data() + first, n, 0.0F);
    if (second != nullptr) std::fill_n(second + first, n, 0.0F);
    return;
  }
  std::copy_n(v.inputs[1] + first, n, outputs_.data() + first);
  if (second != nullptr) std::copy_n(v.inputs[2] + first, n, second + first);
}

void RecurrentLayer::write_states(const GraphPass& pass, const LayerValues& v, Rows rows) {
  if (!sequence_.return_state) return;
  const float* const second = second_states();
  for (std::int64_t row = rows.first; row < rows.first + rows.count; ++row) {
    const std::int64_t last = (steps_ * pass.batch + row) * units_;
    float* const to = v.output + row * output_size() + sequence_size();
    std::copy_n(outputs_.data() + last, units_, to);
    if (second != nullptr) std::copy_n(second + last, units_, to + units_);
  }
}

void RecurrentLayer::begin_state_gradients(const LayerGradients& g, Rows rows) {
  float* const second = second_state_gradient();
  for (std::int64_t row = rows.first; row < rows.first + rows.count; ++row) {
    float* const first = output_gradient_.data() + row * units_;
    if (!sequence_.return_state) {
      std::fill_n(first, units_, 0.0F);
      if (second != nullptr) std::fill_n(second + row * units_, units_, 0.0F);
      continue;
    }
    const float* const from = g.output_gradient + row * output_size() + sequence_size();
    std::copy_n(from, units_, first);
    if (second != nullptr) std::copy_n(from + units_, units_, second + row * units_);
  }
}

void RecurrentLayer::write_state_gradients(const LayerGradients& g, Rows rows) {
  if (g.inputs.size() == 1) return;
  const std::int64_t first = rows.first * units_, n = rows.count * units_;
  if (g.input_gradients[1] != nullptr)
    std::copy_n(output_gradient_.data() + first, n, g.input_gradients[1] + first);
  if (const float* const second = second_state_gradient();
      second != nullptr && g.input_gradients[2] != nullptr)
    std::copy_n(second + first, n, g.input_gradients[2] + first);
}

}  // namespace kairos::host
