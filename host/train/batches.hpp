// SPDX-License-Identifier: MIT
// Cuts a data set into batches, in an order that a seed decides.
#pragma once

#include <cstdint>
#include <vector>

#include "kairos/host/dataset.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/model.hpp"

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

/// Batches of the rows [begin, end). Nothing is allocated after the constructor and the first use of each
/// pass.
class Batches {
 public:
  Batches(Columns columns, std::int64_t begin, std::int64_t end, std::int64_t batch_size);

  /// Batches in a pass; the last one may be short.
  [[nodiscard]] std::int64_t count() const noexcept { return (samples_ + batch_size_ - 1) / batch_size_; }
  [[nodiscard]] std::int64_t samples() const noexcept { return samples_; }

  /// Begins pass number `pass` in its order.
  void reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass);

  /// Samples in batch `index`.
  [[nodiscard]] std::int64_t size(std::int64_t index) const noexcept;

  /// Batch `index` of the pass; borrowed until the next call.
  const Batch& at(std::int64_t index);

 private:
  struct Feed {
    const Array* source;
    std::int64_t row_size;
    std::vector<float> buffer;  ///< a gathered batch; unused while samples are in the order of the data
  };
  void add(const std::vector<const Array*>& arrays, std::vector<Feed>& feeds) const;
  const float* rows(Feed& feed, std::int64_t first, std::int64_t count);

  std::int64_t begin_, samples_, batch_size_;
  std::vector<Feed> inputs_, targets_, weights_;
  std::vector<std::int64_t> order_;  ///< empty: the order of the data
  Batch batch_;
};

}  // namespace kairos::host
