// SPDX-License-Identifier: MIT
// The host's side of the ABI: the functions behind kairos_host and its interfaces. No exception leaves them.
#include "plugin/run/host_api.hpp"

#include <cmath>
#include <cstring>
#include <forward_list>
#include <mutex>
#include <string>
#include <string_view>

#include "kairos/host/version.hpp"
#include "plugin/options/secrets.hpp"

namespace kairos::host {

namespace {

// ---------------------------------------------------------------- core

/// Records the plugin's text. If a function of the host has failed with the same status and the text does not
/// repeat its reason, the reason is added. From another thread only the status is used.
kairos_status fail(kairos_call* call, kairos_status status, kairos_str text) {
  if (status == KAIROS_OK) status = KAIROS_E_INTERNAL;
  static_cast<void>(answer(call, Moment::Loading, [&] {
    std::string own = one_line(to_abi(without_secrets(view(text), call->session->secrets)));
    const std::string& given = call->refusal;
    if (!given.empty() && call->refused_with == status && own.find(given) == std::string::npos)
      own += (own.empty() ? "" : ": ") + given;
    call->reason = std::move(own);
    return KAIROS_OK;
  }));
  return status;
}

kairos_str reason(kairos_call* call) {
  return is_on_fit_thread(call) ? to_abi(call->reason) : to_abi("");
}

void log(const kairos_host* host, std::int32_t level, kairos_str text) {
  if (!is_text(text)) return;
  with_instance(host, false, [&](const Instance& instance) {
    try {
      const bool known = level >= KAIROS_LOG_DEBUG && level <= KAIROS_LOG_ERROR;
      // A message for each line, so that no line looks like one of another author.
      const std::string shown = without_secrets(view(text), instance.session->secrets);
      for (const std::string& line : lines_of(to_abi(shown)))
        instance.session->message(known ? static_cast<Level>(level) : Level::Info, instance.name, line);
    } catch (...) {
      return false;  // a message that cannot be told ends no training
    }
    return true;
  });
}

kairos_value abi_value(const OptionValue& value) {
  return {value.type, 0, value.integer, value.number, to_abi(value.text)};
}

kairos_status option(const kairos_host* host, std::uint32_t index, kairos_value* out) {
  if (host == nullptr || out == nullptr) return KAIROS_E_INVALID;
  return with_instance(host, kairos_status{KAIROS_E_STATE}, [&](const Instance& instance) {
    const std::vector<OptionValue>& values = instance.options.values;
    if (index >= values.size()) return kairos_status{KAIROS_E_RANGE};
    *out = abi_value(values[index]);
    return kairos_status{KAIROS_OK};
  });
}

// ---------------------------------------------------------------- kairos.options/1

kairos_status is_set(const kairos_host* host, std::uint32_t index, std::int32_t* out) {
  if (host == nullptr || out == nullptr) return KAIROS_E_INVALID;
  return with_instance(host, kairos_status{KAIROS_E_STATE}, [&](const Instance& instance) {
    if (index >= instance.options.given.size()) return kairos_status{KAIROS_E_RANGE};
    *out = instance.options.given[index] ? 1 : 0;
    return kairos_status{KAIROS_OK};
  });
}

kairos_status item(const kairos_host* host, std::uint32_t index, std::uint64_t number, kairos_value* out) {
  if (host == nullptr || out == nullptr) return KAIROS_E_INVALID;
  return with_instance(host, kairos_status{KAIROS_E_STATE}, [&](const Instance& instance) {
    const std::vector<OptionValue>& values = instance.options.values;
    if (index >= values.size()) return kairos_status{KAIROS_E_RANGE};
    if (instance.manifest.options[index].type != KAIROS_TYPE_LIST) return kairos_status{KAIROS_E_INVALID};
    if (number >= values[index].items.size()) return kairos_status{KAIROS_E_RANGE};
    *out = abi_value(values[index].items[number]);
    return kairos_status{KAIROS_OK};
  });
}

kairos_str instance_name(const kairos_host* host) {
  return with_instance(host, to_abi(""), [](const Instance& instance) { return to_abi(instance.name); });
}

// ---------------------------------------------------------------- kairos.control/1

kairos_status request_stop(kairos_call* call, kairos_str reason) {
  return answer(call, Moment::SetUp, [&] {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_STOP));
    if (!is_text(reason))
      return call->refuse(KAIROS_E_INVALID, "the reason of a stop is a null pointer with a length");
    Session& session = *call->session;
    const std::string text = one_line(to_abi(without_secrets(view(reason), session.secrets)));
    session.message(Level::Debug, call->instance->name, "asks for a stop: " + text);
    if (!session.facts.stop) session.facts.stop = StopRequest{text, call->instance->name};
    return KAIROS_OK;
  });
}

std::int32_t stop_requested(kairos_call* call) {
  const bool answers = is_on_fit_thread(call) && call->moment >= Moment::SetUp;
  return answers && call->session->facts.stop.has_value() ? 1 : 0;
}

constexpr kairos_control control_table = {sizeof control_table, 0, request_stop, stop_requested};

// ---------------------------------------------------------------- kairos.optimizer/1

kairos_status refuse_hyper(kairos_call* call, kairos_str name) {
  return call->refuse(KAIROS_E_NOT_FOUND, "the optimizer has no \"" + std::string(view(name)) + "\"");
}

kairos_status hyper_get(kairos_call* call, kairos_str name, double* out) {
  return answer(call, Moment::SetUp, [&] {
    KAIROS_RETURN_IF(check_name(call, name, "the name of a hyper-parameter"));
    KAIROS_RETURN_IF(check_pointer(call, out, "the value of a hyper-parameter"));
    const std::optional<double> value = call->session->target.hyper(view(name));
    if (!value) return refuse_hyper(call, name);
    *out = *value;
    return KAIROS_OK;
  });
}

kairos_status hyper_set(kairos_call* call, kairos_str name, double value) {
  return answer(call, Moment::SetUp, [&] {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_SET_OPTIMIZER));
    KAIROS_RETURN_IF(check_name(call, name, "the name of a hyper-parameter"));
    if (!std::isfinite(value) || value < 0)
      return call->refuse(KAIROS_E_INVALID, std::string(view(name)) + " cannot be " + std::to_string(value));
    if (!call->session->target.set_hyper(view(name), value)) return refuse_hyper(call, name);
    ++call->session->hyper_changes;
    return KAIROS_OK;
  });
}

constexpr kairos_optimizer optimizer_table = {sizeof optimizer_table, 0, hyper_get, hyper_set};

// ---------------------------------------------------------------- the small ones

kairos_status evaluate(kairos_call* call, std::uint32_t index, const double* variables, std::uint32_t count,
                       double* out) {
  return answer(call, Moment::Loading, [&] {
    Instance& instance = *call->instance;
    if (index >= instance.expressions.size() || !instance.expressions[index])
      return call->refuse(KAIROS_E_RANGE, "the option is not an expression, or is not set");
    const OptionSpec& spec = instance.manifest.options[index];
    if (count != spec.choices.size())
      return call->refuse(KAIROS_E_RANGE, "option " + spec.name + " takes " +
                                              std::to_string(spec.choices.size()) + " variables");
    KAIROS_RETURN_IF(check_pointer(call, out, "the value of an expression"));
    if (count != 0) KAIROS_RETURN_IF(check_pointer(call, variables, "the list of variables"));
    const double value = instance.expressions[index]->evaluate({variables, count});
    if (std::isnan(value))
      return call->refuse(KAIROS_E_INVALID, "option " + spec.name + " has no value here: it is not a number");
    *out = value;
    return KAIROS_OK;
  });
}

constexpr kairos_expressions expressions_table = {sizeof expressions_table, 0, evaluate};

constexpr kairos_options options_table{sizeof(kairos_options), 0, is_set, item};

const void* query(const kairos_host*, const char* interface_id) {
  if (interface_id == nullptr) return nullptr;
  static constexpr struct {
    const char* id;
    const void* table;
  } known[] = {{KAIROS_LOGS, &logs_table},
               {KAIROS_CONTROL, &control_table},
               {KAIROS_OPTIMIZER, &optimizer_table},
               {KAIROS_TENSORS, &tensors_table},
               {KAIROS_MODEL, &model_table},
               {KAIROS_EXPRESSIONS, &expressions_table},
               {KAIROS_TASKS, &tasks_table},
               {KAIROS_DIST, &dist_table},
               {KAIROS_FILES, &files_table},
               {KAIROS_WEIGHTS, &weights_table},
               {KAIROS_BATCH, &batch_table},
               {KAIROS_STEP, &step_table},
               {KAIROS_RUN, &run_table},
               {KAIROS_ARTIFACTS, &artifacts_table},
               {KAIROS_INFO, &info_table},
               {KAIROS_FORWARD, &forward_table},
               {KAIROS_LEDGER, &ledger_table},
               {KAIROS_OPTIONS, &options_table}};
  for (const auto& one : known)
    if (std::strcmp(one.id, interface_id) == 0) return one.table;
  return nullptr;
}

}  // namespace

HostDoor& HostDoor::make() {
  // Reachable to the end, so that leak checkers know that they are kept on purpose.
  static std::mutex mutex;
  static auto& doors = *new std::forward_list<HostDoor>;
  const std::lock_guard lock(mutex);
  return doors.emplace_front();
}

void open_door(Instance& instance) {
  instance.door.instance = &instance;
  instance.door.name = instance.name;
  instance.door.file = instance.file;
  instance.door.host = {sizeof(kairos_host),
                        KAIROS_ABI_MAJOR,
                        KAIROS_ABI_MINOR,
                        "kairos",
                        KAIROS_HOST_VERSION,
                        &instance.door,
                        fail,
                        log,
                        option,
                        query,
                        instance_name,
                        reason};
}

}  // namespace kairos::host
