// SPDX-License-Identifier: MIT
// Calls of the host with a number that may be wrong, for abi_numbers_test.cpp.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "host/plugin/probe.hpp"

namespace kairos::tests::tried {

using Answer = std::function<std::int64_t(std::int64_t)>;

/// KAIROS_OK for these numbers, `otherwise` for all others.
inline Answer only(std::set<std::int64_t> good, kairos_status otherwise) {
  return [good = std::move(good), otherwise](std::int64_t number) {
    return std::int64_t{good.contains(number) ? KAIROS_OK : otherwise};
  };
}

/// What the rows use besides the host.
struct Bench {
  std::string file;        ///< a path that may be saved to
  std::uint64_t slot = 0;  ///< the only snapshot
  std::vector<ProbeRun::Message>* messages = nullptr;
};

struct Row {
  const char* parameter;
  const char* hook;  ///< where it is tried
  std::function<std::int64_t(const Visit&, Bench&, std::int64_t)> ask;
  Answer expected;
};

inline std::int64_t level_of(const Visit& visit, Bench& bench, std::int64_t level) {
  visit.host->log(visit.host, static_cast<std::int32_t>(level), text("hello"));
  return static_cast<std::int64_t>(bench.messages->back().level);
}

inline kairos_status borrow(const Visit& visit, std::int64_t role, std::int64_t index, std::int64_t access) {
  kairos_tensor out{};
  out.size = sizeof out;
  return visit.tensors().borrow(visit.call, static_cast<std::int32_t>(role),
                                static_cast<std::uint32_t>(index), static_cast<std::int32_t>(access), &out);
}

inline kairos_status lend(const Visit& visit, std::int64_t slot, std::int64_t index, std::int64_t access) {
  kairos_tensor out{};
  out.size = sizeof out;
  return visit.weights().borrow(visit.call, static_cast<std::uint64_t>(slot),
                                static_cast<std::uint32_t>(index), static_cast<std::int32_t>(access), &out);
}

inline kairos_status evaluate(const Visit& visit, std::int64_t option, std::int64_t count) {
  const double variable = 1;
  double out = 0;
  return visit.expressions().evaluate(visit.call, static_cast<std::uint32_t>(option), &variable,
                                      static_cast<std::uint32_t>(count), &out);
}

inline kairos_status was_set(const Visit& visit, std::int64_t option) {
  std::int32_t out = 0;
  return visit.options().is_set(visit.host, static_cast<std::uint32_t>(option), &out);
}

inline kairos_status item_of(const Visit& visit, std::int64_t option, std::int64_t item) {
  kairos_value out;
  return visit.options().item(visit.host, static_cast<std::uint32_t>(option),
                              static_cast<std::uint64_t>(item), &out);
}

/// A key keeps its direction, so each has one of its own.
inline kairos_status declare(const Visit& visit, std::int64_t direction) {
  std::uint32_t index = 0;
  const char* const name = direction == KAIROS_DIRECTION_MAX ? "maximized" : "declared";
  return visit.logs().declare(visit.call, text(name), static_cast<std::int32_t>(direction), &index);
}

/// A snapshot that is made only to be tried is dropped again.
inline kairos_status snapshot(const Visit& visit, std::int64_t number) {
  auto slot = static_cast<std::uint64_t>(number);
  const kairos_status status = visit.model().snapshot(visit.call, &slot);
  if (number == 0) visit.model().drop(visit.call, slot);
  return status;
}

inline kairos_status replace(const Visit& visit, std::int64_t role, std::int64_t index) {
  float value = 1;
  std::int64_t shape = 1;
  const kairos_view view = {&value, {1, 0}, 1, {2, 32, 1}, &shape, nullptr, 0};
  return visit.batch().replace(visit.call, static_cast<std::int32_t>(role), static_cast<std::uint32_t>(index),
                               &view);
}

inline kairos_status evaluate_data(const Visit& visit, std::int64_t source, std::int64_t first,
                                   std::int64_t count, std::int64_t capacity) {
  double found[8] = {};
  return visit.forward().evaluate(visit.call, static_cast<std::int32_t>(source), first, count, found,
                                  static_cast<std::uint32_t>(capacity));
}

inline kairos_status predict(const Visit& visit, std::int64_t count) {
  float value = 1;
  std::int64_t shape[] = {1, 1};
  const kairos_view view = {&value, {1, 0}, 2, {2, 32, 1}, shape, nullptr, 0};
  return visit.forward().predict(visit.call, &view, static_cast<std::uint32_t>(count));
}

inline kairos_status try_step(const Visit& visit, std::int64_t batch, std::int64_t batch_size) {
  double loss = 0;
  return visit.forward().trial_step(visit.call, batch, batch_size, &loss);
}

}  // namespace kairos::tests::tried
