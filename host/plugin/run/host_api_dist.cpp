// SPDX-License-Identifier: MIT
// kairos.dist/1: the ranks of a distributed training, and what they exchange.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/rank_calls.hpp"
#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

std::int32_t dist_rank(const kairos_host* host) {
  return with_instance(host, std::int32_t{0},
                       [](const Instance& instance) { return instance.session->facts.rank; });
}

std::int32_t dist_world(const kairos_host* host) {
  return with_instance(host, std::int32_t{1},
                       [](const Instance& instance) { return instance.session->facts.world; });
}

/// Hooks that all ranks reach before they do anything else together.
bool is_meeting(const kairos_call& call) {
  const HookLists& hooks = call.session->hooks;
  const std::array meetings{&hooks.on_train_begin,     &hooks.on_epoch_begin,    &hooks.on_train_batch_begin,
                            &hooks.on_train_batch_end, &hooks.on_test_batch_end, &hooks.on_test_end,
                            &hooks.on_epoch_end};
  return std::ranges::any_of(meetings, [&](const HookList* list) { return call.hook == list->name; });
}

/// Runs `work(ranks)` unless the process is alone. `what` is the call with its numbers.
template <class Work>
kairos_status together(kairos_call* call, const std::string& what, Work&& work) {
  if (!is_meeting(*call))
    return call->refuse(KAIROS_E_STATE,
                        "ranks exchange values in on_train_begin, on_epoch_begin, on_train_batch_begin, "
                        "on_train_batch_end, on_test_batch_end, on_test_end and on_epoch_end, not in " +
                            std::string(call->hook));
  Session& session = *call->session;
  Ranks* const ranks = session.options.ranks;
  if (ranks == nullptr) return KAIROS_OK;
  if (!Session::runs_everywhere(call->instance->manifest))
    return call->refuse(KAIROS_E_DENIED,
                        "the callback runs on rank 0 alone: declare every_rank, or a phase before report");
  require_in_step(*ranks, fmt::format("{}: {} in {}, epoch {}, batch {}", call->instance->name, what,
                                      call->hook, session.facts.epoch, session.facts.batch.batch));
  work(*ranks);
  return KAIROS_OK;
}

kairos_status dist_broadcast(kairos_call* call, std::int32_t root, void* bytes, std::uint64_t count) {
  const auto work = [&]() -> kairos_status {
    if (count != 0) KAIROS_RETURN_IF(check_pointer(call, bytes, "the bytes"));
    if (root < 0 || root >= call->session->facts.world)
      return refuse_number(call, KAIROS_E_RANGE, "the rank that broadcasts", root, "a rank, from 0");
    return together(call, fmt::format("broadcast of {} bytes by rank {}", count, root), [&](Ranks& ranks) {
      ranks.broadcast(root, {static_cast<std::byte*>(bytes), static_cast<std::size_t>(count)});
    });
  };
  return answer(call, Moment::Running, work, KAIROS_E_STATE);
}

std::optional<Reduction> reduction_of(std::int32_t operation) {
  if (operation == KAIROS_REDUCE_SUM) return Reduction::Sum;
  if (operation == KAIROS_REDUCE_MIN) return Reduction::Min;
  if (operation == KAIROS_REDUCE_MAX) return Reduction::Max;
  return std::nullopt;
}

kairos_status dist_all_reduce(kairos_call* call, std::int32_t operation, double* values,
                              std::uint64_t count) {
  const auto work = [&]() -> kairos_status {
    const std::optional<Reduction> how = reduction_of(operation);
    if (!how)
      return refuse_number(call, KAIROS_E_INVALID, "the operation on the values of all ranks", operation,
                           "KAIROS_REDUCE_SUM (1), KAIROS_REDUCE_MIN (2) or KAIROS_REDUCE_MAX (3)");
    if (count != 0) KAIROS_RETURN_IF(check_pointer(call, values, "the values"));
    return together(call, fmt::format("all_reduce {} of {} values", operation, count), [&](Ranks& ranks) {
      ranks.reduce(*how, {values, static_cast<std::size_t>(count)});
    });
  };
  return answer(call, Moment::Running, work, KAIROS_E_STATE);
}

}  // namespace

const kairos_dist dist_table = {sizeof dist_table, 0, dist_rank, dist_world, dist_broadcast, dist_all_reduce};

}  // namespace kairos::host
