// SPDX-License-Identifier: MIT
// Prints the progress of an epoch, a test or a prediction to standard output.
#include <kairos/plugin.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "screen.hpp"

namespace kairos::plugins {

/// Prints what Keras 3.15 prints. Differences: the bar fits into one line of the terminal; if the output is
/// not a terminal, the final state of each epoch is printed, and a line per minute before it, without
/// colours; the format of small values depends on their magnitude, not on their sign; keys are in the order
/// of History.
///
/// While the bar is shown, the cursor is at the start of its line: what others print begins there, and the
/// host erases the bar before its messages.
struct ProgbarLogger : Callback<ProgbarLogger> {
  static constexpr auto id = "kairos.ProgbarLogger";
  static constexpr auto summary = "Prints a progress bar, or one line per epoch.";
  static constexpr auto phase = Phase::Report;

  Option<int> verbose{this,
                      "verbose",
                      1,
                      "1 for a bar, updated in place on a terminal; 2 for one line per epoch",
                      kairos::min(1),
                      kairos::max(2)};

  void on_train_begin(Run& run) {
    epochs_ = run.epochs();
    steps_ = run.steps_per_epoch();
    validates_ = run.validation_samples() > 0;
    if (run.run_resumed()) start(steps_);  // perhaps inside an epoch
  }
  void on_epoch_begin(Epoch& epoch) {
    start(steps_);
    if (epochs_ > 1) write("Epoch " + std::to_string(epoch.number()) + "/" + std::to_string(epochs_) + "\n");
  }
  void on_train_batch_end(Batch& batch) {
    advance(batch);
    // Clears the line for the output of other callbacks at the end of the epoch. With validation, the bar
    // stays until its end.
    if (!validates_ && seen_ == target_) wipe();
  }
  void on_epoch_end(Epoch& epoch) { finish(&epoch); }

  // Validation inside a fit is silent, as in Keras.
  void on_test_begin(Test& test) {
    if (!test.in_fit()) start(test.batches());
  }
  void on_test_batch_end(Batch& batch) {
    if (batch.epoch() < 0) advance(batch);
  }
  void on_test_end(Test& test) { test.in_fit() ? wipe() : finish(&test); }

  void on_predict_begin(Run& run) { start(run.steps_per_epoch()); }
  void on_predict_batch_end(Batch& batch) { advance(batch); }
  void on_predict_end(End&) { finish(nullptr); }

  void on_fault(Fault&) {
    if (painted_) write("\n");
    painted_ = false;
  }

 private:
  using Clock = Pace::Clock;

  void start(std::int64_t batches) {
    target_ = batches;
    seen_ = 0;
    started_ = Clock::now();
    repaint_.restart({});
    minute_.restart(started_);
    painted_ = false;
    screen_ = Screen::of_output();
  }

  void advance(Batch& batch) {
    seen_ = batch.index() + 1;
    if (batch.count() > 0) target_ = batch.count();
    if (verbose != 1) return;
    const Clock::time_point now = Clock::now();
    if (seen_ == 1) after_first_ = now;
    const bool is_due = screen_.in_place ? repaint_.is_due(now) : minute_.is_due(now);
    if (!is_due) return;
    ProgressLine line = line_of(remaining(now), now);
    if (batch.log_count() > 0) line.values = values(batch);
    if (screen_.in_place) {
      // The size may have changed. Erasing everything below also removes a line that became two.
      write("\r\x1b[J" + line.fitted(screen_, output_columns()) + "\r");
      painted_ = true;
    } else if (seen_ != target_) {
      write(line.complete(screen_, 0) + "\n");
    }
  }

  /// Prints the final state and ends the line. `event` is null if there are no logs to print.
  void finish(const Event* event) {
    const Clock::time_point now = Clock::now();
    if (target_ <= 0) target_ = seen_;
    const std::string elapsed = number("%.0fs", seconds(now - started_));
    ProgressLine line = line_of(elapsed, now);
    if (event != nullptr) line.values = values(*event);
    std::string text = painted_ ? "\r\x1b[J" : "";
    if (verbose == 1) {
      text += line.complete(screen_, screen_.in_place ? output_columns() : 0);
    } else {
      text += (target_ > 0 ? count() + " - " : "") + elapsed + (seen_ > 0 ? " -" + per_step(now) : "");
      for (const std::string& value : line.values) text += " - " + value;
    }
    write(text + "\n");
    painted_ = false;
  }

  void wipe() {
    if (painted_) write("\r\x1b[J");
  }

  [[nodiscard]] ProgressLine line_of(std::string time, Clock::time_point now) const {
    ProgressLine line;
    line.time = std::move(time);
    line.per_step = per_step(now);
    line.count = target_ > 0 ? count() : number("%7.0f/Unknown", static_cast<double>(seen_));
    if (target_ > 0) line.done = static_cast<double>(seen_) / static_cast<double>(target_);
    return line;
  }

  [[nodiscard]] std::string count() const {
    const std::string of = std::to_string(target_);
    const std::string done = std::to_string(seen_);
    return std::string(of.size() > done.size() ? of.size() - done.size() : 0, ' ') + done + "/" + of;
  }

  /// Mean time per batch, without the slower first batch if there are more.
  [[nodiscard]] double step_seconds(Clock::time_point now) const {
    if (seen_ == 0) return 0.0;
    if (verbose == 1 && seen_ > 1) return seconds(now - after_first_) / static_cast<double>(seen_ - 1);
    return seconds(now - started_) / static_cast<double>(seen_);
  }

  [[nodiscard]] std::string per_step(Clock::time_point now) const {
    const double time = step_seconds(now);
    if (time >= 1.0 || time == 0.0) return number(" %.0fs/step", time);
    return time >= 1e-3 ? number(" %.0fms/step", time * 1e3) : number(" %.0fus/step", time * 1e6);
  }

  [[nodiscard]] std::string remaining(Clock::time_point now) const {
    if (target_ <= 0) return number("%.0fs", seconds(now - started_));
    const auto left = static_cast<long long>(step_seconds(now) * static_cast<double>(target_ - seen_));
    std::array<char, 64> text{};
    if (left > 3600)
      std::snprintf(text.data(), text.size(), "%lld:%02lld:%02lld", left / 3600, left % 3600 / 60, left % 60);
    else if (left > 60)
      std::snprintf(text.data(), text.size(), "%lld:%02lld", left / 60, left % 60);
    else
      std::snprintf(text.data(), text.size(), "%llds", left);
    return text.data();
  }

  [[nodiscard]] static std::vector<std::string> values(const Event& event) {
    std::vector<std::string> out;
    for (std::uint32_t i = 0; i < event.log_count(); ++i) {
      const std::optional<double> value = event.log(i);
      if (!value) continue;
      out.push_back(printable(event.log_name(i)) + ": " +
                    (std::fabs(*value) <= 1e-3 ? number("%.4e", *value)
                     : std::isnan(*value)      ? "nan"
                                               : number("%.4f", *value)));
    }
    return out;
  }

  [[nodiscard]] static double seconds(Clock::duration time) {
    return std::chrono::duration<double>(time).count();
  }

  [[nodiscard]] static std::string number(const char* format, double value) {
    std::array<char, 400> text{};  // The largest double has 309 digits.
    std::snprintf(text.data(), text.size(), format, value);
    return text.data();
  }

  static void write(std::string_view text) {
    if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
      throw Error(KAIROS_E_IO, std::string("cannot write to standard output: ") + std::strerror(errno) +
                                   ". Redirect it elsewhere, or run with --verbose 0");
  }

  std::int64_t epochs_ = 0;
  std::int64_t steps_ = -1;   ///< batches of an epoch; -1: unknown
  std::int64_t target_ = -1;  ///< batches of the current epoch, test or prediction
  std::int64_t seen_ = 0;
  bool validates_ = false;
  bool painted_ = false;  ///< the cursor is at the start of a bar
  Screen screen_;
  Pace repaint_{std::chrono::milliseconds(50)};
  Pace minute_{std::chrono::minutes(1)};  ///< of lines, if the output is not a terminal
  Clock::time_point started_{};
  Clock::time_point after_first_{};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ProgbarLogger)
