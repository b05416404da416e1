// SPDX-License-Identifier: MIT
// Training on several ranks: each has a part of a batch, and all take the same step.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "kairos/host/error.hpp"
#include "kairos/host/ranks.hpp"
#include "nn/compiled_model.hpp"

namespace kairos::host {

void CompiledModel::use_ranks(Ranks* ranks) {
  if (ranks != nullptr && graph_->penalizes_outputs())
    throw Error(ErrorKind::Model,
                {"KAIROS-M143", "model", "it cannot be trained on several ranks", "an activity_regularizer",
                 "penalties of weights alone (kernel_regularizer and others)",
                 "Leave the activity_regularizer out, or train in one process"});
  for (const Head& head : heads_)
    if (ranks != nullptr && head.loss().couples_samples())
      throw Error(ErrorKind::Model,
                  {"KAIROS-M143", "model", "it cannot be trained on several ranks",
                   "the loss " + std::string(head.loss().name()) + ", one value of a whole batch",
                   "a loss of single samples",
                   "Give the loss the axes of a sample, such as axis=(1,2,3), or train in one process"});
  for (const Head& head : heads_)
    if (ranks != nullptr && head.coupling_metric() != nullptr)
      throw Error(ErrorKind::Model,
                  {"KAIROS-M143", "model", "it cannot be trained on several ranks",
                   "the metric " + *head.coupling_metric() + ", one value of a whole batch",
                   "metrics of single samples",
                   "Give the metric the axes of a sample, such as axis=(1,2,3), or train in one process"});
  if (ranks != nullptr && !exchange_.is_built()) exchange_.build(trained_);
  ranks_ = ranks;
  for (OutputLoss& output_loss : output_losses_) output_loss.share = 1;
}

/// Other numbers than those of another rank, and the same ones in each run.
std::uint64_t CompiledModel::draw_number() const {
  constexpr int most_batches = 40;  // as a power of two
  const auto rank = static_cast<std::uint64_t>(ranks_ == nullptr ? 0 : ranks_->rank());
  return static_cast<std::uint64_t>(batch_number_) + (rank << most_batches);
}

/// A loss is divided by what all ranks have together: their samples, timesteps or weights.
void CompiledModel::find_shares(const Batch& batch) {
  if (ranks_ == nullptr) return;
  shared_numbers_.clear();
  for (std::size_t i = 0; i < heads_.size(); ++i)
    if (divisor_of(i) == Divisor::Own) shared_numbers_.push_back(batch.is_spare ? 0 : heads_[i].divisor());
  ranks_->reduce(Reduction::Sum, shared_numbers_);
  std::size_t next = 0;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    OutputLoss& output_loss = output_losses_[i];
    if (batch.is_spare) output_loss.loss = 0;
    switch (divisor_of(i)) {
      case Divisor::Nothing:
        output_loss.share = batch.is_spare ? 0 : 1;
        break;
      case Divisor::Samples:
        output_loss.share = share_of(batch);
        break;
      case Divisor::Own:
        output_loss.whole_divisor = shared_numbers_[next++];
        output_loss.share = batch.is_spare || output_loss.whole_divisor == 0
                                ? 0
                                : heads_[i].divisor() / output_loss.whole_divisor;
        break;
    }
  }
}

void CompiledModel::share_gradients(const Batch& batch) {
  if (batch.is_spare)
    for (Parameter* parameter : trained_) std::fill_n(parameter->gradient.data(), parameter->size(), 0.0F);
  exchange_.sum(*ranks_);
  average_state(batch);
  ranks_->batch_trained();
}

/// As Keras' MirroredStrategy: moving averages become the mean of those of the ranks that had samples. In
/// double precision the mean of equal values is that value.
void CompiledModel::average_state(const Batch& batch) {
  if (buffers_.empty()) return;
  shared_numbers_.assign(1, batch.is_spare ? 0 : 1);
  for (const TensorRef& buffer : buffers_)
    for (std::int64_t i = 0; i < buffer.size(); ++i)
      shared_numbers_.push_back(batch.is_spare ? 0 : static_cast<double>(buffer.data[i]));
  ranks_->reduce(Reduction::Sum, shared_numbers_);
  std::size_t next = 1;
  for (const TensorRef& buffer : buffers_)
    for (std::int64_t i = 0; i < buffer.size(); ++i)
      buffer.data[i] = static_cast<float>(shared_numbers_[next++] / shared_numbers_.front());
}

void CompiledModel::with_all_sums(const std::function<void()>& work) {
  if (ranks_ == nullptr) return work();
  const std::int64_t own_samples = samples_;
  own_sums_.clear();
  visit_sums([&](std::span<double> sums) { own_sums_.insert(own_sums_.end(), sums.begin(), sums.end()); });
  for (Head& head : heads_)
    head.align_sums([&](std::span<double> numbers) { ranks_->reduce(Reduction::Sum, numbers); });
  all_sums_.assign(1, static_cast<double>(samples_));
  visit_sums([&](std::span<double> sums) { all_sums_.insert(all_sums_.end(), sums.begin(), sums.end()); });
  ranks_->reduce(Reduction::Sum, all_sums_);
  const auto put = [this](const double* from) {
    visit_sums([&](std::span<double> sums) {
      std::copy_n(from, sums.size(), sums.begin());
      from += sums.size();
    });
  };
  samples_ = static_cast<std::int64_t>(all_sums_.front());
  put(all_sums_.data() + 1);
  work();
  samples_ = own_samples;
  put(own_sums_.data());
}

void CompiledModel::read_logs(std::span<double> values) {
  with_all_sums([&] { write_logs(values); });
}

}  // namespace kairos::host
