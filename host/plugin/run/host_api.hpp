// SPDX-License-Identifier: MIT
// Shared by host_api*.cpp: checks of moment and capabilities, and exceptions as statuses.
#pragma once

#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "kairos/abi.h"
#include "kairos/host/error.hpp"
#include "plugin/run/arguments.hpp"
#include "plugin/run/plugin_check.hpp"
#include "plugin/run/session.hpp"

namespace kairos::host {

/// Runs `work` with the instance behind the host, which stays until it returns. After the session, and for
/// the host null, returns `ended` instead.
template <class Result, class Work>
Result with_instance(const kairos_host* host, Result ended, Work&& work) {
  if (host == nullptr) return ended;
  auto& door = *static_cast<HostDoor*>(host->impl);
  const std::lock_guard lock(door.mutex);
  return door.instance == nullptr ? ended : work(*door.instance);
}

/// True if the call comes from the fit thread, during its hook.
inline bool is_on_fit_thread(const kairos_call* call) {
  return call != nullptr && !is_stale(*call) && std::this_thread::get_id() == call->session->thread;
}

/// KAIROS_OK if the call comes from the fit thread, at `earliest` or later.
inline kairos_status check_moment(kairos_call* call, Moment earliest) {
  if (call == nullptr) return KAIROS_E_INVALID;
  if (is_stale(*call)) return KAIROS_E_STATE;
  Session& session = *call->session;
  if (!is_on_fit_thread(call)) {
    constexpr const char* what = "the plugin called a fit-thread function from another thread";
    session.message(Level::Error, call->instance->name, what);
    if (session.check) session.check->report(call->instance->name, what);
    return KAIROS_E_STATE;
  }
  if (call->moment < earliest) {
    if (session.check)
      session.check->report(
          call->instance->name,
          std::string("it called a function of the host that is not allowed in ") + call->hook);
    return call->refuse(KAIROS_E_STATE, std::string("the host does not allow this in ") + call->hook);
  }
  return KAIROS_OK;
}

inline kairos_status check_capability(kairos_call* call, std::uint64_t bit) {
  if ((call->instance->manifest.capabilities & bit) != 0) return KAIROS_OK;
  const std::vector<std::string> names = capability_names(bit);
  return call->refuse(KAIROS_E_DENIED, "the callback has not declared the capability " + names.front());
}

/// Runs `work`, on the fit thread and not before `earliest`, and turns an exception into a status with its
/// reason. `refused` is the status for an Error that is not about a file.
template <class Work>
kairos_status answer(kairos_call* call, Moment earliest, Work&& work,
                     kairos_status refused = KAIROS_E_UNSUPPORTED) noexcept {
  try {
    KAIROS_RETURN_IF(check_moment(call, earliest));
    return work();
  } catch (const Error& error) {
    return call->refuse(error.kind() == ErrorKind::File ? KAIROS_E_IO : refused, error.what());
  } catch (const std::bad_alloc&) {
    return call->refuse(KAIROS_E_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return call->refuse(KAIROS_E_INTERNAL, error.what());
  } catch (...) {
    return call->refuse(KAIROS_E_INTERNAL, "an exception that is not a std::exception");
  }
}

/// The hooks of a batch.
enum class BatchStage { None, TrainBegin, TestBegin, PredictBegin, Evaluated, Predicted };
[[nodiscard]] BatchStage stage_of(const kairos_call& call);

/// Runs `work` with a batch of the loop, which may be read only now. What reading throws is a failure of the
/// data, not of the plugin: it ends the hook and then the run.
template <class Work>
kairos_status with_batch(kairos_call* call, Work&& work) {
  try {
    return work();
  } catch (const std::exception& error) {
    call->session->failures.postpone();
    return call->refuse(KAIROS_E_DATA, error.what());
  }
}

/// KAIROS_OK unless an instance that runs on rank 0 alone would read a part of a batch for all of it.
[[nodiscard]] kairos_status check_whole_batch(kairos_call* call);

/// kairos.batch/1; see host_api_batch.cpp.
extern const kairos_batch batch_table;
/// The tensors of a role that are valid now: gradients only in on_backward_end, the batch only after it went
/// through the model. An unknown role has none.
[[nodiscard]] std::span<const TensorRef> tensors_now(kairos_call* call, std::int32_t role);

/// kairos.logs/1; see host_api_logs.cpp.
extern const kairos_logs logs_table;
/// kairos.tensors/1; see host_api_tensors.cpp.
extern const kairos_tensors tensors_table;
/// kairos.model/1; see host_api_model.cpp.
extern const kairos_model model_table;
/// kairos.tasks/1; see host_api_tasks.cpp.
extern const kairos_tasks tasks_table;
/// kairos.run/1; see host_api_run.cpp.
extern const kairos_run run_table;
/// kairos.artifacts/1 and kairos.info/1; see host_api_artifacts.cpp.
extern const kairos_artifacts artifacts_table;
extern const kairos_info info_table;
/// kairos.forward/1; see host_api_forward.cpp.
extern const kairos_forward forward_table;
/// kairos.ledger/1; see host_api_ledger.cpp.
extern const kairos_ledger ledger_table;
/// kairos.step/1; see host_api_step.cpp.
extern const kairos_step step_table;
/// kairos.dist/1; see host_api_dist.cpp.
extern const kairos_dist dist_table;
/// kairos.files/1; see host_api_files.cpp.
extern const kairos_files files_table;
/// kairos.weights/1; see host_api_weights.cpp.
extern const kairos_weights weights_table;

/// The tensor as plugins see it.
[[nodiscard]] kairos_tensor described(const TensorRef& tensor, std::int32_t role, std::int32_t access,
                                      std::uint64_t generation);

}  // namespace kairos::host
