// SPDX-License-Identifier: MIT
// Prints the progress of an epoch, a test or a prediction to standard output.
#include <kairos/plugin.hpp>

#include <unistd.h>

#include <algorithm>
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

namespace kairos::plugins {

/// Prints what Keras 3.15 prints. Differences: if the output is not a terminal, only the final state of each
/// epoch is printed, without colours; the format of small values depends on their magnitude, not on their
/// sign; keys are in the order of History.
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
  using Clock = std::chrono::steady_clock;
  static constexpr int cells = 20;
  static constexpr auto interval = std::chrono::milliseconds(50);

  void start(std::int64_t batches) {
    target_ = batches;
    seen_ = 0;
    started_ = Clock::now();
    repainted_ = {};
    painted_ = false;
    terminal_ = ::isatty(STDOUT_FILENO) == 1;
  }

  void advance(Batch& batch) {
    seen_ = batch.index() + 1;
    if (batch.count() > 0) target_ = batch.count();
    if (verbose != 1) return;
    const Clock::time_point now = Clock::now();
    if (seen_ == 1) after_first_ = now;
    if (!terminal_ || now - repainted_ < interval) return;
    repainted_ = now;
    painted_ = true;
    const bool training_or_test = batch.log_count() > 0;
    write("\r" + bar() + " " + bold(remaining(now)) + per_step(now) +
          (training_or_test ? values(batch) : "") + "\x1b[K");
  }

  /// Prints the final state and ends the line. `event` is null if there are no logs to print.
  void finish(const Event* event) {
    const Clock::time_point now = Clock::now();
    if (target_ <= 0) target_ = seen_;
    const std::string elapsed = number("%.0fs", seconds(now - started_));
    std::string line = terminal_ && painted_ ? "\r" : "";
    if (verbose == 1)
      line += bar() + " " + bold(elapsed) + per_step(now);
    else
      line += (target_ > 0 ? count() + " - " : "") + elapsed + (seen_ > 0 ? " -" + per_step(now) : "");
    if (event != nullptr) line += values(*event);
    write(line + (terminal_ && painted_ ? "\x1b[K\n" : "\n"));
    painted_ = false;
  }

  void wipe() {
    if (painted_) write("\r\x1b[K");
  }

  [[nodiscard]] std::string count() const {
    const std::string of = std::to_string(target_);
    const std::string done = std::to_string(seen_);
    return std::string(std::max(of.size(), done.size()) - done.size(), ' ') + done + "/" + of;
  }

  [[nodiscard]] std::string bar() const {
    if (target_ <= 0) return number("%7.0f/Unknown", static_cast<double>(seen_));
    const auto done = static_cast<int>(std::min<std::int64_t>(cells * seen_ / target_, cells));
    const auto line = [](int n) {
      std::string out;
      for (int i = 0; i < n; ++i) out += "\u2501";
      return out;
    };
    if (!terminal_)
      return count() + " " + line(done) + std::string(static_cast<std::size_t>(cells - done), '.');
    return bold(count()) + " " + (done > 0 ? "\x1b[32m" + line(done) + "\x1b[0m" : "") + "\x1b[37m" +
           line(cells - done) + "\x1b[0m";
  }

  [[nodiscard]] std::string bold(const std::string& text) const {
    return terminal_ ? "\x1b[1m" + text + "\x1b[0m" : text;
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

  [[nodiscard]] static std::string values(const Event& event) {
    std::string out;
    for (std::uint32_t i = 0; i < event.log_count(); ++i) {
      const std::optional<double> value = event.log(i);
      if (!value) continue;
      out += " - " + std::string(event.log_name(i)) + ": ";
      out += std::fabs(*value) <= 1e-3 ? number("%.4e", *value)
             : std::isnan(*value)      ? "nan"
                                       : number("%.4f", *value);
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
  bool terminal_ = false;
  bool painted_ = false;  ///< the cursor is at the end of a bar
  Clock::time_point started_{};
  Clock::time_point after_first_{};
  Clock::time_point repainted_{};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::ProgbarLogger)
