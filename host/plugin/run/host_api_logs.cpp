// SPDX-License-Identifier: MIT
// kairos.logs/1: the keys and values of the logs, and what callbacks add to them.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "plugin/log_key.hpp"
#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

std::uint32_t logs_count(kairos_call* call) {
  if (!is_on_fit_thread(call) || call->moment < Moment::SetUp) return 0;
  return static_cast<std::uint32_t>(call->session->board.keys().size());
}

/// The index is one of a key.
kairos_status check_key(kairos_call* call, std::uint32_t index) {
  const std::size_t count = call->session->board.keys().size();
  if (index < count) return KAIROS_OK;
  return call->refuse(KAIROS_E_RANGE,
                      "key " + std::to_string(index) + " of " + std::to_string(count) + " keys of the logs");
}

kairos_status logs_key(kairos_call* call, std::uint32_t index, kairos_log_key* out) {
  return answer(call, Moment::SetUp, [&] {
    KAIROS_RETURN_IF(check_out(call, out, "kairos_log_key"));
    KAIROS_RETURN_IF(check_key(call, index));
    const LogBoard& board = call->session->board;
    kairos_log_key key{};
    key.direction = static_cast<std::int32_t>(board.keys()[index].direction);
    key.name = to_abi(board.lasting_name(index));
    deliver(out, key);
    return KAIROS_OK;
  });
}

kairos_status logs_find(kairos_call* call, kairos_str name, std::uint32_t* index) {
  return answer(call, Moment::SetUp, [&] {
    KAIROS_RETURN_IF(check_name(call, name, "the name of a key"));
    KAIROS_RETURN_IF(check_pointer(call, index, "the index of a key"));
    const auto found = call->session->board.find(view(name));
    if (!found)
      return call->decline(KAIROS_E_NOT_FOUND, "the logs have no \"" + std::string(view(name)) + "\"");
    *index = *found;
    return KAIROS_OK;
  });
}

kairos_status logs_value(kairos_call* call, std::uint32_t index, double* out) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_pointer(call, out, "the value of a key"));
    KAIROS_RETURN_IF(check_key(call, index));
    LogBoard& board = call->session->board;
    const std::optional<double> value = board.value(index);
    if (!value)
      return call->decline(KAIROS_E_NOT_FOUND,
                           "\"" + board.keys()[index].name + "\" has no value in this event");
    *out = *value;
    return KAIROS_OK;
  });
}

kairos_status logs_declare(kairos_call* call, kairos_str name, std::int32_t direction, std::uint32_t* index) {
  const auto declare = [&] {
    if (call->moment != Moment::SetUp || call->hook != call->session->hooks.setup.name)
      return call->refuse(KAIROS_E_STATE, "keys are declared in setup");
    KAIROS_RETURN_IF(check_name(call, name, "the name of a key"));
    KAIROS_RETURN_IF(check_pointer(call, index, "the index of a key"));
    if (direction < KAIROS_DIRECTION_UNKNOWN || direction > KAIROS_DIRECTION_MAX)
      return refuse_number(call, KAIROS_E_INVALID, "the direction of a key", direction,
                           "KAIROS_DIRECTION_UNKNOWN (0), _MIN (1) or _MAX (2)");
    LogBoard& board = call->session->board;
    if (const std::string fault = log_key_fault(view(name)); !fault.empty() && !board.find(view(name)))
      return call->refuse(KAIROS_E_INVALID, fault);
    *index = board.claim({std::string(view(name)), static_cast<Direction>(direction)}, call->instance->name);
    call->instance->published.push_back(*index);
    return kairos_status{KAIROS_OK};
  };
  return answer(call, Moment::SetUp, declare, KAIROS_E_INVALID);
}

/// The learning rate that the event tells; of a batch or a test, the current one.
double rate_of_event(const kairos_call& call) {
  const Session& session = *call.session;
  if (call.moment == Moment::EpochEnd) return session.facts.used_rate;
  return session.target.hyper(shared_key).value_or(std::numeric_limits<double>::quiet_NaN());
}

kairos_status logs_publish(kairos_call* call, std::uint32_t index, double value) {
  return answer(call, Moment::Running, [&] {
    const HookLists& hooks = call->session->hooks;
    if (call->moment != Moment::EpochEnd && call->hook != hooks.on_train_batch_end.name &&
        call->hook != hooks.on_test_end.name)
      return call->refuse(KAIROS_E_STATE, std::string("values are published in on_train_batch_end, "
                                                      "on_test_end and on_epoch_end, not in ") +
                                              call->hook);
    KAIROS_RETURN_IF(check_key(call, index));
    LogBoard& board = call->session->board;
    const std::vector<std::uint32_t>& own = call->instance->published;
    if (std::find(own.begin(), own.end(), index) == own.end() || !board.is_published(index))
      return call->refuse(KAIROS_E_DENIED, "the callback may not publish this key; name it in `publishes`");
    const double rate = rate_of_event(*call);
    const bool same = value == rate || (std::isnan(value) && std::isnan(rate));
    if (board.keys()[index].name == shared_key && !same)
      return call->refuse(KAIROS_E_INVALID, "learning_rate is the rate that the event tells, not another");
    board.publish(index, value);
    return KAIROS_OK;
  });
}

}  // namespace

const kairos_logs logs_table = {sizeof logs_table, 0,          logs_count,   logs_key,
                                logs_find,         logs_value, logs_declare, logs_publish};

}  // namespace kairos::host
