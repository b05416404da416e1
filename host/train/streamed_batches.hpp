// SPDX-License-Identifier: MIT
// Batches that a thread of their own reads ahead.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "train/batch_filler.hpp"
#include "train/batches.hpp"

namespace kairos::host {

/// A ring of batches, filled ahead of the loop. An error that is found while reading is thrown by `at` for
/// the batch that it was found in, when all before it were used. `at` allocates nothing.
class StreamedBatches final : public BatchSource {
 public:
  /// Borrows model and source. Reads nothing before the first batch is asked for.
  StreamedBatches(const Model& model, const SampleSource& source, const StreamedRange& range,
                  const StreamOptions& options);
  ~StreamedBatches() override;

  void reorder(Shuffle shuffle, std::uint64_t seed, std::int64_t pass) override;
  const Batch& at(std::int64_t index) override;

  /// Bytes of values in batches, window and order, when a pass has been read to its end.
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

  BatchFiller filler_;
  std::vector<StreamedBatch> ring_;
  Pass pass_;
  std::int64_t last_asked_ = -1;  ///< by the loop, in this pass

  mutable std::mutex mutex_;
  std::condition_variable wanted_, ready_;
  std::int64_t generation_ = 0;  ///< counts the passes that were begun; 0: none yet
  std::int64_t taken_ = 0;       ///< batches before this one may be overwritten
  std::int64_t filled_ = 0;      ///< batches before this one are there
  bool ending_ = false;
  std::exception_ptr fault_;  ///< of batch `filled_`
  std::thread thread_;        ///< the last member: it uses all others
};

}  // namespace kairos::host
