// SPDX-License-Identifier: MIT
// Data sets that are larger than memory: samples are read while they are needed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kairos/host/data.hpp"
#include "kairos/host/dataset.hpp"

namespace kairos::host {

/// Reads samples, on one thread at a time.
class SampleReader {
 public:
  virtual ~SampleReader() = default;

  /// Fills the arrays of `block` with `count` samples from sample `first` on. The block is laid out as
  /// `SampleSource::layout` is, with room for `count` rows in `values`. Throws Error(Data) naming file and
  /// line or row, or Error(File).
  virtual void read(std::int64_t first, std::int64_t count, Dataset& block) = 0;

  /// Called when the samples of a batch were read, before any of them is used. Throws Error(File) if somebody
  /// has written to a file since the source was opened, so that the samples may be neither the old ones nor
  /// the new.
  virtual void check_unchanged() {}

  /// Fills the targets of `block` alone, where that is much less than to read the samples; false, and nothing
  /// is read, where it is not.
  virtual bool read_targets(std::int64_t first, std::int64_t count, Dataset& block) {
    (void)first;
    (void)count;
    (void)block;
    return false;
  }
};

/// Samples whose number and shapes are known, and whose values are read in any order.
class SampleSource {
 public:
  virtual ~SampleSource() = default;

  /// The data set without its values: names, shapes (`shape.front()` is the number of samples), origin, class
  /// names. Valid as long as the source.
  [[nodiscard]] virtual const Dataset& layout() const = 0;

  /// A reader of its own position; several may read at the same time. It must not outlive the source.
  [[nodiscard]] virtual std::unique_ptr<SampleReader> reader() const = 0;

  /// Why samples from all over the source (Shuffle::Samples without a window) take long to read, in one
  /// sentence; "" if they do not.
  [[nodiscard]] virtual std::string slow_at_random() const { return ""; }
};

/// How much of a stream is in memory.
struct StreamOptions {
  /// Bytes of batches that are read ahead on a thread of their own; at least two batches are.
  std::int64_t buffer_bytes = std::int64_t{64} << 20;
  /// With Shuffle::Samples: 0 takes samples from all over the file, in the order that a data set in memory
  /// would have (8 bytes a sample for that order). Otherwise samples are read in the order of the file, and
  /// each is drawn from a window of so many, which are held in memory. The same seed and pass give the same
  /// order.
  std::int64_t shuffle_window = 0;
};

/// Opens what `load_data` would read, but .npz archives and what gzip has compressed: CSV (.csv, .tsv, .txt,
/// .data), .npy in C order, IDX, HDF5 arrays, a directory of pictures, and files of single arrays for inputs,
/// targets and weights. A child process reads an HDF5 array in chunks, as long as the source lives. Counts
/// the rows of a CSV, and where a target is text and `spec.class_names` is empty, reads the file once for the
/// names of its classes. Values are checked when they are read. Throws Error(Data), or Error(File).
[[nodiscard]] std::unique_ptr<SampleSource> open_stream(const DataSpec& spec);

}  // namespace kairos::host
