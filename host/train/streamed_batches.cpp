// SPDX-License-Identifier: MIT
// One mutex and two conditions: the loop requests a batch, the thread has one ready.
#include "train/streamed_batches.hpp"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "train/denormals.hpp"
#include "train/sample_rows.hpp"

namespace kairos::host {

namespace {

/// For `batches` batches of `batch_size` samples.
std::size_t ring_size(const BatchFiller& filler, std::int64_t batches, std::int64_t batch_size,
                      const StreamOptions& options) {
  const std::int64_t batch = std::max<std::int64_t>(1, filler.sample_bytes() * batch_size);
  constexpr std::int64_t least = 2;  // one in use, one being read
  return static_cast<std::size_t>(std::max(least, std::min(options.buffer_bytes / batch, batches + 1)));
}

BatchPlan bounded(BatchPlan plan) {
  plan.batch_size = std::min(plan.batch_size, plan.rows.size());
  return plan;
}

}  // namespace

StreamedBatches::StreamedBatches(const Model& model, const SampleSource& source, BatchPlan plan,
                                 const StreamOptions& options)
    : BatchSource(plan.rows.size(), plan.batch_size),
      model_(model),
      source_(source),
      options_(options),
      filler_(model, source, bounded(std::move(plan))) {
  const std::size_t size = ring_size(filler_, count(), batch_size_, options);
  filler_.require_memory_for(static_cast<std::int64_t>(size));
  ring_.resize(size);
  for (StreamedBatch& batch : ring_) batch = filler_.make_batch();
  thread_ = std::thread([this] { run(); });
}

StreamedBatches::~StreamedBatches() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  requested_.notify_all();
  thread_.join();
}

std::unique_ptr<BatchSource> StreamedBatches::again(std::int64_t batch_size) const {
  BatchPlan plan = filler_.plan();
  plan.batch_size = batch_size;
  return std::make_unique<StreamedBatches>(model_, source_, std::move(plan), options_);
}

void StreamedBatches::reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) {
  begin({shuffle, seed, pass});
}

void StreamedBatches::begin(const Pass& pass) {
  {
    const std::lock_guard lock(mutex_);
    ++generation_;  // The thread drops the batch of an old pass that it is reading.
    pass_ = pass;
    taken_ = filled_ = 0;
    fault_ = nullptr;
  }
  last_requested_ = -1;
  requested_.notify_all();
}

const Batch& StreamedBatches::at(std::int64_t index) {
  if (generation_ == 0 || (index == 0 && last_requested_ >= 0)) begin(pass_);
  last_requested_ = index;
  std::unique_lock lock(mutex_);
  taken_ = index;
  requested_.notify_all();
  ready_.wait(lock, [&] { return filled_ > index || fault_ != nullptr; });
  if (filled_ <= index) std::rethrow_exception(fault_);
  return ring_[static_cast<std::size_t>(index) % ring_.size()].batch;
}

void StreamedBatches::rows_of_last(std::span<std::int64_t> into) const {
  const StreamedBatch& last = ring_[static_cast<std::size_t>(last_requested_) % ring_.size()];
  if (last.rows.empty())
    std::iota(into.begin(), into.end(), last.first_row);
  else
    std::copy_n(last.rows.begin(), into.size(), into.begin());
}

std::int64_t StreamedBatches::buffer_bytes() const {
  std::unique_lock lock(mutex_);
  std::int64_t bytes = filler_.held_bytes();
  for (const StreamedBatch& batch : ring_) {
    bytes += allocated_bytes(batch.block);
    for (const Array& array : batch.weights) bytes += allocated_bytes(array);
  }
  return bytes;
}

void StreamedBatches::run() {
  // Values must equal those that `load_data` reads, and this thread may have inherited the mode that flushes
  // denormals.
  const KeepDenormals keep;
  std::unique_lock lock(mutex_);
  std::int64_t done = 0;
  while (true) {
    requested_.wait(lock, [&] { return ending_ || generation_ != done; });
    if (ending_) return;
    done = generation_;
    read_pass(lock);
  }
}

/// Reads the batches of a pass until all are read, one fails, or the pass is abandoned for another one.
void StreamedBatches::read_pass(std::unique_lock<std::mutex>& lock) {
  const std::int64_t generation = generation_;
  const auto abandoned = [&] { return ending_ || generation_ != generation; };
  // Runs `work` without the lock; false if it failed, or if the pass was abandoned meanwhile.
  const auto unlocked = [&](const auto& work) {
    lock.unlock();
    std::exception_ptr fault;
    try {
      work();
    } catch (...) {
      fault = std::current_exception();
    }
    lock.lock();
    if (!abandoned()) fault_ = fault;
    ready_.notify_all();
    return !abandoned() && !fault;
  };
  const Pass pass = pass_;
  if (!unlocked([&] { filler_.begin(pass.shuffle, pass.seed, pass.number); })) return;
  for (std::int64_t index = 0; index < count(); ++index) {
    requested_.wait(lock,
                    [&] { return abandoned() || index < taken_ + static_cast<std::int64_t>(ring_.size()); });
    if (abandoned()) return;
    StreamedBatch& into = ring_[static_cast<std::size_t>(index) % ring_.size()];
    if (!unlocked([&] { filler_.fill(into, index); })) return;
    filled_ = index + 1;
    ready_.notify_all();
  }
}

}  // namespace kairos::host
