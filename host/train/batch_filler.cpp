// SPDX-License-Identifier: MIT
// Reads samples in the order of the file, at random positions, or drawn from a window that slides over it.
#include "train/batch_filler.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/available_memory.hpp"
#include "base/input_file.hpp"
#include "kairos/host/error.hpp"
#include "train/pass_random.hpp"
#include "train/prepare.hpp"
#include "train/sample_rows.hpp"

namespace kairos::host {

namespace {

constexpr std::int64_t rows_staged = 256;

/// Finding a row of a table requires reading the lines before it, so reading a few unneeded lines is faster
/// than a new search.
constexpr std::int64_t most_unneeded_lines = 7;

Dataset with_room(const Dataset& layout, std::int64_t rows) {
  Dataset block = layout;
  set_rows(block, rows);
  return block;
}

void copy_rows(const std::vector<NamedArray>& from, std::int64_t row, std::vector<NamedArray>& to,
               std::int64_t to_row) {
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::int64_t size = from[i].array.row_size();
    std::copy_n(from[i].array.values.begin() + row * size, size, to[i].array.values.begin() + to_row * size);
  }
}

void copy_row(const Dataset& from, std::int64_t row, Dataset& to, std::int64_t to_row) {
  copy_rows(from.inputs, row, to.inputs, to_row);
  copy_rows(from.targets, row, to.targets, to_row);
  copy_rows(from.sample_weights, row, to.sample_weights, to_row);
}

}  // namespace

BatchFiller::BatchFiller(const Model& model, const SampleSource& source, BatchPlan plan)
    : model_(model), source_(source), plan_(std::move(plan)), reader_(source.reader()) {
  require_memory_for(1);
  staging_ = with_room(source.layout(), 1);
  if (!plan_.rows.rows.empty()) run_ = with_room(source.layout(), rows_at_once());
}

StreamedBatch BatchFiller::make_batch() const {
  StreamedBatch batch;
  batch.block = with_room(source_.layout(), plan_.batch_size);
  batch.rows.reserve(static_cast<std::size_t>(plan_.batch_size));
  return batch;
}

/// The most rows that are read together for a list of rows.
std::int64_t BatchFiller::rows_at_once() const {
  return plan_.rows.rows.empty() ? 0 : 2 * std::min(plan_.batch_size, plan_.rows.size());
}

void BatchFiller::require_memory_for(std::int64_t batches) const {
  const std::int64_t window = std::min(plan_.shuffle_window, plan_.rows.size());
  std::int64_t samples = 0, bytes = 0;
  if (__builtin_mul_overflow(batches, plan_.batch_size, &samples) ||
      __builtin_add_overflow(samples, window + rows_at_once(), &samples) ||
      __builtin_mul_overflow(samples, std::max<std::int64_t>(0, sample_bytes()), &bytes))
    bytes = std::numeric_limits<std::int64_t>::max();
  require_memory(source_.layout().origin, static_cast<std::uint64_t>(bytes),
                 {.cure = "Choose a smaller shuffle window, buffer or batch"});
}

std::int64_t BatchFiller::sample_bytes() const {
  const Dataset& layout = source_.layout();
  return static_cast<std::int64_t>(sizeof(float)) *
         (values_per_sample(layout.inputs) + values_per_sample(layout.targets) +
          values_per_sample(layout.sample_weights));
}

std::int64_t BatchFiller::held_bytes() const {
  return allocated_bytes(staging_) + allocated_bytes(window_) + allocated_bytes(run_) +
         static_cast<std::int64_t>((order_.capacity() + window_rows_.capacity()) * sizeof(std::int64_t));
}

void BatchFiller::begin(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) {
  shuffle_ = shuffle;
  const std::int64_t samples = plan_.rows.size();
  const bool windowed = shuffle == Shuffle::Samples && plan_.shuffle_window > 0;
  if (shuffle == Shuffle::None) order_.clear();
  if (shuffle != Shuffle::None && !windowed)
    order_ = sample_order(shuffle, samples, plan_.batch_size, seed, pass);
  if (!windowed) return;
  random_ = pass_random(seed, pass);
  const std::int64_t width = std::min(plan_.shuffle_window, samples);
  if (window_rows_.empty()) {
    window_ = with_room(source_.layout(), width);
    window_rows_.resize(static_cast<std::size_t>(width));
    staging_ = with_room(source_.layout(), std::min(rows_staged, samples));
  }
  next_ = staged_begin_ = staged_end_ = 0;
  in_window_ = 0;
  for (std::int64_t slot = 0; slot < width; ++slot) slide_window(slot);
}

/// Reads consecutive rows of the source.
void BatchFiller::read_rows(std::int64_t row, std::int64_t count, Dataset& into) {
  unless_changed(*reader_, [&] { reader_->read(row, count, into); });
}

/// Reads the rows at positions `first`, `first` + 1, … of the plan.
void BatchFiller::read(std::int64_t first, std::int64_t count, Dataset& into) {
  if (!plan_.rows.rows.empty()) return read_listed(first, count, into);
  set_rows(into, count);
  read_rows(plan_.rows.at(first), count, into);
  into.first_row = source_.layout().first_row + plan_.rows.at(first);
}

void BatchFiller::read_listed(std::int64_t first, std::int64_t count, Dataset& into) {
  set_rows(into, count);
  const std::int64_t unneeded = source_.layout().row_naming == RowNaming::Line ? most_unneeded_lines : 0;
  for (std::int64_t i = 0, next = 0; i < count; i = next) {
    const std::int64_t row = plan_.rows.at(first + i);
    std::int64_t last = row;
    for (next = i + 1; next < count; ++next) {
      const std::int64_t candidate = plan_.rows.at(first + next);
      if (candidate > last + 1 + unneeded || candidate >= row + rows_at_once()) break;
      last = candidate;
    }
    set_rows(run_, last - row + 1);
    read_rows(row, last - row + 1, run_);
    for (; i < next; ++i) copy_row(run_, plan_.rows.at(first + i) - row, into, i);
  }
}

/// Fills a batch with rows that are consecutive in the plan, and records them if they are not in the file.
void BatchFiller::read_in_order(StreamedBatch& into, std::int64_t first, std::int64_t count) {
  read(first, count, into.block);
  into.first_row = plan_.rows.at(first);
  if (plan_.rows.rows.empty()) return;
  for (std::int64_t i = 0; i < count; ++i) into.rows.push_back(plan_.rows.at(first + i));
}

/// Refills the slot of a sample that was drawn with the next sample of the file or, at the end of the file,
/// with the last sample of the window.
void BatchFiller::slide_window(std::int64_t slot) {
  if (next_ == plan_.rows.size()) {
    --in_window_;
    if (slot == in_window_) return;
    copy_row(window_, in_window_, window_, slot);
    window_rows_[static_cast<std::size_t>(slot)] = window_rows_[static_cast<std::size_t>(in_window_)];
    return;
  }
  if (next_ == staged_end_) {
    staged_begin_ = next_;
    staged_end_ = std::min(next_ + rows_staged, plan_.rows.size());
    read(staged_begin_, staged_end_ - staged_begin_, staging_);
  }
  copy_row(staging_, next_ - staged_begin_, window_, slot);
  window_rows_[static_cast<std::size_t>(slot)] = plan_.rows.at(next_++);
  in_window_ = std::max(in_window_, slot + 1);
}

void BatchFiller::draw(StreamedBatch& into, std::int64_t count) {
  set_rows(into.block, count);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto slot = static_cast<std::int64_t>(below(random_, static_cast<std::uint64_t>(in_window_)));
    copy_row(window_, slot, into.block, i);
    into.rows.push_back(window_rows_[static_cast<std::size_t>(slot)]);
    slide_window(slot);
  }
}

void BatchFiller::fill(StreamedBatch& into, std::int64_t index) {
  const std::int64_t samples = plan_.rows.size();
  const std::int64_t first = index * plan_.batch_size;
  const std::int64_t count = std::min(plan_.batch_size, samples - first);
  into.rows.clear();
  if (shuffle_ == Shuffle::None) {
    read_in_order(into, first, count);
  } else if (shuffle_ == Shuffle::Batches) {
    read_in_order(into, order_[static_cast<std::size_t>(first)], count);
  } else if (plan_.shuffle_window > 0) {
    draw(into, count);
  } else {
    set_rows(into.block, count);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t position = order_[static_cast<std::size_t>(first + i)];
      read(position, 1, staging_);
      copy_row(staging_, 0, into.block, i);
      into.rows.push_back(plan_.rows.at(position));
    }
  }
  reader_->check_unchanged();
  try {
    prepare(into);
  } catch (const Error&) {
    if (!into.rows.empty()) refuse_sample(into);
    throw;
  }
}

void BatchFiller::prepare(StreamedBatch& batch) const {
  batch.block.check();
  const Columns columns = match_columns(model_, batch.block, plan_.targets);
  batch.weights.clear();
  if (plan_.targets == Targets::Needed)
    batch.weights = combined_weights(model_, batch.block, columns, plan_.class_weight,
                                     RowSet{0, plan_.class_weight.empty() ? 0 : batch.block.size(), {}});
  batch.batch.size = batch.block.size();
  batch.batch.inputs.clear();
  batch.batch.targets.clear();
  batch.batch.weights.clear();
  for (const Array* array : columns.inputs) batch.batch.inputs.push_back(array->values.data());
  for (const Array* array : columns.targets) batch.batch.targets.push_back(array->values.data());
  for (const Array& array : batch.weights)
    batch.batch.weights.push_back({array.values.data(), array.row_size()});
}

/// Throws the error of a batch again, with the position of the sample in the file.
void BatchFiller::refuse_sample(const StreamedBatch& batch) const {
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    StreamedBatch alone;
    alone.block = batch.block.rows(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i) + 1);
    alone.block.first_row = source_.layout().first_row + batch.rows[i];
    prepare(alone);
  }
  throw;  // No sample fails alone: rethrow the error that is being handled.
}

void check_first_batch(const Model& model, const SampleSource& source, std::int64_t batch_size,
                       Targets targets) {
  const std::int64_t samples = std::min(source.layout().size(), batch_size);
  BatchFiller filler(model, source, {{0, samples, {}}, samples, targets, {}, 0});
  StreamedBatch batch = filler.make_batch();
  filler.begin(Shuffle::None, 0, 0);
  filler.fill(batch, 0);
}

}  // namespace kairos::host
