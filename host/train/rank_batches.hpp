// SPDX-License-Identifier: MIT
// The part of each batch that one rank trains on.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "kairos/host/model.hpp"
#include "kairos/host/ranks.hpp"
#include "train/batches.hpp"

namespace kairos::host {

/// Batches as one process has them, of which rank r has slice r. Slices differ by one sample at most. In a
/// short last batch with fewer samples than ranks, a rank without one gets the first sample, marked as spare.
class RankBatches final : public BatchSource {
 public:
  /// Borrows the model and the ranks.
  RankBatches(const Model& model, std::unique_ptr<BatchSource> whole, const Ranks& ranks);

  [[nodiscard]] std::int64_t size(std::int64_t index) const noexcept override;
  void reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) override {
    whole_->reorder(shuffle, seed, pass);
  }
  const Batch& at(std::int64_t index) override;
  void rows_of_last(std::span<std::int64_t> into) const override;
  /// A second reader of the batches of all ranks.
  [[nodiscard]] std::unique_ptr<BatchSource> again(std::int64_t batch_size) const override {
    return whole_->again(batch_size);
  }

  /// The batches of all ranks, from which a rank may also read alone.
  [[nodiscard]] BatchSource& whole() noexcept { return *whole_; }

 private:
  struct Slice {
    std::int64_t begin, size;
    bool is_spare;
  };
  [[nodiscard]] Slice slice_of(std::int64_t index) const noexcept;

  const Model& model_;
  std::unique_ptr<BatchSource> whole_;
  std::int64_t rank_, world_, last_requested_ = 0;
  Batch batch_;
  mutable std::vector<std::int64_t> rows_;
};

}  // namespace kairos::host
