// SPDX-License-Identifier: MIT
// The functions of the test host. They fail where every host of the ABI fails.
#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/testing/artifact_table.hpp"
#include "kairos/testing/batch_table.hpp"
#include "kairos/testing/forward_table.hpp"
#include "kairos/testing/host.hpp"
#include "kairos/testing/ledger_table.hpp"
#include "kairos/testing/options_table.hpp"
#include "kairos/testing/run_table.hpp"
#include "kairos/testing/step_table.hpp"
#include "kairos/testing/table_parts.hpp"
#include "kairos/testing/weight_tables.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {
namespace tables {

// ---- logs

inline std::uint32_t logs_count(kairos_call* call) {
  static_cast<void>(Call::of(call).host->enter(call, "logs.count"));
  return static_cast<std::uint32_t>(Call::of(call).host->logs.size());
}
inline kairos_status logs_key(kairos_call* call, std::uint32_t index, kairos_log_key* out) {
  KAIROS_TESTING_ENTER("logs.key");
  if (index >= host.logs.size()) return Call::of(call).refuse(KAIROS_E_RANGE, "no key has this number");
  kairos_log_key key{};
  key.direction = static_cast<std::int32_t>(host.logs[index].direction);
  key.name = detail::to_abi(host.logs[index].name);
  return give(call, key, out);
}
inline kairos_status logs_find(kairos_call* call, kairos_str name, std::uint32_t* index) {
  KAIROS_TESTING_ENTER("logs.find");
  for (std::uint32_t i = 0; i < host.logs.size(); ++i)
    if (host.logs[i].name == detail::from_abi(name)) return *index = i, KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_NOT_FOUND, "the logs have no \"" + text_of(name) + '"');
}
inline kairos_status logs_value(kairos_call* call, std::uint32_t index, double* out) {
  KAIROS_TESTING_ENTER("logs.value");
  if (index >= host.logs.size()) return Call::of(call).refuse(KAIROS_E_RANGE, "no key has this number");
  const Log& log = host.logs[index];
  if (!log.value)
    return Call::of(call).refuse(KAIROS_E_NOT_FOUND, '"' + log.name + "\" is unavailable in this event");
  *out = *log.value;
  return KAIROS_OK;
}
inline kairos_status logs_declare(kairos_call* call, kairos_str name, std::int32_t direction,
                                  std::uint32_t* index) {
  KAIROS_TESTING_ENTER("logs.declare");
  if (Call::of(call).hook != "setup")
    return Call::of(call).refuse(KAIROS_E_STATE,
                                 "keys are declared in setup, not in " + std::string(Call::of(call).hook));
  if (direction < KAIROS_DIRECTION_UNKNOWN || direction > KAIROS_DIRECTION_MAX)
    return Call::of(call).refuse(KAIROS_E_INVALID, std::to_string(direction) + " is no direction");
  if (!detail::is_word(detail::from_abi(name), ", \"'=:{}"))
    return Call::of(call).refuse(KAIROS_E_INVALID, '"' + text_of(name) + "\" cannot be a key of the logs");
  Log& log = host.log(text_of(name), std::nullopt, static_cast<Direction>(direction));
  log.own = true;
  *index = static_cast<std::uint32_t>(&log - host.logs.data());
  return KAIROS_OK;
}
inline kairos_status logs_publish(kairos_call* call, std::uint32_t index, double value) {
  KAIROS_TESTING_ENTER("logs.publish");
  const std::string_view hook = Call::of(call).hook;
  if (hook != "on_train_batch_end" && hook != "on_test_end" && hook != "on_epoch_end")
    return Call::of(call).refuse(
        KAIROS_E_STATE, "values are published in on_train_batch_end, on_test_end and on_epoch_end, not in " +
                            std::string(hook));
  if (index >= host.logs.size() || !host.logs[index].own)
    return Call::of(call).refuse(KAIROS_E_DENIED, "the callback has not declared this key");
  host.logs[index].value = value;
  host.published[host.logs[index].name].push_back(value);
  return KAIROS_OK;
}

// ---- control and optimizer

inline kairos_status request_stop(kairos_call* call, kairos_str reason) {
  KAIROS_TESTING_ENTER("control.request_stop");
  KAIROS_TESTING_NEED(KAIROS_CAN_STOP, "stop");
  if (!host.stop_reason) host.stop_reason = text_of(reason);
  return KAIROS_OK;
}
inline std::int32_t stop_requested(kairos_call* call) {
  static_cast<void>(Call::of(call).host->enter(call, "control.stop_requested"));
  return Call::of(call).host->stop_reason ? 1 : 0;
}
inline kairos_status optimizer_get(kairos_call* call, kairos_str name, double* out) {
  KAIROS_TESTING_ENTER("optimizer.get");
  const auto found = host.hyper.find(text_of(name));
  if (found == host.hyper.end())
    return Call::of(call).refuse(KAIROS_E_NOT_FOUND, "the optimizer has no \"" + text_of(name) + '"');
  *out = found->second;
  return KAIROS_OK;
}
inline kairos_status optimizer_set(kairos_call* call, kairos_str name, double value) {
  KAIROS_TESTING_ENTER("optimizer.set");
  KAIROS_TESTING_NEED(KAIROS_CAN_SET_OPTIMIZER, "set_optimizer");
  const auto found = host.hyper.find(text_of(name));
  if (found == host.hyper.end())
    return Call::of(call).refuse(KAIROS_E_NOT_FOUND, "the optimizer has no \"" + text_of(name) + '"');
  if (!std::isfinite(value) || value < 0)
    return Call::of(call).refuse(KAIROS_E_INVALID, text_of(name) + " cannot be " + std::to_string(value));
  found->second = static_cast<double>(static_cast<float>(value));
  return KAIROS_OK;
}

// ---- tensors

inline std::uint32_t tensors_count(kairos_call* call, std::int32_t role) {
  static_cast<void>(Call::of(call).host->enter(call, "tensors.count"));
  return static_cast<std::uint32_t>(tensors_of(*Call::of(call).host, role).size());
}
inline kairos_status tensors_borrow(kairos_call* call, std::int32_t role, std::uint32_t index,
                                    std::int32_t access, kairos_tensor* out) {
  KAIROS_TESTING_ENTER("tensors.borrow");
  if (access != KAIROS_ACCESS_READ && access != KAIROS_ACCESS_WRITE)
    return Call::of(call).refuse(KAIROS_E_INVALID,
                                 std::to_string(access) + " is no access; it is 1 or 2, not flags");
  const std::vector<TensorData*> tensors = tensors_of(host, role);
  if (index >= tensors.size())
    return Call::of(call).refuse(KAIROS_E_RANGE,
                                 "tensor " + std::to_string(index) + " of " + std::to_string(tensors.size()));
  if (access == KAIROS_ACCESS_WRITE) {
    if (role == KAIROS_ROLE_GRADIENT) {
      KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_GRADIENTS, "write_gradients");
    } else if (role == KAIROS_ROLE_WEIGHT || role == KAIROS_ROLE_BUFFER || role == KAIROS_ROLE_SLOT) {
      KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_WEIGHTS, "write_weights");
    } else if (is_given(role)) {
      KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_BATCH, "write_batch");
      if (const kairos_status status = need_batch_begin(call); status != KAIROS_OK) return status;
    } else {
      return Call::of(call).refuse(KAIROS_E_DENIED, "tensors of this role cannot be written");
    }
    ++host.generation;
  }
  TensorData& tensor = *tensors[index];
  return give(call, lent(host, tensor, role, access), out);
}
inline kairos_status tensors_find(kairos_call* call, std::int32_t role, kairos_str name,
                                  std::uint32_t* index) {
  KAIROS_TESTING_ENTER("tensors.find");
  const std::vector<TensorData*> tensors = tensors_of(host, role);
  for (std::uint32_t i = 0; i < tensors.size(); ++i)
    if (tensors[i]->name == detail::from_abi(name)) return *index = i, KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_NOT_FOUND, "there is no tensor \"" + text_of(name) + '"');
}

// ---- model

inline kairos_status check_save(kairos_call* call, kairos_str path, std::int32_t content) {
  KAIROS_TESTING_NEED(KAIROS_CAN_SAVE_MODEL, "save_model");
  if (path.length == 0) return Call::of(call).refuse(KAIROS_E_INVALID, "the path is empty");
  if (content != KAIROS_SAVE_MODEL && content != KAIROS_SAVE_WEIGHTS)
    return Call::of(call).refuse(KAIROS_E_UNSUPPORTED, std::to_string(content) + " is no content of a file");
  return KAIROS_OK;
}
inline kairos_status record_save(kairos_call* call, kairos_str path, std::int32_t content,
                                 bool in_background) {
  Host& host = *Call::of(call).host;
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  if (Call::of(call).hook == "on_checkpoint_saved")
    return Call::of(call).refuse(KAIROS_E_STATE, "nothing can be saved in on_checkpoint_saved");
  if (const kairos_status status = check_save(call, path, content); status != KAIROS_OK) return status;
  host.saved.push_back({text_of(path), static_cast<SaveContent>(content), in_background,
                        host.swapped_in.empty() ? "" : host.swapped_in.back().label});
  host.weight_files[text_of(path)] = host.tensors[Role::Weight];
  return KAIROS_OK;
}
inline kairos_status model_save(kairos_call* call, kairos_str path, std::int32_t content) {
  KAIROS_TESTING_ENTER("model.save");
  static_cast<void>(host);
  return record_save(call, path, content, false);
}
inline kairos_status model_save_in_background(kairos_call* call, kairos_str path, std::int32_t content) {
  KAIROS_TESTING_ENTER("model.save_in_background");
  static_cast<void>(host);
  return record_save(call, path, content, true);
}
inline kairos_status model_can_save(kairos_call* call, kairos_str path, std::int32_t content) {
  KAIROS_TESTING_ENTER("model.can_save");
  static_cast<void>(host);
  return check_save(call, path, content);
}
inline kairos_status model_load_weights(kairos_call* call, kairos_str path) {
  KAIROS_TESTING_ENTER("model.load_weights");
  KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_WEIGHTS, "write_weights");
  const auto found = host.weight_files.find(text_of(path));
  if (found == host.weight_files.end())
    return Call::of(call).refuse(KAIROS_E_IO, text_of(path) + " does not exist");
  host.store_live();
  trained_weights(host) = found->second;
  ++host.generation;
  return KAIROS_OK;
}
inline kairos_status model_snapshot(kairos_call* call, std::uint64_t* slot) {
  KAIROS_TESTING_ENTER("model.snapshot");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  return keep_weights(call, slot, host.tensors[Role::Weight]);
}
inline kairos_status model_rollback(kairos_call* call, std::uint64_t slot) {
  KAIROS_TESTING_ENTER("model.rollback");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_WEIGHTS, "write_weights");
  static_cast<void>(host);
  return put_weights(call, slot);
}
inline void model_drop(kairos_call* call, std::uint64_t slot) {
  Host& host = *Call::of(call).host;
  static_cast<void>(host.enter(call, "model.drop"));
  host.swap_out(slot);
  host.snapshots.erase(slot);
}
inline kairos_status model_architecture(kairos_call* call, kairos_str* out) {
  KAIROS_TESTING_ENTER("model.architecture");
  *out = detail::to_abi(host.architecture);
  return KAIROS_OK;
}

// ---- the rest

inline kairos_status evaluate(kairos_call* call, std::uint32_t option, const double* variables,
                              std::uint32_t count, double* out) {
  KAIROS_TESTING_ENTER("expressions.evaluate");
  const char* name = host.option_name(option);
  if (name == nullptr || host.option_type(option) != KAIROS_TYPE_EXPRESSION)
    return Call::of(call).refuse(KAIROS_E_RANGE, "this option is not an expression");
  const auto found = host.formulas.find(name);
  if (found == host.formulas.end())
    return Call::of(call).refuse(KAIROS_E_INVALID, std::string("the test gives no formula for the option ") +
                                                       name + "; set formulas[\"" + name + "\"]");
  *out = found->second(std::vector<double>(variables, variables + count));
  return KAIROS_OK;
}
inline kairos_status submit(const kairos_host* self, kairos_status (*work)(void*), void* argument) {
  if (const kairos_status status = Host::of(self).enter(nullptr, "tasks.submit"); status != KAIROS_OK)
    return status;
  kairos_task task{};
  task.room = ~0u;
  task.work = work;
  task.arg = argument;
  return Host::of(self).add_task(task);
}
inline kairos_status drain(const kairos_host* self) {
  if (const kairos_status status = Host::of(self).enter(nullptr, "tasks.drain"); status != KAIROS_OK)
    return status;
  return Host::of(self).run_tasks();
}
inline kairos_status post(const kairos_host* self, const kairos_task* task) {
  if (const kairos_status status = Host::of(self).enter(nullptr, "tasks.post"); status != KAIROS_OK)
    return status;
  if (task->size < sizeof(kairos_task) || task->work == nullptr) return KAIROS_E_INVALID;
  const bool known =
      task->when_full == KAIROS_TASK_WHEN_FULL_REFUSE || task->when_full == KAIROS_TASK_WHEN_FULL_DROP;
  if (!known || (task->flags & 0xFFFFu & ~KAIROS_TASK_MUST_FINISH) != 0) return KAIROS_E_UNSUPPORTED;
  return Host::of(self).add_task(*task);
}
inline kairos_status drain_for(const kairos_host* self, std::int64_t) {
  if (const kairos_status status = Host::of(self).enter(nullptr, "tasks.drain_for"); status != KAIROS_OK)
    return status;
  return Host::of(self).run_tasks();
}
inline kairos_status announce(kairos_call* call, kairos_str path, std::int32_t access) {
  KAIROS_TESTING_ENTER("files.announce");
  if (access != KAIROS_FILE_READ && access != KAIROS_FILE_WRITE)
    return Call::of(call).refuse(KAIROS_E_INVALID, std::to_string(access) + " is no access to a file");
  host.announced.push_back({text_of(path), access == KAIROS_FILE_WRITE});
  return KAIROS_OK;
}

inline kairos_status need_exchange(kairos_call* call) {
  const std::string_view hook = Call::of(call).hook;
  for (const std::string_view one :
       {"on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_batch_end",
        "on_test_end", "on_epoch_end"})
    if (hook == one) return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_STATE, "ranks exchange no values in " + std::string(hook));
}
/// The ranks of a test all have the same values: nothing changes but sums.
inline kairos_status broadcast(kairos_call* call, std::int32_t root, void*, std::uint64_t) {
  KAIROS_TESTING_ENTER("dist.broadcast");
  if (const kairos_status status = need_exchange(call); status != KAIROS_OK) return status;
  if (root >= 0 && root < host.world) return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_RANGE, std::to_string(root) + " is no rank");
}
inline kairos_status all_reduce(kairos_call* call, std::int32_t operation, double* values,
                                std::uint64_t count) {
  KAIROS_TESTING_ENTER("dist.all_reduce");
  if (const kairos_status status = need_exchange(call); status != KAIROS_OK) return status;
  if (operation < KAIROS_REDUCE_SUM || operation > KAIROS_REDUCE_MAX)
    return Call::of(call).refuse(KAIROS_E_INVALID, std::to_string(operation) + " is no operation");
  for (std::uint64_t i = 0; i < count && operation == KAIROS_REDUCE_SUM; ++i) values[i] *= host.world;
  return KAIROS_OK;
}

inline constexpr kairos_logs logs = {sizeof(kairos_logs), 0,           &logs_count,   &logs_key,
                                     &logs_find,          &logs_value, &logs_declare, &logs_publish};
inline constexpr kairos_control control = {sizeof(kairos_control), 0, &request_stop, &stop_requested};
inline constexpr kairos_optimizer optimizer = {sizeof(kairos_optimizer), 0, &optimizer_get, &optimizer_set};
inline constexpr kairos_tensors tensors = {sizeof(kairos_tensors), 0, &tensors_count, &tensors_borrow,
                                           &tensors_find};
inline constexpr kairos_model model = {sizeof(kairos_model), 0,
                                       &model_save,          &model_can_save,
                                       &model_load_weights,  &model_snapshot,
                                       &model_rollback,      &model_drop,
                                       &model_architecture,  &model_save_in_background};
inline constexpr kairos_expressions expressions = {sizeof(kairos_expressions), 0, &evaluate};
inline constexpr kairos_tasks tasks = {
    sizeof(kairos_tasks), 0, &submit, &drain, &post, &drain_for, [](const kairos_host* self) {
      return std::int32_t{Host::of(self).ending ? 1 : 0};
    }};
inline constexpr kairos_files files = {sizeof(kairos_files), 0, &announce};
inline constexpr kairos_dist dist = {sizeof(kairos_dist),
                                     0,
                                     [](const kairos_host* self) { return Host::of(self).rank; },
                                     [](const kairos_host* self) { return Host::of(self).world; },
                                     &broadcast,
                                     &all_reduce};

inline const void* find(const kairos_host* self, const char* id) {
  const struct {
    std::string_view id;
    const void* table;
  } all[] = {{KAIROS_LOGS, &logs},       {KAIROS_CONTROL, &control},     {KAIROS_OPTIMIZER, &optimizer},
             {KAIROS_TENSORS, &tensors}, {KAIROS_MODEL, &model},         {KAIROS_EXPRESSIONS, &expressions},
             {KAIROS_TASKS, &tasks},     {KAIROS_FILES, &files},         {KAIROS_DIST, &dist},
             {KAIROS_WEIGHTS, &weights}, {KAIROS_BATCH, &batch},         {KAIROS_STEP, &step},
             {KAIROS_RUN, &run},         {KAIROS_ARTIFACTS, &artifacts}, {KAIROS_INFO, &info},
             {KAIROS_FORWARD, &forward}, {KAIROS_LEDGER, &ledger},       {KAIROS_OPTIONS, &options}};
  for (const auto& each : all)
    if (each.id == id && Host::of(self).withheld.count(id) == 0) return each.table;
  return nullptr;
}

#undef KAIROS_TESTING_ENTER
#undef KAIROS_TESTING_NEED

}  // namespace tables
}  // namespace testing
}  // namespace v1
}  // namespace kairos
