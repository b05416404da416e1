// SPDX-License-Identifier: MIT
// A hook that is called inside another one takes its time from that one.
#include "plugin/run/ledger.hpp"

#include <algorithm>

#include "plugin/run/session.hpp"

namespace kairos::host {

namespace {

constexpr unsigned bit(std::int32_t role) {
  return 1u << role;
}
constexpr unsigned of_weights = bit(KAIROS_ROLE_WEIGHT) | bit(KAIROS_ROLE_BUFFER) | bit(KAIROS_ROLE_SLOT);
constexpr unsigned of_batch =
    bit(KAIROS_ROLE_INPUT) | bit(KAIROS_ROLE_TARGET) | bit(KAIROS_ROLE_SAMPLE_WEIGHT);

}  // namespace

void Ledger::start(std::size_t calls) {
  if (calls > most_) {
    remembered_.reserve(calls);  // so that a hook that is measured allocates nothing
    most_ = calls;
  }
  if (is_on_) return;
  start_ = Clock::now();
  is_on_ = true;
}

std::int64_t Ledger::elapsed() const {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start_).count();
}

Ledger::Mark Ledger::begin() {
  return {elapsed(),
          std::exchange(inner_, 0),
          session_.hyper_changes,
          session_.generation,
          std::exchange(inner_hypers_, 0),
          std::exchange(inner_generation_, 0),
          session_.facts.stop.has_value()};
}

std::size_t Ledger::index_of(const kairos_call& call) {
  const auto [found, is_new] = indices_.try_emplace({call.instance, call.hook}, entries_.size());
  if (is_new) entries_.push_back({call.instance, call.hook});
  return found->second;
}

void Ledger::end(const Mark& mark, const kairos_call& call) {
  const std::int64_t now = elapsed(), whole = now - mark.began;
  const std::size_t index = index_of(call);
  Entry& entry = entries_[index];
  const std::int64_t own = whole - inner_;
  inner_ = mark.inner + whole;
  ++entry.calls;
  ++all_;
  entry.nanoseconds += own;
  entry.longest = std::max(entry.longest, own);
  const std::uint64_t hypers = session_.hyper_changes - mark.hypers;
  const std::uint64_t generation = session_.generation - mark.generation;
  entry.hypers += hypers != inner_hypers_ ? 1 : 0;
  const bool wrote = (call.written_roles & of_weights) != 0 || generation != inner_generation_;
  inner_hypers_ = mark.inner_hypers + hypers;
  inner_generation_ = mark.inner_generation + generation;
  entry.weights += wrote ? 1 : 0;
  entry.gradients += (call.written_roles & bit(KAIROS_ROLE_GRADIENT)) != 0 ? 1 : 0;
  entry.batches += (call.written_roles & of_batch) != 0 ? 1 : 0;
  const auto& stop = session_.facts.stop;
  entry.stops += !mark.stopped && stop && stop->instance == call.instance->name ? 1 : 0;
  if (remembered_.size() < most_) remembered_.push_back({index, mark.began, now});
}

}  // namespace kairos::host
