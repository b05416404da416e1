// SPDX-License-Identifier: MIT
// The part of kairos::Event about distributed training (kairos.dist/1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "kairos/detail/event_ledger.hpp"

namespace kairos {
inline namespace v1 {

/// How the values of all ranks become one.
enum class Reduce : std::int32_t {
  Sum = KAIROS_REDUCE_SUM,
  Min = KAIROS_REDUCE_MIN,
  Max = KAIROS_REDUCE_MAX
};

namespace detail {

class EventRanks : public EventLedger {
 public:
  using EventLedger::EventLedger;

  /// Rank of this process in distributed training; 0 in a single process.
  [[nodiscard]] std::int32_t rank() const {
    return interfaces_.dist == nullptr ? 0 : interfaces_.dist->rank(interfaces_.host);
  }
  /// Number of ranks; 1 in a single process.
  [[nodiscard]] std::int32_t ranks() const {
    return interfaces_.dist == nullptr ? 1 : interfaces_.dist->world(interfaces_.host);
  }
  /// Replaces each of `count` values by the sum, the least or the largest of all ranks. Every rank makes the
  /// same call in the same hook: of on_train_begin, on_epoch_begin, on_train_batch_begin,
  /// on_train_batch_end, on_test_batch_end, on_test_end and on_epoch_end. Changes nothing in a single
  /// process. Throws KAIROS_E_STATE in other hooks, and if another rank does something else; KAIROS_E_DENIED
  /// for a callback that does not run on every rank.
  void all_reduce(Reduce operation, double* values, std::size_t count) {
    check(ranks_table().all_reduce(call_, static_cast<std::int32_t>(operation), values, count),
          "reducing values of all ranks");
  }
  /// Replaces `count` bytes by those of rank `root`. Throws as all_reduce.
  void broadcast(std::int32_t root, void* bytes, std::size_t count) {
    check(ranks_table().broadcast(call_, root, bytes, count), "broadcasting to all ranks");
  }

 protected:
  [[nodiscard]] const kairos_dist& ranks_table() const { return need(interfaces_.dist, KAIROS_DIST); }
};

}  // namespace detail
}  // namespace v1
}  // namespace kairos
