// SPDX-License-Identifier: MIT
// Batches that a background thread reads ahead.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "train/batch_filler.hpp"
#include "train/batches.hpp"

namespace kairos::host {

/// A ring of batches, filled ahead of the loop. `at` throws an error that occurred while reading when the
/// batch that it occurred in is requested. `at` allocates nothing.
class StreamedBatches final : public BatchSource {
 public:
  /// Borrows model and source. Reads nothing before a pass begins. Throws Error(Data) for too little memory.
  StreamedBatches(const Model& model, const SampleSource& source, BatchPlan plan,
                  const StreamOptions& options);
  ~StreamedBatches() override;

  [[nodiscard]] std::unique_ptr<BatchSource> again(std::int64_t batch_size) const override;
  void reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) override;
  const Batch& at(std::int64_t index) override;
  void rows_of_last(std::span<std::int64_t> into) const override;

  /// Bytes of values in batches, window and order, after a pass was read to its end.
  [[nodiscard]] std::int64_t buffer_bytes() const;

 private:
  struct Pass {
    Shuffle shuffle = Shuffle::None;
    std::uint64_t seed = 0;
    std::int64_t number = 0;
  };
  void begin(const Pass& pass);
  void run();
  void read_pass(std::unique_lock<std::mutex>& lock);

  const Model& model_;
  const SampleSource& source_;
  const StreamOptions options_;
  BatchFiller filler_;
  std::vector<StreamedBatch> ring_;
  Pass pass_;
  std::int64_t last_requested_ = -1;  ///< by the loop, in this pass

  mutable std::mutex mutex_;
  std::condition_variable requested_, ready_;
  std::int64_t generation_ = 0;  ///< number of passes begun
  std::int64_t taken_ = 0;       ///< batches before this one may be overwritten
  std::int64_t filled_ = 0;      ///< batches before this one are ready
  bool ending_ = false;
  std::exception_ptr fault_;  ///< of batch `filled_`
  std::thread thread_;        ///< the last member, since it uses all others
};

}  // namespace kairos::host
