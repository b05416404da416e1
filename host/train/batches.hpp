// SPDX-License-Identifier: MIT
// Cuts data into batches, in an order that the seed determines.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "kairos/host/dataset.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"
#include "train/split.hpp"

namespace kairos::host {

enum class Targets { Needed, Ignored };

/// The samples of a pass, and how they are cut into batches.
struct BatchPlan {
  RowSet rows;
  std::int64_t batch_size = 32;
  Targets targets = Targets::Needed;
  std::map<std::int64_t, double> class_weight;
  std::int64_t shuffle_window = 0;  ///< as StreamOptions::shuffle_window; unused for data in memory
};

/// The arrays of a data set, one per port in the order of the model's ports. Borrowed from the Dataset.
struct Columns {
  std::vector<const Array*> inputs;
  std::vector<const Array*> targets;
};

/// The order of `count` samples in pass number `pass`: the same for the same arguments on every machine.
[[nodiscard]] std::vector<std::int64_t> sample_order(Shuffle shuffle, std::int64_t count,
                                                     std::int64_t batch_size, std::uint64_t seed,
                                                     std::int64_t pass);

/// The batches of a pass, of samples in memory or from a stream.
class BatchSource {
 public:
  BatchSource(std::int64_t samples, std::int64_t batch_size)
      : samples_(samples), batch_size_(std::min(batch_size, samples)) {}
  virtual ~BatchSource() = default;
  BatchSource(const BatchSource&) = delete;
  BatchSource& operator=(const BatchSource&) = delete;

  /// Batches in a pass; the last one may be short.
  [[nodiscard]] std::int64_t count() const noexcept { return (samples_ + batch_size_ - 1) / batch_size_; }
  /// The same, but no more than `limit` if that is not 0.
  [[nodiscard]] std::int64_t count(std::int64_t limit) const noexcept {
    return limit > 0 ? std::min(limit, count()) : count();
  }
  [[nodiscard]] std::int64_t samples() const noexcept { return samples_; }
  [[nodiscard]] std::int64_t batch_size() const noexcept { return batch_size_; }
  /// Samples in batch `index`.
  [[nodiscard]] virtual std::int64_t size(std::int64_t index) const noexcept {
    return std::min(batch_size_, samples_ - index * batch_size_);
  }

  /// The same samples in batches of another size, for another reader at the same time. Throws as
  /// DataSource::batches.
  [[nodiscard]] virtual std::unique_ptr<BatchSource> again(std::int64_t batch_size) const = 0;

  /// Begins pass number `pass` in its order. Before the first call, samples have the order of the data.
  virtual void reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) = 0;

  /// Batch `index` of the pass; borrowed until the next call. Batches must be requested in ascending order; 0
  /// restarts the pass.
  virtual const Batch& at(std::int64_t index) = 0;

  /// The rows of the data that the batch last requested has, in its order: those of the data set, of a stream
  /// those of its file. `into` has room for the samples of the batch.
  virtual void rows_of_last(std::span<std::int64_t> into) const = 0;

 protected:
  std::int64_t samples_, batch_size_;
};

/// Batches of samples in memory, which may be requested in any order. Rows that are consecutive in the data
/// are not copied. Allocates nothing after the first batch of a pass.
class Batches final : public BatchSource {
 public:
  /// `weights` has one array per target, or none; its rows are those of the data. Borrows the columns.
  Batches(const Columns& columns, std::vector<Array> weights, RowSet rows, std::int64_t batch_size);

  [[nodiscard]] std::unique_ptr<BatchSource> again(std::int64_t batch_size) const override;
  void reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) override;
  const Batch& at(std::int64_t index) override;
  void rows_of_last(std::span<std::int64_t> into) const override;

 private:
  struct Feed {
    explicit Feed(const Array& array) : source(&array), row_size(array.row_size()) {}
    const Array* source;
    std::int64_t row_size;
    std::vector<float> buffer;  ///< a gathered batch; unused while rows are consecutive in the data
  };
  const float* rows(Feed& feed, std::int64_t first, std::int64_t count);
  /// The row of the data at a position in the pass.
  [[nodiscard]] std::int64_t row_at(std::int64_t position) const {
    return rows_.at(order_.empty() ? position : order_[static_cast<std::size_t>(position)]);
  }

  RowSet rows_;
  std::vector<Array> owned_weights_;
  std::vector<Feed> inputs_, targets_, weights_;
  std::vector<std::int64_t> order_;  ///< empty: the order of the data
  std::int64_t last_requested_ = 0;
  Batch batch_;
};

}  // namespace kairos::host
