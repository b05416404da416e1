// SPDX-License-Identifier: MIT
// Data sets that are larger than memory: samples are read when they are needed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kairos/host/data.hpp"
#include "kairos/host/dataset.hpp"

namespace kairos::host {

/// Reads samples; for one thread at a time.
class SampleReader {
 public:
  virtual ~SampleReader() = default;

  /// Fills the arrays of `block` with `count` samples, starting at sample `first`. The block has the layout
  /// of `SampleSource::layout`, with room for `count` rows in `values`. Throws Error(Data) with file and line
  /// or row, or Error(File).
  virtual void read(std::int64_t first, std::int64_t count, Dataset& block) = 0;

  /// Called after the samples of a batch were read, and before any of them is used. Throws Error(File) if a
  /// file was modified since the source was opened, so that the samples may be neither the old ones nor the
  /// new.
  virtual void check_unchanged() {}

  /// Fills only the targets of `block` if that is much cheaper than reading the samples; otherwise reads
  /// nothing and returns false.
  virtual bool read_targets(std::int64_t first, std::int64_t count, Dataset& block) {
    (void)first;
    (void)count;
    (void)block;
    return false;
  }
};

/// Samples whose number and shapes are known, and whose values can be read in any order.
class SampleSource {
 public:
  virtual ~SampleSource() = default;

  /// The data set without its values: names, shapes (`shape.front()` is the number of samples), origin, class
  /// names. Valid for the lifetime of the source.
  [[nodiscard]] virtual const Dataset& layout() const = 0;

  /// A reader with its own position; several may read at the same time. It must not outlive the source.
  [[nodiscard]] virtual std::unique_ptr<SampleReader> reader() const = 0;

  /// Why samples in random order (Shuffle::Samples without a window) are slow to read, in one sentence; "" if
  /// they are not, or if every order is slow, which `Dataset::notes` of the layout reports.
  [[nodiscard]] virtual std::string slow_at_random() const { return ""; }
};

/// How much of a stream is held in memory.
struct StreamOptions {
  /// Bytes of batches that a background thread reads ahead; at least two batches.
  std::int64_t buffer_bytes = std::int64_t{64} << 20;
  /// With Shuffle::Samples: 0 reads samples in random order from the whole file, in the same order as from a
  /// data set in memory (8 bytes per sample for that order). Otherwise the file is read in order, and each
  /// sample is drawn from a window of that many samples, which is held in memory. The same seed and pass give
  /// the same order.
  std::int64_t shuffle_window = 0;
};

/// Opens the kinds of data that `load_data` reads, except .npz archives and gzip-compressed files: CSV (.csv,
/// .tsv, .txt, .data), .npy in C order, IDX, HDF5 arrays, a directory of images, and files of single arrays
/// for inputs, targets and weights. A chunked HDF5 array is read by a child process for the lifetime of the
/// source. Counts the rows of a CSV; for a string target without `spec.class_names`, reads the file once to
/// collect the class names. Values are checked when they are read. Throws Error(Data), or Error(File).
[[nodiscard]] std::unique_ptr<SampleSource> open_stream(const DataSpec& spec);

}  // namespace kairos::host
