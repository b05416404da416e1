// SPDX-License-Identifier: MIT
// Saves the whole run while it trains, and goes on from there when the same run is started again.
#include <kairos/plugin.hpp>

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "../common/finite.hpp"
#include "../common/text.hpp"

namespace kairos::plugins {

namespace fs = std::filesystem;

/// The options of Keras 3.15's `BackupAndRestore`. Differences: a backup is all of the run (position inside
/// the epoch, order of the data, random numbers, History, states of callbacks), so that the run ends as if it
/// had never been interrupted; only the backup is removed at the end, and not after a stop with weights that
/// are not finite; a signal saves, too; save_freq may be a time.
struct BackupAndRestore : Callback<BackupAndRestore> {
  static constexpr auto id = "kairos.BackupAndRestore";
  static constexpr auto summary = "Saves the whole run, and goes on from there when it is started again.";
  static constexpr auto phase = Phase::Persist;
  static constexpr auto capabilities = Can::SaveRun;

  Option<OutputDirectory> backup_dir{this, "backup_dir", required,
                                     "directory of the backup, for this run alone"};
  Option<std::string_view> save_freq{
      this, "save_freq", "epoch",
      "epoch, a number of batches, counted across epochs, or a time such as 30s, 10m or 1.5h"};
  Option<bool> double_checkpoint{this, "double_checkpoint", false,
                                 "keep the backup before the last one, too, in case the last one is damaged"};
  Option<bool> delete_checkpoint{this, "delete_checkpoint", true,
                                 "remove the backup when the run has completed or a callback has stopped it"};

  State<std::int64_t> since_save{this, "since_save", 0};  ///< batches, if save_freq is a number

  void setup(Run& run) {
    read_save_freq();
    if (run.mode() != Mode::Fit) return;
    is_fit_ = true;
    check_place();
    static_cast<void>(run.resume_from(backup_dir.value()));
  }

  void on_train_begin(Run&) { last_save_ = Clock::now(); }

  void on_train_batch_end(Batch& batch) {
    if (every_batches_ > 0 ? ++since_save < every_batches_
                           : every_time_.count() <= 0 || Clock::now() - last_save_ < every_time_)
      return;
    since_save = 0;
    save(batch);
  }

  void on_epoch_end(Epoch& epoch) {
    if (every_batches_ == 0 && every_time_.count() <= 0) save(epoch);
  }

  void on_train_end(End& end) {
    if (end.interrupted()) save(end);
  }

  void teardown(End& end) {
    if (!is_fit_ || !delete_checkpoint || !(end.completed() || end.stopped())) return;
    if (end.stopped() && first_not_finite(end, Role::Weight))
      end.print("the backup in " + directory() +
                " is kept, because the run was stopped with weights that are NaN or infinite");
    else
      remove(end);
  }

 private:
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] std::string directory() const { return std::string(backup_dir.value()); }

  void read_save_freq() {
    const std::string_view text = save_freq.value();
    const std::optional<std::chrono::duration<double>> time = time_of(text);
    if (time)
      every_time_ = *time;
    else if (text != "epoch" && (!read_integer(text, every_batches_) || every_batches_ < 1))
      throw Error("save_freq is \"" + std::string(text) +
                  "\"; expected epoch, a number of batches of 1 or more, or a time. Write for example "
                  "save_freq=10m");
  }

  /// A number with a unit; empty for anything else.
  static std::optional<std::chrono::duration<double>> time_of(std::string_view text) {
    double number = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || !std::isfinite(number) || number <= 0) return std::nullopt;
    const std::string_view unit = text.substr(static_cast<std::size_t>(rest - text.data()));
    const double seconds = unit == "s" ? 1 : unit == "m" || unit == "min" ? 60 : unit == "h" ? 3600 : 0;
    if (seconds == 0) return std::nullopt;
    return std::chrono::duration<double>(number * seconds);
  }

  /// The nearest existing parent directory must be writable; the host creates the directories below it.
  void check_place() const {
    std::error_code ignored;
    fs::path place(directory());
    while (!fs::exists(fs::symlink_status(place, ignored)) && place.has_relative_path())
      place = place.parent_path();
    if (!fs::is_directory(place, ignored) || ::access(place.c_str(), W_OK | X_OK) != 0)
      throw Error(KAIROS_E_IO, "cannot create backup_dir " + directory() + ": " + place.string() +
                                   " is not a writable directory. Choose another path");
  }

  /// After a stop, weights that are not finite do not replace a backup from which the run could go on.
  void save(Event& event) {
    last_save_ = Clock::now();
    if (event.stop_requested() && first_not_finite(event, Role::Weight)) return;
    event.checkpoint_run(backup_dir.value(), double_checkpoint ? 2 : 1);
  }

  /// The directory itself only if nothing else is in it.
  void remove(const Event& event) const {
    std::error_code error, ignored;
    fs::remove_all(fs::path(directory()) / "run_checkpoint", error);
    if (error)
      event.print("cannot remove the backup in " + directory() + ": " + error.message(), Level::Warning);
    fs::remove(directory(), ignored);
  }

  std::int64_t every_batches_ = 0;
  std::chrono::duration<double> every_time_{0};
  Clock::time_point last_save_;
  bool is_fit_ = false;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::BackupAndRestore)
