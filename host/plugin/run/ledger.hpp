// SPDX-License-Identifier: MIT
// How long hooks take and what they change (kairos.ledger/1), once a callback has asked for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "plugin/run/call.hpp"

namespace kairos::host {

class Session;
struct Instance;

class Ledger {
 public:
  /// Of a hook of an instance; the fields of kairos_ledger_entry.
  struct Entry {
    const Instance* instance;
    const char* hook;
    std::int64_t calls = 0, nanoseconds = 0, longest = 0;
    std::int64_t hypers = 0, weights = 0, gradients = 0, batches = 0, stops = 0;
  };
  struct Call {
    std::size_t entry;
    std::int64_t began, ended;
  };
  /// What the changes of a call are measured against.
  struct Mark {
    std::int64_t began, inner;  ///< not set where nothing is measured
    std::uint64_t hypers, generation;
    std::uint64_t inner_hypers, inner_generation;
    bool stopped;
  };

  explicit Ledger(const Session& session) : session_(session) {}

  /// The first `calls` calls are remembered; with the number of an earlier start, the larger one.
  void start(std::size_t calls);
  [[nodiscard]] bool is_on() const noexcept { return is_on_; }

  /// Around a call of a hook; `end` before what it has written is announced.
  [[nodiscard]] Mark begin();
  void end(const Mark& mark, const kairos_call& call);

  /// Nanoseconds since the first start.
  [[nodiscard]] std::int64_t elapsed() const;
  [[nodiscard]] const std::vector<Entry>& entries() const noexcept { return entries_; }
  [[nodiscard]] const std::vector<Call>& remembered() const noexcept { return remembered_; }
  [[nodiscard]] std::uint64_t all() const noexcept { return all_; }

 private:
  using Clock = std::chrono::steady_clock;
  using Key = std::pair<const Instance*, const char*>;
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<const void*>()(key.first) * 31 + std::hash<const void*>()(key.second);
    }
  };
  [[nodiscard]] std::size_t index_of(const kairos_call& call);

  const Session& session_;
  bool is_on_ = false;
  Clock::time_point start_;
  std::size_t most_ = 0;
  std::uint64_t all_ = 0;
  std::int64_t inner_ = 0;  ///< time of the calls inside the one that is running
  std::uint64_t inner_hypers_ = 0, inner_generation_ = 0;  ///< what they have changed
  std::vector<Entry> entries_;
  std::vector<Call> remembered_;
  std::unordered_map<Key, std::size_t, Hash> indices_;
};

}  // namespace kairos::host
