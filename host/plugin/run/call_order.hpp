// SPDX-License-Identifier: MIT
// The state machine behind Callbacks: which call may follow which.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "kairos/host/callbacks.hpp"

namespace kairos::host {

/// In a namespace, because the names are so general.
namespace stages {

/// Where a loop is. One bit each, so that one comparison checks all the stages that allow a call.
enum Stage : std::uint32_t {
  Created = 1u << 0,       ///< before setup
  Ready = 1u << 1,         ///< before train_begin
  Training = 1u << 2,      ///< between epochs
  InEpoch = 1u << 3,       ///< between batches
  InBatch = 1u << 4,       ///< of training
  HasGradients = 1u << 5,  ///< in a batch, after gradients_ready
  Validating = 1u << 6,    ///< between batches of a test inside an epoch
  ValidatingBatch = 1u << 7,
  Testing = 1u << 8,  ///< between batches of a test outside of training
  TestingBatch = 1u << 9,
  Predicting = 1u << 10,
  PredictingBatch = 1u << 11,
  Trained = 1u << 12,  ///< after train_end
  Finished = 1u << 13,
};

/// After setup and before finish.
inline constexpr std::uint32_t any_stage = Finished - Ready;
/// From epoch_begin to the end of the epoch.
inline constexpr std::uint32_t inside_epoch = InEpoch | InBatch | HasGradients | Validating | ValidatingBatch;

}  // namespace stages

/// The stage that a loop is in. Cheap enough for every batch.
class CallOrder {
 public:
  /// Throws Error(Callback) KAIROS-C030 unless `call` is allowed in this stage.
  void require(std::uint32_t allowed, const char* call) const {
    if ((stage_ & allowed) == 0) [[unlikely]]
      refuse(allowed, call);
  }
  void enter(stages::Stage stage) noexcept { stage_ = stage; }
  /// Whether the loop is in one of these stages.
  [[nodiscard]] bool is_in(std::uint32_t some) const noexcept { return (stage_ & some) != 0; }

  /// A test or a prediction returns to the stage that it started in.
  void begin_pass(stages::Stage pass) noexcept {
    last_pass_batch_ = -1;
    before_pass_ = stage_;
    stage_ = pass;
  }
  void end_pass() noexcept { stage_ = before_pass_; }

  /// Of an epoch with so many batches already trained.
  void restart_batches(std::int64_t trained = 0) noexcept { last_batch_ = trained - 1; }
  /// Throw KAIROS-C034 for a batch that does not come after the last one of the epoch, or of the pass.
  void next_batch(std::int64_t batch, const char* call) { advance(last_batch_, batch, call); }
  void next_pass_batch(std::int64_t batch, const char* call) { advance(last_pass_batch_, batch, call); }
  /// Throws KAIROS-C033.
  void next_epoch(std::int64_t epoch);

 private:
  [[noreturn]] void refuse(std::uint32_t allowed, const char* call) const;
  [[noreturn]] static void refuse_batch(std::int64_t last, std::int64_t batch, const char* call);
  static void advance(std::int64_t& last, std::int64_t batch, const char* call) {
    if (batch <= last) [[unlikely]]
      refuse_batch(last, batch, call);
    last = batch;
  }

  stages::Stage stage_ = stages::Created;
  stages::Stage before_pass_ = stages::Created;
  std::int64_t last_batch_ = -1, last_pass_batch_ = -1;
  std::int64_t last_epoch_ = -1;
};

/// Throws Error(Callback) KAIROS-C031 for a source that has another number of values.
void require_values(const LogSource& logs, std::size_t keys, const char* call);

/// Throws KAIROS-C035 on another thread than the one that made the callbacks.
void require_thread(bool same, const char* call);

/// Throws KAIROS-C032 for a validation in a run that was declared without one.
void require_validation(bool validates, const char* call);

}  // namespace kairos::host
