// SPDX-License-Identifier: MIT
// kairos.ledger/1 of the test host: what the test says that hooks have done.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "kairos/testing/host.hpp"
#include "kairos/testing/table_parts.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {
namespace tables {

inline kairos_status need_started(kairos_call* call) {
  if (Call::of(call).host->ledger_started) return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_STATE, "hooks are not measured; call start first");
}

inline kairos_status ledger_start(kairos_call* call, std::uint64_t calls) {
  KAIROS_TESTING_ENTER("ledger.start");
  if (calls > 10000000)
    return Call::of(call).refuse(KAIROS_E_RANGE, std::to_string(calls) + " calls are too many");
  host.ledger_started = std::max(host.ledger_started.value_or(0), calls);
  return KAIROS_OK;
}
inline kairos_status ledger_elapsed(kairos_call* call, std::int64_t* out) {
  KAIROS_TESTING_ENTER("ledger.elapsed");
  if (const kairos_status status = need_started(call); status != KAIROS_OK) return status;
  *out = host.ledger_elapsed.count();
  return KAIROS_OK;
}
inline kairos_status ledger_count(kairos_call* call, std::uint64_t* entries, std::uint64_t* remembered,
                                  std::uint64_t* all) {
  KAIROS_TESTING_ENTER("ledger.count");
  if (const kairos_status status = need_started(call); status != KAIROS_OK) return status;
  if (entries != nullptr) *entries = host.ledger.size();
  if (remembered != nullptr) *remembered = host.ledger_calls.size();
  if (all == nullptr) return KAIROS_OK;
  *all = 0;
  for (const LedgerEntry& entry : host.ledger) *all += static_cast<std::uint64_t>(entry.calls);
  return KAIROS_OK;
}
inline kairos_status ledger_entry(kairos_call* call, std::uint64_t index, kairos_ledger_entry* out) {
  KAIROS_TESTING_ENTER("ledger.entry");
  if (const kairos_status status = need_started(call); status != KAIROS_OK) return status;
  if (index >= host.ledger.size()) return Call::of(call).refuse(KAIROS_E_RANGE, "there is no such hook");
  const LedgerEntry& entry = host.ledger[index];
  kairos_ledger_entry found{};
  found.instance = detail::to_abi(entry.instance);
  found.hook = detail::to_abi(entry.hook);
  found.calls = entry.calls;
  found.nanoseconds = entry.nanoseconds;
  found.longest = entry.longest;
  found.hypers = entry.hypers;
  found.weights = entry.weights;
  found.gradients = entry.gradients;
  found.batches = entry.batches;
  found.stops = entry.stops;
  return give(call, found, out);
}
inline kairos_status ledger_remembered(kairos_call* call, std::uint64_t index, kairos_ledger_call* out) {
  KAIROS_TESTING_ENTER("ledger.remembered");
  if (const kairos_status status = need_started(call); status != KAIROS_OK) return status;
  if (index >= host.ledger_calls.size())
    return Call::of(call).refuse(KAIROS_E_RANGE, "there is no such call");
  kairos_ledger_call found{};
  found.entry = host.ledger_calls[index].entry;
  found.began = host.ledger_calls[index].began;
  found.ended = host.ledger_calls[index].ended;
  return give(call, found, out);
}

inline constexpr kairos_ledger ledger = {
    sizeof(kairos_ledger), 0, &ledger_start, &ledger_elapsed, &ledger_count, &ledger_entry,
    &ledger_remembered};

}  // namespace tables
}  // namespace testing
}  // namespace v1
}  // namespace kairos
