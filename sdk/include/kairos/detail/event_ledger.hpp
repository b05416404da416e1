// SPDX-License-Identifier: MIT
// The part of kairos::Event about the time and the changes of hooks (kairos.ledger/1).
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kairos/detail/event_forward.hpp"

namespace kairos {
inline namespace v1 {

/// What a hook of an instance has done: numbers of calls, and times in nanoseconds.
struct LedgerEntry {
  std::string_view instance, hook;  ///< borrowed until the callback is destroyed
  std::int64_t calls = 0, nanoseconds = 0, longest = 0;
  /// Calls in which it set a hyper-parameter; wrote, replaced or swapped weights or slots; wrote gradients;
  /// wrote to the batch; was the first to request a stop.
  std::int64_t hypers = 0, weights = 0, gradients = 0, batches = 0, stops = 0;
};

/// A call of a hook: the index of its entry, and when it began and ended, in nanoseconds since the start.
struct LedgerCall {
  std::uint64_t entry = 0;
  std::int64_t began = 0, ended = 0;
};

namespace detail {

/// The host measures hooks if a callback asks for it. All functions throw KAIROS_E_UNSUPPORTED if the host
/// does not offer the interface, and but for start_ledger KAIROS_E_STATE before it.
class EventLedger : public EventForward {
 public:
  using EventForward::EventForward;

  /// In setup or later: from here on, hooks are measured, and the first `calls` calls remembered.
  void start_ledger(std::uint64_t calls = 0) { check(book().start(call_, calls), "measuring hooks"); }
  /// Since the start.
  [[nodiscard]] std::chrono::nanoseconds ledger_elapsed() const {
    std::int64_t elapsed = 0;
    check(book().elapsed(call_, &elapsed), "reading the time since hooks are measured");
    return std::chrono::nanoseconds(elapsed);
  }
  /// One entry for each hook that was called, in the order of their first calls.
  [[nodiscard]] std::vector<LedgerEntry> ledger() const {
    std::uint64_t count = 0;
    check(book().count(call_, &count, nullptr, nullptr), "counting hooks");
    std::vector<LedgerEntry> entries;
    for (std::uint64_t i = 0; i < count; ++i) {
      kairos_ledger_entry out{};
      out.size = sizeof out;
      check(book().entry(call_, i, &out), "reading what a hook has done");
      entries.push_back({from_abi(out.instance), from_abi(out.hook), out.calls, out.nanoseconds, out.longest,
                         out.hypers, out.weights, out.gradients, out.batches, out.stops});
    }
    return entries;
  }
  /// The calls that are remembered, in the order in which they ended.
  [[nodiscard]] std::vector<LedgerCall> ledger_calls() const {
    std::uint64_t count = 0;
    check(book().count(call_, nullptr, &count, nullptr), "counting calls of hooks");
    std::vector<LedgerCall> calls;
    for (std::uint64_t i = 0; i < count; ++i) {
      kairos_ledger_call out{};
      out.size = sizeof out;
      check(book().remembered(call_, i, &out), "reading a call of a hook");
      calls.push_back({out.entry, out.began, out.ended});
    }
    return calls;
  }

 private:
  [[nodiscard]] const kairos_ledger& book() const { return need(interfaces_.ledger, KAIROS_LEDGER); }
};

}  // namespace detail
}  // namespace v1
}  // namespace kairos
