// SPDX-License-Identifier: MIT
// Reads the batches of a streamed pass, one after another.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "kairos/host/stream.hpp"
#include "train/batches.hpp"
#include "train/prepare.hpp"

namespace kairos::host {

/// A batch that owns what it points to.
struct StreamedBatch {
  Dataset block;
  std::vector<std::int64_t>
      rows;  ///< of the source, one for each sample, where they do not follow each other
  std::vector<Array> weights;
  Batch batch;
};

/// Which samples of a source make a pass, and how.
struct StreamedRange {
  RowSet rows;
  std::int64_t batch_size = 32;
  Targets targets = Targets::Needed;
  std::map<std::int64_t, double> class_weight;
  std::int64_t shuffle_window = 0;
};

/// Fills batches with what `load_data`, `match_columns` and `combined_weights` would make of their samples,
/// and with the same errors. Used by one thread; borrows model and source, of which it calls const functions
/// only.
class BatchFiller {
 public:
  BatchFiller(const Model& model, const SampleSource& source, StreamedRange range);

  /// Begins a pass in the order that StreamOptions describes.
  void begin(Shuffle shuffle, std::uint64_t seed, std::int64_t pass);

  /// Fills batch `index`; from 0 on, one after another. Allocates nothing once a batch was filled, but for
  /// what weights and labels take.
  void fill(StreamedBatch& into, std::int64_t index);

  /// A batch with room for its samples.
  [[nodiscard]] StreamedBatch make_batch() const;
  /// Throws Error(Data) if the memory is too small for so many batches and the window.
  void require_memory_for(std::int64_t batches) const;
  /// Bytes of values that one sample has.
  [[nodiscard]] std::int64_t sample_bytes() const;
  /// Bytes of values that are held besides batches.
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
  StreamedRange range_;
  std::unique_ptr<SampleReader> reader_;
  Shuffle shuffle_ = Shuffle::None;
  std::vector<std::int64_t> order_;  ///< Shuffle::Samples without a window, Shuffle::Batches
  std::mt19937_64 random_;
  Dataset staging_;  ///< rows between file and window, or a single one
  Dataset run_;      ///< rows that follow one another, with those of a list among them
  Dataset window_;
  std::vector<std::int64_t> window_rows_;  ///< of the source
  /// Positions in range_.rows, but for the first.
  std::int64_t in_window_ = 0, next_ = 0, staged_begin_ = 0, staged_end_ = 0;
};

/// Reads and checks the first samples, to find what is wrong with all of them before anything trains.
void check_first_batch(const Model& model, const SampleSource& source, std::int64_t batch_size,
                       Targets targets);

}  // namespace kairos::host
