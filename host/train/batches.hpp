// SPDX-License-Identifier: MIT
// Cuts a data set into batches, in an order that a seed decides.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kairos/host/dataset.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "train/split.hpp"

namespace kairos::host {

/// Arrays as the model's ports want them: values[i] has `row_size[i]` numbers a row. Borrowed from a Dataset
/// or from Prepared.
struct Columns {
  std::vector<const Array*> inputs;
  std::vector<const Array*> targets;
  std::vector<const Array*> weights;  ///< per output, null for none; or empty
};

/// The order of `count` samples in pass number `pass`: the same for the same arguments on every machine.
[[nodiscard]] std::vector<std::int64_t> sample_order(Shuffle shuffle, std::int64_t count,
                                                     std::int64_t batch_size, std::uint64_t seed,
                                                     std::int64_t pass);

/// What the loops take their batches from: samples in memory, or a stream.
class BatchSource {
 public:
  BatchSource(std::int64_t samples, std::int64_t batch_size)
      : samples_(samples), batch_size_(std::min(batch_size, samples)) {}
  virtual ~BatchSource() = default;
  BatchSource(const BatchSource&) = delete;
  BatchSource& operator=(const BatchSource&) = delete;

  /// Batches in a pass; the last one may be short.
  [[nodiscard]] std::int64_t count() const noexcept { return (samples_ + batch_size_ - 1) / batch_size_; }
  [[nodiscard]] std::int64_t samples() const noexcept { return samples_; }
  /// Samples in batch `index`.
  [[nodiscard]] std::int64_t size(std::int64_t index) const noexcept {
    return std::min(batch_size_, samples_ - index * batch_size_);
  }

  /// Begins pass number `pass` in its order. Before the first call, samples have the order of the data.
  virtual void reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) = 0;

  /// Batch `index` of the pass; borrowed until the next call. Batches are asked for one after another; 0
  /// begins the pass again.
  virtual const Batch& at(std::int64_t index) = 0;

 protected:
  std::int64_t samples_, batch_size_;
};

/// Batches of some rows, which may be asked for in any order. Nothing is allocated after the
/// constructor and the first use of each pass.
class Batches final : public BatchSource {
 public:
  Batches(Columns columns, RowSet rows, std::int64_t batch_size);

  void reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) override;
  const Batch& at(std::int64_t index) override;

 private:
  struct Feed {
    const Array* source;
    std::int64_t row_size;
    std::vector<float> buffer;  ///< a gathered batch; unused while samples follow one another in the data
  };
  void add(const std::vector<const Array*>& arrays, std::vector<Feed>& feeds) const;
  const float* rows(Feed& feed, std::int64_t first, std::int64_t count);

  RowSet rows_;
  std::vector<Feed> inputs_, targets_, weights_;
  std::vector<std::int64_t> order_;  ///< empty: the order of the data
  Batch batch_;
};

}  // namespace kairos::host
