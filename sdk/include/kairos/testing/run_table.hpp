// SPDX-License-Identifier: MIT
// kairos.run/1 of the test host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "kairos/testing/host.hpp"
#include "kairos/testing/table_parts.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {
namespace tables {

#define KAIROS_TESTING_RUN(function) \
  KAIROS_TESTING_ENTER(function);    \
  if (!host.keeps_runs)              \
  return Call::of(call).refuse(KAIROS_E_UNSUPPORTED, "this training loop keeps no run checkpoints")

inline kairos_status run_position(kairos_call* call, kairos_position* out) {
  KAIROS_TESTING_RUN("run.position");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  kairos_position position{};
  position.epoch = host.position.epoch;
  position.batch = host.position.batch;
  position.step = host.position.step;
  position.pass = host.position.pass;
  return give(call, position, out);
}
inline kairos_status need_directory(kairos_call* call, kairos_str path) {
  if (path.length != 0) return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_INVALID, "a path is empty");
}
inline kairos_status run_checkpoint(kairos_call* call, kairos_str path, std::uint32_t keep) {
  KAIROS_TESTING_RUN("run.checkpoint");
  KAIROS_TESTING_NEED(KAIROS_CAN_SAVE_RUN, "save_run");
  const std::string_view hook = Call::of(call).hook;
  if (hook != "on_train_batch_end" && hook != "on_epoch_end" && hook != "on_train_end")
    return Call::of(call).refuse(
        KAIROS_E_STATE,
        "run checkpoints are asked for in on_train_batch_end, on_epoch_end and on_train_end, "
        "not in " +
            std::string(hook));
  if (const kairos_status status = need_directory(call, path); status != KAIROS_OK) return status;
  if (keep != 1 && keep != 2)
    return Call::of(call).refuse(KAIROS_E_RANGE,
                                 std::to_string(keep) + " run checkpoints cannot be kept; expected 1 or 2");
  const std::string directory = text_of(path);
  if (std::find(host.run_requests.begin(), host.run_requests.end(), directory) == host.run_requests.end())
    host.run_requests.push_back(directory);
  return KAIROS_OK;
}
inline kairos_status run_resume_from(kairos_call* call, kairos_str path) {
  KAIROS_TESTING_RUN("run.resume_from");
  KAIROS_TESTING_NEED(KAIROS_CAN_SAVE_RUN, "save_run");
  if (Call::of(call).hook != "setup")
    return Call::of(call).refuse(KAIROS_E_STATE,
                                 "a run is resumed in setup, not in " + std::string(Call::of(call).hook));
  if (const kairos_status status = need_directory(call, path); status != KAIROS_OK) return status;
  const std::string directory = text_of(path);
  if (host.run_checkpoints.count(directory) == 0)
    return Call::of(call).refuse(KAIROS_E_NOT_FOUND, directory + " has no run checkpoint");
  host.resumed_from = directory;
  return KAIROS_OK;
}

inline constexpr kairos_run run = {sizeof(kairos_run), 0, &run_position, &run_checkpoint, &run_resume_from};
#undef KAIROS_TESTING_RUN

}  // namespace tables
}  // namespace testing
}  // namespace v1
}  // namespace kairos
