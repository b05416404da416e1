// SPDX-License-Identifier: MIT
// Writes the logs of each epoch to an SQLite database, which may have many runs.
#include <kairos/plugin.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "../common/output_place.hpp"
#include "database.hpp"

namespace kairos::plugins {

/// For comparing many runs by SQL, where CSVLogger has a file for each. Epochs are written by tasks, so that
/// another process that holds the database does not delay the training; their rows wait for it.
struct SQLiteLogger : Callback<SQLiteLogger> {
  static constexpr auto id = "kairos.SQLiteLogger";
  static constexpr auto summary = "Writes the logs of each epoch to an SQLite database.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", required,
                              "database; it and missing directories are created, and runs are added"};
  Option<std::string_view> name{this, "name", unset, "name of the run; that of the run directory if not set"};

  State<std::int64_t> run_id{this, "run_id", 0};  ///< in the database
  State<std::string> uuid{this, "uuid"};  ///< of the run; another database may have another run with this id

  void setup(Run&) { check_output_place(std::string(filename.value()), Writing::InPlace); }

  void on_train_begin(Run& run) {
    *interrupted_ = false;
    const std::filesystem::path file = std::string(filename.value());
    database_->open(file);
    begin_run(run, file);
    database_->wait_for_others(std::chrono::seconds(1));  // then again with the next epoch
  }

  void on_epoch_end(Epoch& epoch) {
    Database::Logs logs;
    for (std::uint32_t i = 0; i < epoch.log_count(); ++i)
      if (const std::optional<double> value = epoch.log(i)) logs.emplace_back(epoch.log_name(i), *value);
    post([this, run = run_id.value(), index = epoch.index(), step = epoch.step(), logs = std::move(logs)] {
      database_->add_logs(run, index, step, logs);
    });
  }

  void on_train_end(End& end) {
    finish(end.completed() ? "completed" : end.stopped() ? "stopped" : "interrupted", end.reason());
  }
  void on_interrupt(Interrupt&) { *interrupted_ = true; }
  void on_fault(Fault& fault) { finish("fault", fault.message()); }

 private:
  using Clock = std::chrono::steady_clock;

  void begin_run(Run& run, const std::filesystem::path& file) {
    if (run.resumed() && database_->resume_run(run_id, *uuid, run.initial_epoch())) return;
    if (run.resumed())
      run.print(
          file.string() + " has no run " + std::to_string(run_id) +
              ", which this one continues: earlier epochs are lost. To keep them, end this run, restore "
              "the file and resume again",
          Level::Warning);
    *uuid = random_uuid();
    const std::string directory(run.run_dir());
    run_id = database_->add_run(
        *uuid,
        name.is_set() ? std::string(name.value()) : std::filesystem::path(directory).filename().string(),
        directory, now());
  }

  /// What is to be written, in order. Rows stay here while another process holds the database.
  struct Backlog {
    std::mutex mutex;  ///< for `waiting`
    std::deque<std::function<void()>> waiting;
  };

  void post(std::function<void()> work, bool is_last = false) {
    if (!database_->is_open()) return;  // Opening failed, and on_error=warn continues.
    {
      const std::lock_guard lock(backlog_->mutex);
      backlog_->waiting.push_back(std::move(work));
    }
    // The last task writes what earlier ones leave: those may be dropped or cancelled.
    tasks_.post([this, is_last] { is_last ? write_rest() : static_cast<void>(write_waiting()); },
                when_full::drop, is_last ? when_interrupted::finish : when_interrupted::cancel);
  }

  /// False if another process holds the database, and rows are left.
  bool write_waiting() {
    for (;;) {
      std::function<void()> work;
      {
        const std::lock_guard lock(backlog_->mutex);
        if (backlog_->waiting.empty()) return true;
        work = backlog_->waiting.front();
      }
      try {
        work();
      } catch (const Busy&) {
        return false;
      } catch (...) {
        remove_first();
        throw;
      }
      remove_first();
    }
  }

  void remove_first() {
    const std::lock_guard lock(backlog_->mutex);
    backlog_->waiting.pop_front();
  }

  void write_rest() {
    constexpr std::chrono::seconds patience{5};
    const Clock::time_point end = Clock::now() + patience;
    while (!write_waiting()) {
      if (!*interrupted_ && Clock::now() < end) continue;
      const std::lock_guard lock(backlog_->mutex);
      const std::size_t epochs = backlog_->waiting.size() - 1;
      throw Error(KAIROS_E_IO, "the last " + std::to_string(epochs) + (epochs == 1 ? " epoch" : " epochs") +
                                   " and the end of the run are not in " + std::string(filename.value()) +
                                   ": another program has locked it. End that program before the run ends");
    }
  }

  void finish(const char* outcome, std::string_view reason) {
    post([this, run = run_id.value(), ended = now(), outcome,
          text = std::string(reason)] { database_->end_run(run, ended, outcome, text); },
         true);
  }

  /// In seconds since 1970.
  static double now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  }

  static std::string random_uuid() {
    std::random_device device;
    std::string text;
    for (int i = 0; i < 4; ++i) {
      std::array<char, 9> digits{};
      std::snprintf(digits.data(), digits.size(), "%08x", device());
      text += digits.data();
    }
    return text;
  }

  Tasks tasks_{this, 1};
  Owned<Database> database_{this};
  Owned<Backlog> backlog_{this};
  Owned<std::atomic<bool>> interrupted_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::SQLiteLogger)
