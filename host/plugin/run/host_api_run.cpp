// SPDX-License-Identifier: MIT
// kairos.run/1: run checkpoints that callbacks ask for, and going on from one.
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include "kairos/host/run_control.hpp"
#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

namespace fs = std::filesystem;

/// Runs `work` with the loop's control over runs. `refused` is the status for files that are not usable.
template <class Work>
kairos_status control_run(kairos_call* call, Moment earliest, Work&& work) noexcept {
  return answer(call, earliest, [&] {
    RunControl* const control = call->session->options.run;
    if (control == nullptr)
      return call->refuse(KAIROS_E_UNSUPPORTED,
                          call->session->facts.run.mode == RunMode::Fit
                              ? "the training loop keeps no run checkpoints; train with kairos fit or "
                                "kairos::host::fit, or implement RunControl for the loop"
                              : "only a fit has run checkpoints");
    return work(*call->session, *control);
  });
}

/// Links are followed, so that two names of a directory are one.
fs::path real(const fs::path& path) {
  std::error_code error;
  fs::path found = fs::weakly_canonical(path, error);
  if (error) found = path.lexically_normal();
  return found.has_filename() ? found : found.parent_path();  // "backup/" is "backup"
}

/// The checkpoints in the run directory are the program's.
kairos_status take_directory(kairos_call* call, kairos_str path, fs::path& directory) {
  std::string absolute;
  KAIROS_RETURN_IF(take_path(call, path, absolute));
  directory = real(absolute);
  const std::string& run = call->session->facts.directory;
  if (run.empty() || real(run) != directory) return KAIROS_OK;
  return call->refuse(KAIROS_E_DENIED,
                      "\"" + directory.string() +
                          "\" is the run directory, whose run checkpoints are the program's. "
                          "Name another directory, such as one in it");
}

kairos_status position(kairos_call* call, kairos_position* out) {
  return control_run(call, Moment::Running, [&](Session& session, const RunControl& control) {
    KAIROS_RETURN_IF(check_out(call, out, "kairos_position"));
    const std::optional<RunPosition> now = control.position();
    if (!now)
      return call->refuse(
          KAIROS_E_STATE,
          "a training has a position from on_train_begin to on_train_end, not in " + std::string(call->hook));
    deliver(out, kairos_position{sizeof(kairos_position), 0, now->epoch, now->batch,
                                 session.target.iterations(), now->pass});
    return KAIROS_OK;
  });
}

bool is_end_of_something(const kairos_call& call) {
  const HookLists& hooks = call.session->hooks;
  for (const HookList* list : {&hooks.on_train_batch_end, &hooks.on_epoch_end, &hooks.on_train_end})
    if (call.hook == list->name) return true;
  return false;
}

kairos_status checkpoint(kairos_call* call, kairos_str path, std::uint32_t keep) {
  return control_run(call, Moment::Running, [&](Session& session, RunControl& control) {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_SAVE_RUN));
    if (!is_end_of_something(*call))
      return call->refuse(KAIROS_E_STATE,
                          "run checkpoints are asked for in on_train_batch_end, on_epoch_end and "
                          "on_train_end, not in " +
                              std::string(call->hook));
    if (keep != 1 && keep != 2)
      return refuse_number(call, KAIROS_E_RANGE, "the number of run checkpoints that are kept", keep,
                           "1 or 2");
    fs::path directory;
    KAIROS_RETURN_IF(take_directory(call, path, directory));
    control.want(directory, keep);
    session.run_requests.askers.insert_or_assign(directory, call->instance);
    return KAIROS_OK;
  });
}

/// The status for files that `RunControl::resume_from` cannot use.
kairos_status refuse_files(kairos_call* call, const Error& error) {
  const bool damaged = error.diagnosis().code == "KAIROS-F090" || error.diagnosis().code == "KAIROS-F091";
  return call->refuse(damaged ? KAIROS_E_DATA : KAIROS_E_IO, error.what());
}

kairos_status resume_from(kairos_call* call, kairos_str path) {
  return control_run(call, Moment::SetUp, [&](Session& session, RunControl& control) {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_SAVE_RUN));
    if (call->hook != session.hooks.setup.name)
      return call->refuse(KAIROS_E_STATE, "a run is resumed in setup, not in " + std::string(call->hook));
    fs::path directory;
    KAIROS_RETURN_IF(take_directory(call, path, directory));
    if (control.goes_on_elsewhere()) return KAIROS_OK;
    RunRequests& requests = session.run_requests;
    if (requests.resumer != nullptr && requests.resumed_from != directory)
      return call->refuse(KAIROS_E_STATE, requests.resumer->name + " resumes the run from \"" +
                                              requests.resumed_from.string() +
                                              "\" already; let one callback resume it");
    if (requests.resumer != nullptr) return KAIROS_OK;
    try {
      const std::optional<std::int64_t> epoch = control.resume_from(directory);
      if (!epoch)
        return call->decline(KAIROS_E_NOT_FOUND, "\"" + directory.string() + "\" has no run checkpoint");
      requests.initial_epoch = *epoch;
    } catch (const Error& error) {
      return refuse_files(call, error);
    }
    requests.resumer = call->instance;
    requests.resumed_from = directory;
    return KAIROS_OK;
  });
}

}  // namespace

const kairos_run run_table = {sizeof run_table, 0, position, checkpoint, resume_from};

}  // namespace kairos::host
