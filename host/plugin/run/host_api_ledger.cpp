// SPDX-License-Identifier: MIT
// kairos.ledger/1: reading what the host has measured.
#include <cstdint>
#include <string>

#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

constexpr std::uint64_t most_calls = 10000000;

/// Runs `work` with the ledger of a run that is measured.
template <class Work>
kairos_status read_ledger(kairos_call* call, Work&& work) noexcept {
  return answer(call, Moment::SetUp, [&] {
    const Ledger& ledger = call->session->ledger;
    if (!ledger.is_on())
      return call->refuse(KAIROS_E_STATE, "hooks are not measured; call start of kairos.ledger/1 first");
    return work(ledger);
  });
}

kairos_status refuse_index(kairos_call* call, const char* what, std::uint64_t index, std::uint64_t count) {
  return call->refuse(KAIROS_E_RANGE,
                      std::string(what) + ' ' + std::to_string(index) + " of " + std::to_string(count));
}

kairos_status start(kairos_call* call, std::uint64_t calls) {
  return answer(call, Moment::SetUp, [&] {
    if (calls > most_calls)
      return call->refuse(KAIROS_E_RANGE, std::to_string(calls) +
                                              " calls of hooks cannot be remembered; at "
                                              "most " +
                                              std::to_string(most_calls));
    call->session->ledger.start(static_cast<std::size_t>(calls));
    return kairos_status{KAIROS_OK};
  });
}

kairos_status elapsed(kairos_call* call, std::int64_t* out) {
  return read_ledger(call, [&](const Ledger& ledger) {
    KAIROS_RETURN_IF(check_pointer(call, out, "the time"));
    *out = ledger.elapsed();
    return kairos_status{KAIROS_OK};
  });
}

kairos_status count(kairos_call* call, std::uint64_t* entries, std::uint64_t* remembered,
                    std::uint64_t* all) {
  return read_ledger(call, [&](const Ledger& ledger) {
    if (entries != nullptr) *entries = ledger.entries().size();
    if (remembered != nullptr) *remembered = ledger.remembered().size();
    if (all != nullptr) *all = ledger.all();
    return kairos_status{KAIROS_OK};
  });
}

kairos_status entry(kairos_call* call, std::uint64_t index, kairos_ledger_entry* out) {
  return read_ledger(call, [&](const Ledger& ledger) {
    KAIROS_RETURN_IF(check_out(call, out, "kairos_ledger_entry"));
    if (index >= ledger.entries().size()) return refuse_index(call, "hook", index, ledger.entries().size());
    const Ledger::Entry& found = ledger.entries()[index];
    deliver(out,
            kairos_ledger_entry{sizeof(kairos_ledger_entry), 0, to_abi(found.instance->door.name),
                                to_abi(found.hook), found.calls, found.nanoseconds, found.longest,
                                found.hypers, found.weights, found.gradients, found.batches, found.stops});
    return kairos_status{KAIROS_OK};
  });
}

kairos_status remembered(kairos_call* call, std::uint64_t index, kairos_ledger_call* out) {
  return read_ledger(call, [&](const Ledger& ledger) {
    KAIROS_RETURN_IF(check_out(call, out, "kairos_ledger_call"));
    if (index >= ledger.remembered().size())
      return refuse_index(call, "call", index, ledger.remembered().size());
    const Ledger::Call& found = ledger.remembered()[index];
    deliver(out, kairos_ledger_call{sizeof(kairos_ledger_call), 0, found.entry, found.began, found.ended});
    return kairos_status{KAIROS_OK};
  });
}

}  // namespace

const kairos_ledger ledger_table = {sizeof ledger_table, 0, start, elapsed, count, entry, remembered};

}  // namespace kairos::host
