// SPDX-License-Identifier: MIT
// One mutex, two conditions: the loop wants a batch, the thread has one ready.
#include "train/streamed_batches.hpp"

#include <algorithm>

#include "train/denormals.hpp"

namespace kairos::host {

namespace {

std::size_t ring_size(const BatchFiller& filler, const StreamedRange& range, const StreamOptions& options) {
  const std::int64_t samples = range.rows.size();
  const std::int64_t batch = std::max<std::int64_t>(1, filler.sample_bytes() * range.batch_size);
  const std::int64_t batches = (samples + range.batch_size - 1) / range.batch_size;
  constexpr std::int64_t least = 2;  // one in use, one being read
  return static_cast<std::size_t>(std::max(least, std::min(options.buffer_bytes / batch, batches + 1)));
}

StreamedRange bounded(StreamedRange range) {
  range.batch_size = std::min(range.batch_size, range.rows.size());
  return range;
}

}  // namespace

StreamedBatches::StreamedBatches(const Model& model, const SampleSource& source, const StreamedRange& range,
                                 const StreamOptions& options)
    : BatchSource(range.rows.size(), range.batch_size), filler_(model, source, bounded(range)) {
  filler_.require_memory_for(static_cast<std::int64_t>(ring_size(filler_, bounded(range), options)));
  ring_.resize(ring_size(filler_, bounded(range), options));
  for (StreamedBatch& batch : ring_) batch = filler_.make_batch();
  thread_ = std::thread([this] { run(); });
}

StreamedBatches::~StreamedBatches() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wanted_.notify_all();
  thread_.join();
}

void StreamedBatches::reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) {
  begin({shuffle, seed, pass});
}

void StreamedBatches::begin(const Pass& pass) {
  {
    const std::lock_guard lock(mutex_);
    ++generation_;  // What the thread is reading of an old pass is dropped when it is done.
    pass_ = pass;
    taken_ = filled_ = 0;
    fault_ = nullptr;
  }
  last_asked_ = -1;
  wanted_.notify_all();
}

const Batch& StreamedBatches::at(std::int64_t index) {
  if (generation_ == 0 || (index == 0 && last_asked_ >= 0)) begin(pass_);
  last_asked_ = index;
  std::unique_lock lock(mutex_);
  taken_ = index;
  wanted_.notify_all();
  ready_.wait(lock, [&] { return filled_ > index || fault_ != nullptr; });
  if (filled_ <= index) std::rethrow_exception(fault_);
  return ring_[static_cast<std::size_t>(index) % ring_.size()].batch;
}

std::int64_t StreamedBatches::buffer_bytes() const {
  std::unique_lock lock(mutex_);
  std::int64_t bytes = filler_.held_bytes();
  const auto add = [&](const Array& array) {
    bytes += static_cast<std::int64_t>(array.values.capacity() * sizeof(float));
  };
  for (const StreamedBatch& batch : ring_) {
    for (const NamedArray& named : batch.block.inputs) add(named.array);
    for (const NamedArray& named : batch.block.targets) add(named.array);
    for (const NamedArray& named : batch.block.sample_weights) add(named.array);
    for (const Array& array : batch.weights) add(array);
  }
  return bytes;
}

void StreamedBatches::run() {
  // What is read has to be what `load_data` reads; the loop's thread may have set this one to flush
  // denormals.
  const KeepDenormals keep;
  std::unique_lock lock(mutex_);
  std::int64_t done = 0;
  while (true) {
    wanted_.wait(lock, [&] { return ending_ || generation_ != done; });
    if (ending_) return;
    done = generation_;
    read_pass(lock);
  }
}

/// Reads the batches of a pass until all are read, one fails, or another pass begins.
void StreamedBatches::read_pass(std::unique_lock<std::mutex>& lock) {
  const std::int64_t generation = generation_;
  const auto left = [&] { return ending_ || generation_ != generation; };
  // Runs `work` without the lock; false if it failed, or if the pass was left meanwhile.
  const auto unlocked = [&](const auto& work) {
    lock.unlock();
    std::exception_ptr fault;
    try {
      work();
    } catch (...) {
      fault = std::current_exception();
    }
    lock.lock();
    if (!left()) fault_ = fault;
    ready_.notify_all();
    return !left() && !fault;
  };
  const Pass pass = pass_;
  if (!unlocked([&] { filler_.begin(pass.shuffle, pass.seed, pass.number); })) return;
  for (std::int64_t index = 0; index < count(); ++index) {
    wanted_.wait(lock, [&] { return left() || index < taken_ + static_cast<std::int64_t>(ring_.size()); });
    if (left()) return;
    StreamedBatch& into = ring_[static_cast<std::size_t>(index) % ring_.size()];
    if (!unlocked([&] { filler_.fill(into, index); })) return;
    filled_ = index + 1;
    ready_.notify_all();
  }
}

}  // namespace kairos::host
