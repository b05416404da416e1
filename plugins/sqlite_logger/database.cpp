// SPDX-License-Identifier: MIT
// Statements of the tables `runs` and `logs`; values are bound, never part of a statement.
#include "database.hpp"

#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <kairos/error.hpp>
#include <string>
#include <system_error>

namespace kairos::plugins {

/// A statement with its values, in order.
class Database::Statement {
 public:
  Statement(Database& database, const char* sql) : database_(database) {
    if (::sqlite3_prepare_v2(database.connection_.get(), sql, -1, &raw_, nullptr) != SQLITE_OK)
      database.fail("write");
  }
  ~Statement() { ::sqlite3_finalize(raw_); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  Statement& with(std::int64_t value) {
    ::sqlite3_bind_int64(raw_, ++bound_, value);
    return *this;
  }
  Statement& with(double value) {
    ::sqlite3_bind_double(raw_, ++bound_, value);
    return *this;
  }
  Statement& with(const std::string& value) {
    ::sqlite3_bind_text(raw_, ++bound_, value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    return *this;
  }
  void run() {
    if (::sqlite3_step(raw_) != SQLITE_DONE) database_.fail("write");
    ::sqlite3_reset(raw_);
    bound_ = 0;
  }

 private:
  Database& database_;
  sqlite3_stmt* raw_ = nullptr;
  int bound_ = 0;
};

/// All of its statements, or none.
class Database::Transaction {
 public:
  explicit Transaction(Database& database) : database_(database) { database.run("BEGIN IMMEDIATE"); }
  ~Transaction() {
    if (!is_done_) ::sqlite3_exec(database_.connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
  }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit() {
    database_.run("COMMIT");
    is_done_ = true;
  }

 private:
  Database& database_;
  bool is_done_ = false;
};

void Database::Close::operator()(sqlite3* connection) const {
  ::sqlite3_close(connection);
}

void Database::fail(const char* what) const {
  const std::string text =
      std::string("cannot ") + what + ' ' + file_.string() + ": " + ::sqlite3_errmsg(connection_.get());
  if (::sqlite3_errcode(connection_.get()) == SQLITE_BUSY)
    throw Busy(KAIROS_E_IO, text + ". End the program that holds it");
  throw Error(KAIROS_E_IO, text + ". Free the path or choose another");
}

void Database::run(const char* sql) {
  if (::sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) fail("write");
}

void Database::open(const std::filesystem::path& file) {
  constexpr std::chrono::seconds patience{5};
  file_ = file;
  std::error_code ignored;  // opening the file says why it fails
  std::filesystem::create_directories(file.parent_path(), ignored);
  sqlite3* connection = nullptr;
  const int status =
      ::sqlite3_open_v2(file.c_str(), &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  connection_.reset(connection);
  if (status != SQLITE_OK) fail("open");
  wait_for_others(patience);
  // Readers then do not delay writers. A file system that has no such mode keeps the usual one.
  ::sqlite3_exec(connection, "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
  Transaction transaction(*this);
  run("CREATE TABLE IF NOT EXISTS runs(id INTEGER PRIMARY KEY, uuid TEXT NOT NULL, name TEXT NOT NULL,"
      " directory TEXT NOT NULL, began REAL NOT NULL, ended REAL, outcome TEXT, reason TEXT)");
  run("CREATE TABLE IF NOT EXISTS logs(run INTEGER NOT NULL REFERENCES runs(id), epoch INTEGER NOT NULL,"
      " step INTEGER NOT NULL, key TEXT NOT NULL, value REAL, PRIMARY KEY(run, epoch, key)) WITHOUT ROWID");
  transaction.commit();
}

void Database::wait_for_others(std::chrono::milliseconds patience) {
  ::sqlite3_busy_timeout(connection_.get(), static_cast<int>(patience.count()));
}

std::int64_t Database::add_run(const std::string& uuid, const std::string& name, const std::string& directory,
                               double began) {
  Statement(*this, "INSERT INTO runs(uuid, name, directory, began) VALUES(?, ?, ?, ?)")
      .with(uuid)
      .with(name)
      .with(directory)
      .with(began)
      .run();
  return ::sqlite3_last_insert_rowid(connection_.get());
}

bool Database::resume_run(std::int64_t run, const std::string& uuid, std::int64_t first_epoch) {
  Transaction transaction(*this);
  Statement(*this, "UPDATE runs SET ended = NULL, outcome = NULL, reason = NULL WHERE id = ? AND uuid = ?")
      .with(run)
      .with(uuid)
      .run();
  if (::sqlite3_changes(connection_.get()) == 0) return false;
  Statement(*this, "DELETE FROM logs WHERE run = ? AND epoch >= ?").with(run).with(first_epoch).run();
  transaction.commit();
  return true;
}

void Database::add_logs(std::int64_t run, std::int64_t epoch, std::int64_t step, const Logs& logs) {
  Transaction transaction(*this);
  Statement insert(*this, "INSERT OR REPLACE INTO logs(run, epoch, step, key, value) VALUES(?, ?, ?, ?, ?)");
  for (const auto& [key, value] : logs) insert.with(run).with(epoch).with(step).with(key).with(value).run();
  transaction.commit();
}

void Database::end_run(std::int64_t run, double ended, const std::string& outcome,
                       const std::string& reason) {
  Statement(*this, "UPDATE runs SET ended = ?, outcome = ?, reason = ? WHERE id = ?")
      .with(ended)
      .with(outcome)
      .with(reason)
      .with(run)
      .run();
}

}  // namespace kairos::plugins
