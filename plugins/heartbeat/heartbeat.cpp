// SPDX-License-Identifier: MIT
// Keeps a small file fresh while a run makes progress.
#include <kairos/plugin.hpp>

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "../common/json_text.hpp"
#include "../common/output_place.hpp"
#include "../common/text.hpp"
#include "../common/whole_file.hpp"

namespace kairos::plugins {

/// For watchdogs, liveness probes and `watch cat`. Only hooks make it write, so a run that hangs leaves an
/// old file, whatever its other threads do.
struct Heartbeat : Callback<Heartbeat> {
  static constexpr auto id = "kairos.Heartbeat";
  static constexpr auto summary = "Writes where the run is to a small file, for watchdogs.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", "heartbeat.json",
                              "file to write; replaced each time, and missing directories are created"};
  Option<Duration> every{this, "every", std::chrono::seconds(10), "time between two writes"};

  void setup(Run& run) {
    check_output_place(std::string(filename.value()), Writing::Replaced);
    mode_ = run.mode();
    run_ = run.mode() == Mode::Fit ? "training" : run.mode() == Mode::Evaluate ? "evaluation" : "prediction";
  }

  void on_train_begin(Run& run) {
    epoch_ = run.initial_epoch();
    write("begin");
  }
  void on_train_batch_end(Batch& batch) { beat(batch, "batch"); }
  void on_test_batch_end(Batch& batch) { beat(batch, "test_batch"); }
  void on_predict_batch_end(Batch& batch) { beat(batch, "predict_batch"); }
  void on_epoch_end(Epoch& epoch) {
    epoch_ = epoch.index();
    step_ = epoch.step();
    if (is_due()) write("epoch_end");
  }
  void on_test_end(Test& test) {
    if (!test.in_fit()) write_last("completed", "");
  }
  void on_predict_end(End&) { write_last("completed", ""); }
  void on_train_end(End& end) {
    write_last(end.completed() ? "completed" : end.stopped() ? "stopped" : "interrupted", end.reason());
  }
  /// A training ends in on_train_end; other passes have no further hook but teardown.
  void on_interrupt(Interrupt&) {
    if (mode_ != Mode::Fit) write_last("interrupted", "");
  }
  void on_fault(Fault& fault) { write_last("fault", fault.message()); }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] bool is_due() const { return !last_ || Clock::now() - *last_ >= every.value(); }

  void beat(const Batch& batch, const char* state) {
    if (batch.epoch() >= 0) epoch_ = batch.epoch();
    step_ = batch.step();
    if (!is_due()) return;
    batch_ = batch.index();
    write(state);
  }

  void write(const char* state) { post(state, "", when_interrupted::cancel); }
  void write_last(const char* state, std::string_view reason) {
    post(state, reason, when_interrupted::finish);
  }

  /// The file is written by a task, so that a slow disk does not delay the training.
  void post(const char* state, std::string_view reason, when_interrupted interrupted) {
    last_ = Clock::now();
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    std::string text = "{\"time\": " + shortest(std::floor(now.count() * 1000) / 1000) +
                       ", \"pid\": " + std::to_string(::getpid()) + ", \"run\": " + json_text(run_) +
                       ", \"state\": " + json_text(state);
    if (epoch_ >= 0) text += ", \"epoch\": " + std::to_string(epoch_);
    if (batch_ >= 0) text += ", \"batch\": " + std::to_string(batch_);
    if (step_ >= 0) text += ", \"step\": " + std::to_string(step_);
    if (!reason.empty()) text += ", \"reason\": " + json_text(reason);
    batch_ = -1;
    // A write that still waits is out of date.
    tasks_.post([file = std::string(filename.value()), text = text + "}\n"] { write_whole_file(file, text); },
                when_full::drop, interrupted);
  }

  Tasks tasks_{this, 1};
  std::optional<Clock::time_point> last_;
  Mode mode_ = Mode::Fit;
  const char* run_ = "training";
  std::int64_t epoch_ = -1;
  std::int64_t batch_ = -1;
  std::int64_t step_ = -1;  ///< unknown before the first batch
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::Heartbeat)
