// SPDX-License-Identifier: MIT
// The update steps of a model: of one batch or of several, without the weights that callbacks have frozen.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "nn/compiled_model.hpp"

namespace kairos::host {

void CompiledModel::set_iterations(std::int64_t iterations) {
  optimizer_->set_iterations(iterations);
  batch_number_ = iterations;
}

CompiledModel::Divisor CompiledModel::divisor_of(std::size_t head) const {
  if (heads_[head].reduction() == LossReduction::Sum) return Divisor::Nothing;
  const bool own = heads_[head].reduction() == LossReduction::MeanWithSampleWeight ||
                   heads_[head].ignores_rows() || graph_->masks_output(output_losses_[head].output);
  return own ? Divisor::Own : Divisor::Samples;
}

std::string CompiledModel::accumulation_fault() const {
  constexpr const char* names[] = {"nothing", "its samples", "its own mask or weights"};
  for (const Head& head : heads_)
    if (head.loss().couples_samples())
      return fmt::format(
          "the gradient of a large batch is not the sum of those of small ones: the loss {} of output \"{}\" "
          "is one value of a whole batch; expected a loss of single samples, such as {}(axis=…) over the "
          "axes "
          "of a sample",
          head.loss().name(), head.target().name, head.loss().name());
  std::string all;
  bool alike = true;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    const Divisor divisor = divisor_of(i);
    alike = alike && divisor == divisor_of(0) && (divisor != Divisor::Own || heads_.size() == 1);
    all += fmt::format("{}output \"{}\" divides its loss by {}", i == 0 ? "" : ", ", targets_[i].name,
                       names[static_cast<int>(divisor)]);
  }
  if (!heads_.empty() && graph_->penalizes_outputs()) {
    alike = alike && divisor_of(0) == Divisor::Samples;
    all += ", activity penalties are divided by the samples";
  }
  if (alike) return "";
  return "the gradient of a large batch is not the sum of those of small ones: " + all +
         "; expected one divisor for all, such as loss reduction sum_over_batch_size without masks";
}

GradientShare CompiledModel::gradient_share(const Batch& batch) const {
  switch (divisor_of(0)) {
    case Divisor::Nothing:
      return {1, group_.is_open() ? 0.0 : 1.0};
    case Divisor::Own:
      if (ranks_ != nullptr)
        return {output_losses_.front().whole_divisor, output_losses_.front().whole_divisor};
      return {heads_.front().divisor(), heads_.front().divisor()};
    case Divisor::Samples:
      break;
  }
  return {static_cast<double>(whole_size(batch)), static_cast<double>(whole_size(batch))};
}

/// Penalties are added once, and not to the gradients of frozen weights.
void CompiledModel::make_step(GradientObserver* observer) {
  for (Parameter* parameter : frozen_) std::fill_n(parameter->gradient.data(), parameter->size(), 0.0F);
  for (Parameter* parameter : trained_)
    if (!parameter->frozen)
      parameter->regularizer.add_gradient(parameter->size(), parameter->values.data(),
                                          parameter->gradient.data());
  discarded_ = false;
  if (observer != nullptr) observer->gradients_ready();
  if (!discarded_) optimizer_->step();
}

void CompiledModel::freeze(std::size_t weight, bool frozen) {
  parameters_[weight]->frozen = frozen;
  frozen_.clear();
  std::copy_if(trained_.begin(), trained_.end(), std::back_inserter(frozen_),
               [](const Parameter* parameter) { return parameter->frozen; });
  graph_->share_frozen();
}

void CompiledModel::scale_rate(std::size_t weight, double factor) {
  const auto found = std::find(trained_.begin(), trained_.end(), parameters_[weight]);
  if (found != trained_.end())
    optimizer_->scale_rate(static_cast<std::size_t>(found - trained_.begin()), factor);
}

}  // namespace kairos::host
