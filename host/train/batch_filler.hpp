// SPDX-License-Identifier: MIT
// Reads the batches of a streamed pass, one after another.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "kairos/host/stream.hpp"
#include "train/batches.hpp"

namespace kairos::host {

/// A batch that owns what it points to.
struct StreamedBatch {
  Dataset block;
  std::vector<std::int64_t> rows;  ///< of the source, one per sample; empty if they are consecutive
  std::int64_t first_row = 0;      ///< of the source, if they are consecutive
  std::vector<Array> weights;
  Batch batch;
};

/// Fills batches with the values that `load_data`, `match_columns` and `combined_weights` give their samples,
/// and throws the same errors. For one thread; borrows model and source, and calls only their const
/// functions.
class BatchFiller {
 public:
  BatchFiller(const Model& model, const SampleSource& source, BatchPlan plan);

  /// Begins a pass in the order of StreamOptions.
  void begin(Shuffle shuffle, std::uint64_t seed, std::int64_t pass);

  /// Fills batch `index`; call it with 0, 1, … in each pass. After the first batch, only weights and labels
  /// allocate.
  void fill(StreamedBatch& into, std::int64_t index);

  /// A batch with room for its samples.
  [[nodiscard]] StreamedBatch make_batch() const;
  /// Throws Error(Data) if memory is too small for `batches` batches and the window.
  void require_memory_for(std::int64_t batches) const;
  [[nodiscard]] const BatchPlan& plan() const noexcept { return plan_; }
  /// Bytes of the values of one sample.
  [[nodiscard]] std::int64_t sample_bytes() const;
  /// Bytes of values held in addition to batches.
  [[nodiscard]] std::int64_t held_bytes() const;

 private:
  [[nodiscard]] std::int64_t rows_at_once() const;
  void read_rows(std::int64_t row, std::int64_t count, Dataset& into);
  void read(std::int64_t first, std::int64_t count, Dataset& into);
  void read_listed(std::int64_t first, std::int64_t count, Dataset& into);
  void read_in_order(StreamedBatch& into, std::int64_t first, std::int64_t count);
  void draw(StreamedBatch& into, std::int64_t count);
  void slide_window(std::int64_t slot);
  void prepare(StreamedBatch& batch) const;
  [[noreturn]] void refuse_sample(const StreamedBatch& batch) const;

  const Model& model_;
  const SampleSource& source_;
  BatchPlan plan_;
  std::unique_ptr<SampleReader> reader_;
  Shuffle shuffle_ = Shuffle::None;
  std::vector<std::int64_t> order_;  ///< Shuffle::Samples without a window, Shuffle::Batches
  std::mt19937_64 random_;
  Dataset staging_;  ///< rows on their way from file to window, or a single row
  Dataset run_;      ///< consecutive rows that contain rows of a list
  Dataset window_;
  std::vector<std::int64_t> window_rows_;  ///< of the source
  /// `in_window_` is the number of samples in the window, the others are positions in plan_.rows.
  std::int64_t in_window_ = 0, next_ = 0, staged_begin_ = 0, staged_end_ = 0;
};

/// Reads and checks the first batch, to find errors that all samples share before training. Throws as `fill`.
void check_first_batch(const Model& model, const SampleSource& source, std::int64_t batch_size,
                       Targets targets);

}  // namespace kairos::host
