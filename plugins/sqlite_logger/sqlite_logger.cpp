// SPDX-License-Identifier: MIT
// Writes the logs of each epoch to an SQLite database, which may have many runs.
#include <kairos/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../common/output_place.hpp"
#include "database.hpp"

namespace kairos::plugins {

/// For comparing many runs by SQL, where CSVLogger has a file for each. Epochs are written by tasks, so that
/// another process that holds the database does not delay the training.
struct SQLiteLogger : Callback<SQLiteLogger> {
  static constexpr auto id = "kairos.SQLiteLogger";
  static constexpr auto summary = "Writes the logs of each epoch to an SQLite database.";
  static constexpr auto phase = Phase::Report;

  Option<OutputPath> filename{this, "filename", required,
                              "database; it and missing directories are created, and runs are added"};
  Option<std::string_view> name{this, "name", unset, "name of the run; that of the run directory if not set"};

  State<std::int64_t> run_id{this, "run_id", 0};  ///< in the database

  void setup(Run&) { check_output_place(std::string(filename.value()), Writing::InPlace); }

  void on_train_begin(Run& run) {
    const std::filesystem::path file = std::string(filename.value());
    database_->open(file);
    if (run.resumed() && database_->resume_run(run_id, run.initial_epoch())) return;
    if (run.resumed())
      run.print(
          file.string() + " has no run " + std::to_string(run_id) +
              ", which this one continues: earlier epochs are lost. To keep them, end this run, restore "
              "the file and resume again",
          Level::Warning);
    const std::string directory(run.run_dir());
    run_id = database_->add_run(
        name.is_set() ? std::string(name.value()) : std::filesystem::path(directory).filename().string(),
        directory, now());
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
  void on_fault(Fault& fault) { finish("fault", fault.message()); }

 private:
  template <class Work>
  void post(Work work) {
    if (!database_->is_open()) return;  // Opening failed, and on_error=warn continues.
    if (!tasks_.post(std::move(work), when_full::refuse, when_interrupted::finish))
      throw Error(KAIROS_E_IO, "the database is busy for so long that " + std::to_string(room) +
                                   " epochs wait. End the program that holds it");
  }

  void finish(const char* outcome, std::string_view reason) {
    post([this, run = run_id.value(), ended = now(), outcome, text = std::string(reason)] {
      database_->end_run(run, ended, outcome, text);
    });
  }

  /// In seconds since 1970.
  static double now() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  }

  static constexpr std::uint32_t room = 64;
  Tasks tasks_{this, room};
  Owned<Database> database_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::SQLiteLogger)
