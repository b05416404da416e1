// SPDX-License-Identifier: MIT
// Callbacks that do almost nothing, to measure the dispatch.
#include <kairos/plugin.hpp>

namespace {

using namespace kairos;

/// Counts batches.
struct Idle : Callback<Idle> {
  static constexpr auto id = "bench.Idle";
  static constexpr auto phase = Phase::Report;
  std::int64_t batches = 0;
  void on_train_batch_end(Batch&) { ++batches; }
};

/// Reads the loss of every batch.
struct Reader : Callback<Reader> {
  static constexpr auto id = "bench.Reader";
  static constexpr auto phase = Phase::Report;
  std::uint32_t loss = 0;
  double sum = 0;
  void setup(Run& run) { loss = *run.find_log("loss"); }
  void on_train_batch_end(Batch& batch) { sum += *batch.log(loss); }
};

/// Has both hooks of a batch.
struct Both : Callback<Both> {
  static constexpr auto id = "bench.Both";
  static constexpr auto phase = Phase::Report;
  std::int64_t begun = 0, ended = 0;
  void on_train_batch_begin(Batch&) { ++begun; }
  void on_train_batch_end(Batch&) { ++ended; }
};

/// Has hooks, but none of a batch.
struct Silent : Callback<Silent> {
  static constexpr auto id = "bench.Silent";
  static constexpr auto phase = Phase::Report;
  std::int64_t epochs = 0;
  void on_epoch_begin(Epoch&) {}
  void on_epoch_end(Epoch&) { ++epochs; }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", Idle, Reader, Both, Silent)
