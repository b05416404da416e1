// SPDX-License-Identifier: MIT
// The SQLite file of runs and their logs.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <kairos/error.hpp>
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct sqlite3;

namespace kairos::plugins {

/// Another process has locked the database for longer than the patience of the call.
struct Busy : Error {
  using Error::Error;
};

/// One connection, used by one thread at a time. Every function is a transaction, and waits for other
/// processes, first for five seconds. Errors are thrown as kairos::Error, Busy if the same call may succeed
/// later.
class Database {
 public:
  using Logs = std::vector<std::pair<std::string, double>>;

  /// Creates the file and the tables that are missing.
  void open(const std::filesystem::path& file);
  /// For so long, from now on.
  void wait_for_others(std::chrono::milliseconds patience);
  [[nodiscard]] bool is_open() const { return connection_ != nullptr; }

  /// Adds a run, and returns its id. `uuid` tells it from runs that have this id in other databases.
  std::int64_t add_run(const std::string& uuid, const std::string& name, const std::string& directory,
                       double began);
  /// Removes what the run writes again from this epoch on. False if the file has no such run.
  bool resume_run(std::int64_t run, const std::string& uuid, std::int64_t first_epoch);
  /// NaN becomes NULL, as always in SQLite.
  void add_logs(std::int64_t run, std::int64_t epoch, std::int64_t step, const Logs& logs);
  void end_run(std::int64_t run, double ended, const std::string& outcome, const std::string& reason);

 private:
  struct Close {
    void operator()(sqlite3* connection) const;
  };
  class Statement;
  class Transaction;

  void run(const char* sql);
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Close> connection_;
};

}  // namespace kairos::plugins
