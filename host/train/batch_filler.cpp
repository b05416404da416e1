// SPDX-License-Identifier: MIT
// Samples in the order of the file, from anywhere in it, or drawn from a window that slides over it.
#include "train/batch_filler.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/available_memory.hpp"
#include "base/input_file.hpp"
#include "kairos/host/error.hpp"
#include "train/pass_random.hpp"

namespace kairos::host {

namespace {

constexpr std::int64_t rows_staged = 256;

/// Rows of a table are found by reading lines before them: it is quicker to read over a few than to begin
/// anew.
constexpr std::int64_t lines_read_over = 7;

/// Calls `action` for each array of `one`.
template <class Data, class Action>
void each_array(Data& one, const Action& action) {
  for (auto& named : one.inputs) action(named.array);
  for (auto& named : one.targets) action(named.array);
  for (auto& named : one.sample_weights) action(named.array);
}

Dataset with_room(const Dataset& layout, std::int64_t rows) {
  Dataset block = layout;
  each_array(block, [&](Array& array) {
    array.shape.front() = rows;
    array.values.resize(static_cast<std::size_t>(rows * array.row_size()));
  });
  return block;
}

/// The arrays keep their room.
void set_rows(Dataset& block, std::int64_t rows) {
  each_array(block, [&](Array& array) {
    array.shape.front() = rows;
    array.values.resize(static_cast<std::size_t>(rows * array.row_size()));
  });
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

BatchFiller::BatchFiller(const Model& model, const SampleSource& source, StreamedRange range)
    : model_(model), source_(source), range_(std::move(range)), reader_(source.reader()) {
  require_memory_for(1);
  staging_ = with_room(source.layout(), 1);
  if (!range_.rows.rows.empty()) run_ = with_room(source.layout(), rows_at_once());
}

StreamedBatch BatchFiller::make_batch() const {
  StreamedBatch batch;
  batch.block = with_room(source_.layout(), range_.batch_size);
  batch.rows.reserve(static_cast<std::size_t>(range_.batch_size));
  return batch;
}

/// Of a list of rows: as many as are read together.
std::int64_t BatchFiller::rows_at_once() const {
  return range_.rows.rows.empty() ? 0 : 2 * std::min(range_.batch_size, range_.rows.size());
}

void BatchFiller::require_memory_for(std::int64_t batches) const {
  const std::int64_t window = std::min(range_.shuffle_window, range_.rows.size());
  std::int64_t samples = 0, bytes = 0;
  if (__builtin_mul_overflow(batches, range_.batch_size, &samples) ||
      __builtin_add_overflow(samples, window + rows_at_once(), &samples) ||
      __builtin_mul_overflow(samples, std::max<std::int64_t>(0, sample_bytes()), &bytes))
    bytes = std::numeric_limits<std::int64_t>::max();
  require_memory(source_.layout().origin, static_cast<std::uint64_t>(bytes),
                 {.cure = "Choose a smaller shuffle window, buffer or batch"});
}

std::int64_t BatchFiller::sample_bytes() const {
  std::int64_t values = 0;
  each_array(source_.layout(), [&](const Array& array) { values += array.row_size(); });
  return values * static_cast<std::int64_t>(sizeof(float));
}

std::int64_t BatchFiller::held_bytes() const {
  std::int64_t values = 0;
  const auto count = [&](const Array& array) {
    values += static_cast<std::int64_t>(array.values.capacity());
  };
  each_array(staging_, count);
  each_array(window_, count);
  each_array(run_, count);
  return values * static_cast<std::int64_t>(sizeof(float)) +
         static_cast<std::int64_t>((order_.capacity() + window_rows_.capacity()) * sizeof(std::int64_t));
}

void BatchFiller::begin(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) {
  shuffle_ = shuffle;
  const std::int64_t samples = range_.rows.size();
  const bool windowed = shuffle == Shuffle::Samples && range_.shuffle_window > 0;
  if (shuffle == Shuffle::None) order_.clear();
  if (shuffle != Shuffle::None && !windowed)
    order_ = sample_order(shuffle, samples, range_.batch_size, seed, pass);
  if (!windowed) return;
  random_ = pass_random(seed, pass);
  const std::int64_t width = std::min(range_.shuffle_window, samples);
  if (window_rows_.empty()) {
    window_ = with_room(source_.layout(), width);
    window_rows_.resize(static_cast<std::size_t>(width));
    staging_ = with_room(source_.layout(), std::min(rows_staged, samples));
  }
  next_ = staged_begin_ = staged_end_ = 0;
  in_window_ = 0;
  for (std::int64_t slot = 0; slot < width; ++slot) slide_window(slot);
}

/// Rows of the source that follow one another.
void BatchFiller::read_rows(std::int64_t row, std::int64_t count, Dataset& into) {
  unless_changed(*reader_, [&] { reader_->read(row, count, into); });
}

/// The rows at positions from `first` on.
void BatchFiller::read(std::int64_t first, std::int64_t count, Dataset& into) {
  if (!range_.rows.rows.empty()) return read_listed(first, count, into);
  set_rows(into, count);
  read_rows(range_.rows.at(first), count, into);
  into.first_row = source_.layout().first_row + range_.rows.at(first);
}

void BatchFiller::read_listed(std::int64_t first, std::int64_t count, Dataset& into) {
  set_rows(into, count);
  const std::int64_t over = source_.layout().row_naming == RowNaming::Line ? lines_read_over : 0;
  for (std::int64_t i = 0, next = 0; i < count; i = next) {
    const std::int64_t row = range_.rows.at(first + i);
    std::int64_t last = row;
    for (next = i + 1; next < count; ++next) {
      const std::int64_t candidate = range_.rows.at(first + next);
      if (candidate > last + 1 + over || candidate >= row + rows_at_once()) break;
      last = candidate;
    }
    set_rows(run_, last - row + 1);
    read_rows(row, last - row + 1, run_);
    for (; i < next; ++i) copy_row(run_, range_.rows.at(first + i) - row, into, i);
  }
}

/// A batch of rows that follow one another in the range; where they do not in the file, the batch has them.
void BatchFiller::read_in_order(StreamedBatch& into, std::int64_t first, std::int64_t count) {
  read(first, count, into.block);
  if (range_.rows.rows.empty()) return;
  for (std::int64_t i = 0; i < count; ++i) into.rows.push_back(range_.rows.at(first + i));
}

/// Puts the next sample of the file into a slot of the window whose sample was taken; at the end of the file,
/// the last sample of the window.
void BatchFiller::slide_window(std::int64_t slot) {
  if (next_ == range_.rows.size()) {
    --in_window_;
    if (slot == in_window_) return;
    copy_row(window_, in_window_, window_, slot);
    window_rows_[static_cast<std::size_t>(slot)] = window_rows_[static_cast<std::size_t>(in_window_)];
    return;
  }
  if (next_ == staged_end_) {
    staged_begin_ = next_;
    staged_end_ = std::min(next_ + rows_staged, range_.rows.size());
    read(staged_begin_, staged_end_ - staged_begin_, staging_);
  }
  copy_row(staging_, next_ - staged_begin_, window_, slot);
  window_rows_[static_cast<std::size_t>(slot)] = range_.rows.at(next_++);
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
  const std::int64_t samples = range_.rows.size();
  const std::int64_t first = index * range_.batch_size;
  const std::int64_t count = std::min(range_.batch_size, samples - first);
  into.rows.clear();
  if (shuffle_ == Shuffle::None) {
    read_in_order(into, first, count);
  } else if (shuffle_ == Shuffle::Batches) {
    read_in_order(into, order_[static_cast<std::size_t>(first)], count);
  } else if (range_.shuffle_window > 0) {
    draw(into, count);
  } else {
    set_rows(into.block, count);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t position = order_[static_cast<std::size_t>(first + i)];
      read(position, 1, staging_);
      copy_row(staging_, 0, into.block, i);
      into.rows.push_back(range_.rows.at(position));
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
  const Columns columns = match_columns(model_, batch.block, range_.targets);
  batch.weights.clear();
  if (range_.targets == Targets::Needed)
    batch.weights = combined_weights(model_, batch.block, columns, range_.class_weight,
                                     RowSet{0, range_.class_weight.empty() ? 0 : batch.block.size(), {}});
  batch.batch.size = batch.block.size();
  batch.batch.inputs.clear();
  batch.batch.targets.clear();
  batch.batch.weights.clear();
  for (const Array* array : columns.inputs) batch.batch.inputs.push_back(array->values.data());
  for (const Array* array : columns.targets) batch.batch.targets.push_back(array->values.data());
  for (const Array& array : batch.weights)
    batch.batch.weights.push_back({array.values.data(), array.row_size()});
}

/// Says again what is wrong with a batch, with the place of the sample in the file.
void BatchFiller::refuse_sample(const StreamedBatch& batch) const {
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    StreamedBatch alone;
    alone.block = batch.block.rows(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i) + 1);
    alone.block.first_row = source_.layout().first_row + batch.rows[i];
    prepare(alone);
  }
  throw;  // What is wrong is wrong with no sample alone: the error that is being handled.
}

void check_first_batch(const Model& model, const SampleSource& source, std::int64_t batch_size,
                       Targets targets) {
  StreamedRange range;
  range.rows.end = range.batch_size = std::min(source.layout().size(), batch_size);
  range.targets = targets;
  BatchFiller filler(model, source, range);
  StreamedBatch batch = filler.make_batch();
  filler.begin(Shuffle::None, 0, 0);
  filler.fill(batch, 0);
}

}  // namespace kairos::host
