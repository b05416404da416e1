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

/// Appends the host's last refusal to the text. From another thread only the status is used.
kairos_status fail(kairos_call* call, kairos_status status, kairos_str text) {
  if (status == KAIROS_OK) status = KAIROS_E_INTERNAL;
  if (check_moment(call, Moment::Loading) != KAIROS_OK) return status;
  return translated(call, [&] {
    std::string reason(view(text));
    if (!call->reason.empty() && call->reason_status == status) reason += ": " + call->reason;
    return call->refuse(status, std::move(reason));
  });
}

void log(const kairos_host* host, std::int32_t level, kairos_str text) {
  with_instance(host, false, [&](const Instance& instance) {
    try {
      instance.session->message(static_cast<Level>(level), instance.name, view(text));
    } catch (...) {
      return false;  // a message that cannot be told ends no training
    }
    return true;
  });
}

kairos_status option(const kairos_host* host, std::uint32_t index, kairos_value* out) {
  return with_instance(host, kairos_status{KAIROS_E_STATE}, [&](const Instance& instance) {
    const std::vector<OptionValue>& values = instance.options.values;
    if (index >= values.size()) return kairos_status{KAIROS_E_RANGE};
    const OptionValue& value = values[index];
    *out = {value.type, 0, value.integer, value.number, to_abi(value.text)};
    return kairos_status{KAIROS_OK};
  });
}

kairos_str instance_name(const kairos_host* host) {
  return with_instance(host, to_abi(""), [](const Instance& instance) { return to_abi(instance.name); });
}

// ---------------------------------------------------------------- kairos.logs/1

std::uint32_t logs_count(kairos_call* call) {
  return static_cast<std::uint32_t>(call->session->board.keys().size());
}

kairos_status logs_key(kairos_call* call, std::uint32_t index, kairos_log_key* out) {
  const auto keys = call->session->board.keys();
  if (index >= keys.size()) return KAIROS_E_RANGE;
  out->direction = static_cast<std::int32_t>(keys[index].direction);
  out->name = to_abi(call->session->board.lasting_name(index));
  return KAIROS_OK;
}

kairos_status logs_find(kairos_call* call, kairos_str name, std::uint32_t* index) {
  const auto found = call->session->board.find(view(name));
  if (!found) return KAIROS_E_NOT_FOUND;
  *index = *found;
  return KAIROS_OK;
}

kairos_status logs_value(kairos_call* call, std::uint32_t index, double* out) {
  LogBoard& board = call->session->board;
  if (index >= board.keys().size()) return KAIROS_E_RANGE;
  return translated(call, [&] {
    const std::optional<double> value = board.value(index);
    if (!value) return kairos_status{KAIROS_E_NOT_FOUND};
    *out = *value;
    return kairos_status{KAIROS_OK};
  });
}

kairos_status logs_declare(kairos_call* call, kairos_str name, std::int32_t direction, std::uint32_t* index) {
  KAIROS_RETURN_IF(check_moment(call, Moment::SetUp));
  if (call->moment != Moment::SetUp) return call->refuse(KAIROS_E_STATE, "keys are declared in setup");
  return translated(
      call,
      [&] {
        Session& session = *call->session;
        *index = session.board.claim({std::string(view(name)), static_cast<Direction>(direction)},
                                     call->instance->name);
        call->instance->published.push_back(*index);
        return kairos_status{KAIROS_OK};
      },
      KAIROS_E_INVALID);
}

kairos_status logs_publish(kairos_call* call, std::uint32_t index, double value) {
  KAIROS_RETURN_IF(check_moment(call, Moment::Training));
  if (call->moment != Moment::EpochEnd)
    return call->refuse(KAIROS_E_STATE, "values are published in on_epoch_end");
  Session& session = *call->session;
  const std::vector<std::uint32_t>& own = call->instance->published;
  if (std::find(own.begin(), own.end(), index) == own.end() || !session.board.is_published(index))
    return call->refuse(KAIROS_E_DENIED, "the callback may not publish this key; name it in `publishes`");
  const bool same =
      value == session.facts.used_rate || (std::isnan(value) && std::isnan(session.facts.used_rate));
  if (session.board.keys()[index].name == shared_key && !same)
    return call->refuse(KAIROS_E_INVALID, "learning_rate is the rate that the event tells, not another");
  session.board.publish(index, value);
  return KAIROS_OK;
}

constexpr kairos_logs logs_table = {sizeof logs_table, 0,          logs_count,   logs_key,
                                    logs_find,         logs_value, logs_declare, logs_publish};

// ---------------------------------------------------------------- kairos.control/1

kairos_status request_stop(kairos_call* call, kairos_str reason) {
  KAIROS_RETURN_IF(check_moment(call, Moment::SetUp));
  KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_STOP));
  return translated(call, [&] {
    Session& session = *call->session;
    session.message(Level::Debug, call->instance->name, "asks for a stop: " + std::string(view(reason)));
    if (!session.facts.stop)
      session.facts.stop = StopRequest{without_secrets(view(reason), session.secrets), call->instance->name};
    return kairos_status{KAIROS_OK};
  });
}

std::int32_t stop_requested(kairos_call* call) {
  return call->session->facts.stop.has_value() ? 1 : 0;
}

constexpr kairos_control control_table = {sizeof control_table, 0, request_stop, stop_requested};

// ---------------------------------------------------------------- kairos.optimizer/1

kairos_status hyper_get(kairos_call* call, kairos_str name, double* out) {
  KAIROS_RETURN_IF(check_moment(call, Moment::SetUp));
  return translated(call, [&] {
    const std::optional<double> value = call->session->target.hyper(view(name));
    if (!value)
      return call->refuse(KAIROS_E_NOT_FOUND, "the optimizer has no \"" + std::string(view(name)) + "\"");
    *out = *value;
    return kairos_status{KAIROS_OK};
  });
}

kairos_status hyper_set(kairos_call* call, kairos_str name, double value) {
  KAIROS_RETURN_IF(check_moment(call, Moment::SetUp));
  KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_SET_OPTIMIZER));
  if (!std::isfinite(value) || value < 0)
    return call->refuse(KAIROS_E_INVALID, std::string(view(name)) + " cannot be " + std::to_string(value));
  return translated(call, [&] {
    if (!call->session->target.set_hyper(view(name), value))
      return call->refuse(KAIROS_E_NOT_FOUND, "the optimizer has no \"" + std::string(view(name)) + "\"");
    return kairos_status{KAIROS_OK};
  });
}

constexpr kairos_optimizer optimizer_table = {sizeof optimizer_table, 0, hyper_get, hyper_set};

// ---------------------------------------------------------------- kairos.tensors/1

/// Whether the hook is called after the batch went through the model and before its memory is reused: only
/// then its tensors are valid.
bool has_batch(const kairos_call& call, std::int32_t role) {
  const Session& session = *call.session;
  if (call.hook == session.hooks.on_predict_batch_end.name) return role != KAIROS_ROLE_TARGET;
  return call.hook == session.hooks.on_backward_end.name ||
         call.hook == session.hooks.on_train_batch_end.name ||
         call.hook == session.hooks.on_test_batch_end.name;
}

/// The tensors of a role that are valid now: gradients only in on_backward_end, the batch only after it went
/// through the model.
std::span<const TensorRef> tensors_now(kairos_call* call, std::int32_t role) {
  if (std::this_thread::get_id() != call->session->thread) return {};
  if (call->moment < Moment::SetUp || role < KAIROS_ROLE_WEIGHT || role > KAIROS_ROLE_SLOT) return {};
  if (role == KAIROS_ROLE_GRADIENT && call->hook != call->session->hooks.on_backward_end.name) return {};
  if (role >= KAIROS_ROLE_INPUT && role <= KAIROS_ROLE_OUTPUT && !has_batch(*call, role)) return {};
  return call->session->target.tensors(static_cast<Role>(role));
}

std::uint32_t tensors_count(kairos_call* call, std::int32_t role) {
  return static_cast<std::uint32_t>(tensors_now(call, role).size());
}

kairos_status check_writable(kairos_call* call, std::int32_t role) {
  if (role == KAIROS_ROLE_GRADIENT) return check_capability(call, KAIROS_CAN_WRITE_GRADIENTS);
  if (role == KAIROS_ROLE_WEIGHT || role == KAIROS_ROLE_BUFFER || role == KAIROS_ROLE_SLOT)
    return check_capability(call, KAIROS_CAN_WRITE_WEIGHTS);
  return call->refuse(KAIROS_E_DENIED, "tensors of the batch are read-only");
}

/// A callback that restores all slots also writes the learning rate; a change is detected after the hook.
void guard_rate(kairos_call* call, const TensorRef& slot) {
  const bool is_rate =
      slot.size() == 1 && (slot.name == "learning_rate" || slot.name.ends_with("/learning_rate"));
  const bool may_set = (call->instance->manifest.capabilities & KAIROS_CAN_SET_OPTIMIZER) != 0;
  if (!is_rate || may_set || call->guarded_rate != nullptr) return;
  call->guarded_rate = slot.data;
  call->rate_before = *slot.data;
}

kairos_status tensors_borrow(kairos_call* call, std::int32_t role, std::uint32_t index, std::int32_t access,
                             kairos_tensor* out) {
  KAIROS_RETURN_IF(check_moment(call, Moment::SetUp));
  const auto tensors = tensors_now(call, role);
  if (index >= tensors.size())
    return translated(call, [&] {
      return call->refuse(KAIROS_E_RANGE,
                          "tensor " + std::to_string(index) + " of " + std::to_string(tensors.size()));
    });
  const TensorRef& tensor = tensors[index];
  if (access == KAIROS_ACCESS_WRITE) {
    KAIROS_RETURN_IF(check_writable(call, role));
    call->written_roles |= 1u << role;
    if (role == KAIROS_ROLE_SLOT) guard_rate(call, tensor);
  }
  out->access = access;
  out->name = to_abi(tensor.name);
  out->role = role;
  out->trainable = tensor.trainable ? 1 : 0;
  out->generation = call->session->generation;
  // DLPack's types have no const; a plugin that writes to a read view breaks the contract.
  out->view = {tensor.data,
               {1, 0},
               static_cast<std::int32_t>(tensor.shape.size()),
               {2, 32, 1},
               const_cast<std::int64_t*>(tensor.shape.data()),
               nullptr,
               0};
  return KAIROS_OK;
}

kairos_status tensors_find(kairos_call* call, std::int32_t role, kairos_str name, std::uint32_t* index) {
  const auto tensors = tensors_now(call, role);
  for (std::uint32_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].name == view(name)) {
      *index = i;
      return KAIROS_OK;
    }
  return KAIROS_E_NOT_FOUND;
}

constexpr kairos_tensors tensors_table = {sizeof tensors_table, 0, tensors_count, tensors_borrow,
                                          tensors_find};

// ---------------------------------------------------------------- the small ones

kairos_status evaluate(kairos_call* call, std::uint32_t index, const double* variables, std::uint32_t count,
                       double* out) {
  KAIROS_RETURN_IF(check_moment(call, Moment::Loading));
  Instance& instance = *call->instance;
  if (index >= instance.expressions.size() || !instance.expressions[index])
    return call->refuse(KAIROS_E_RANGE, "the option is not an expression, or is not set");
  const OptionSpec& spec = instance.manifest.options[index];
  if (count != spec.choices.size())
    return call->refuse(KAIROS_E_RANGE, "option " + spec.name + " takes " +
                                            std::to_string(spec.choices.size()) + " variables");
  return translated(call, [&] {
    *out = instance.expressions[index]->evaluate({variables, count});
    if (std::isnan(*out))
      return call->refuse(KAIROS_E_INVALID, "option " + spec.name + " has no value here: it is not a number");
    return kairos_status{KAIROS_OK};
  });
}

constexpr kairos_expressions expressions_table = {sizeof expressions_table, 0, evaluate};

kairos_status submit(const kairos_host* host, kairos_status (*work)(void*), void* arg) {
  return with_instance(host, kairos_status{KAIROS_E_STATE}, [&](Instance& instance) {
    if (instance.ended.load()) return kairos_status{KAIROS_E_STATE};
    try {
      instance.session->tasks.submit(instance, work, arg);
      return kairos_status{KAIROS_OK};
    } catch (const std::exception&) {
      return kairos_status{KAIROS_E_MEMORY};
    }
  });
}

kairos_status drain(const kairos_host* host) {
  // Waits outside of the door, through which the tasks may log. The instance waits for who waits here.
  auto& door = *static_cast<HostDoor*>(host->impl);
  std::unique_lock lock(door.mutex);
  Instance* const instance = door.instance;
  if (instance == nullptr) return KAIROS_E_STATE;
  ++door.waiting;
  lock.unlock();
  const kairos_status status = instance->session->tasks.drain(*instance);
  lock.lock();
  --door.waiting;
  door.left.notify_all();
  return status;
}

constexpr kairos_tasks tasks_table = {sizeof tasks_table, 0, submit, drain};

constexpr kairos_dist dist_table = {sizeof dist_table, 0, [](const kairos_host*) { return std::int32_t{0}; },
                                    [](const kairos_host*) { return std::int32_t{1}; }};

const void* query(const kairos_host*, const char* interface_id) {
  static constexpr struct {
    const char* id;
    const void* table;
  } known[] = {{KAIROS_LOGS, &logs_table},           {KAIROS_CONTROL, &control_table},
               {KAIROS_OPTIMIZER, &optimizer_table}, {KAIROS_TENSORS, &tensors_table},
               {KAIROS_MODEL, &model_table},         {KAIROS_EXPRESSIONS, &expressions_table},
               {KAIROS_TASKS, &tasks_table},         {KAIROS_DIST, &dist_table},
               {KAIROS_FILES, &files_table}};
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
                        instance_name};
}

}  // namespace kairos::host
