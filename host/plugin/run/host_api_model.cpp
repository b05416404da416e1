// SPDX-License-Identifier: MIT
// kairos.model/1: saving, loading and remembering weights for callbacks.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

kairos_status model_can_save(kairos_call* call, kairos_str path, std::int32_t content) {
  KAIROS_RETURN_IF(check_moment(call, Moment::SetUp));
  return translated(call, [&] {
    const std::string fault = call->session->target.save_fault(view(path), static_cast<SaveContent>(content));
    if (!fault.empty()) return call->refuse(KAIROS_E_UNSUPPORTED, fault);
    const auto conflict = call->session->files.conflict_of_save(view(path), call->instance->name);
    if (!conflict) return kairos_status{KAIROS_OK};
    const std::string subject = "\"" + std::string(view(path)) + "\"";
    return call->refuse(KAIROS_E_DENIED, conflict->text(subject) + ". Save under another name");
  });
}

/// Whether `path` may be saved to now.
kairos_status check_save(kairos_call* call, kairos_str path, std::int32_t content) {
  KAIROS_RETURN_IF(check_moment(call, Moment::Training));
  KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_SAVE_MODEL));
  if (call->hook ==
      call->session->hooks.on_checkpoint_saved.name)  // else two savers would call each other endlessly
    return call->refuse(KAIROS_E_STATE,
                        "nothing can be saved in on_checkpoint_saved; save in the next hook instead");
  return model_can_save(call, path, content);
}

kairos_status model_save(kairos_call* call, kairos_str path, std::int32_t content) {
  KAIROS_RETURN_IF(check_save(call, path, content));
  return translated(call, [&] {
    Session& session = *call->session;
    const std::string file(view(path));
    session.files.add_saved(file, call->instance->name);
    session.target.save(file, static_cast<SaveContent>(content));
    session.checkpoints.announce(file, static_cast<SaveContent>(content), *call->instance);
    return kairos_status{KAIROS_OK};
  });
}

kairos_status model_save_in_background(kairos_call* call, kairos_str path, std::int32_t content) {
  KAIROS_RETURN_IF(check_save(call, path, content));
  return translated(call, [&] {
    Session& session = *call->session;
    const auto kind = static_cast<SaveContent>(content);
    std::string file(view(path));
    session.files.add_saved(file, call->instance->name);
    std::function<void()> write = session.target.save_later(file, kind);
    session.checkpoints.save_in_background({call->instance, std::move(file), kind}, std::move(write));
    return kairos_status{KAIROS_OK};
  });
}

kairos_status model_load_weights(kairos_call* call, kairos_str path) {
  KAIROS_RETURN_IF(check_moment(call, Moment::SetUp));
  KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_WEIGHTS));
  return translated(
      call,
      [&] {
        call->session->target.load_weights(view(path));
        ++call->session->generation;
        return kairos_status{KAIROS_OK};
      },
      KAIROS_E_DATA);
}

kairos_status model_snapshot(kairos_call* call, std::uint64_t* slot) {
  KAIROS_RETURN_IF(check_moment(call, Moment::Training));
  return translated(call, [&] {
    Instance& instance = *call->instance;
    if (*slot == 0) *slot = instance.next_snapshot++;
    std::vector<float>& kept = instance.snapshots[*slot];
    kept.clear();
    for (const TensorRef& weight : call->session->target.tensors(Role::Weight))
      kept.insert(kept.end(), weight.data, weight.data + weight.size());
    return kairos_status{KAIROS_OK};
  });
}

kairos_status model_rollback(kairos_call* call, std::uint64_t slot) {
  KAIROS_RETURN_IF(check_moment(call, Moment::Training));
  KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_WEIGHTS));
  return translated(call, [&] {
    const auto kept = call->instance->snapshots.find(slot);
    if (kept == call->instance->snapshots.end())
      return call->refuse(KAIROS_E_NOT_FOUND, "no snapshot of weights exists");
    Session& session = *call->session;
    const auto weights = session.target.tensors(Role::Weight);
    std::int64_t total = 0;
    for (const TensorRef& weight : weights) total += weight.size();
    if (total != static_cast<std::int64_t>(kept->second.size()))
      return call->refuse(KAIROS_E_DATA, "the snapshot has the weights of another model");
    const float* from = kept->second.data();
    for (const TensorRef& weight : weights) {
      std::copy_n(from, weight.size(), weight.data);
      from += weight.size();
    }
    session.target.tensors_written(Role::Weight);
    ++session.generation;
    return kairos_status{KAIROS_OK};
  });
}

void model_drop(kairos_call* call, std::uint64_t slot) {
  if (check_moment(call, Moment::SetUp) == KAIROS_OK) call->instance->snapshots.erase(slot);
}

kairos_status model_architecture(kairos_call* call, kairos_str* out) {
  KAIROS_RETURN_IF(check_moment(call, Moment::SetUp));
  return translated(call, [&] {
    call->lent = call->session->target.architecture();
    *out = to_abi(call->lent);
    return kairos_status{KAIROS_OK};
  });
}

}  // namespace

const kairos_model model_table = {sizeof model_table, 0,
                                  model_save,         model_can_save,
                                  model_load_weights, model_snapshot,
                                  model_rollback,     model_drop,
                                  model_architecture, model_save_in_background};

}  // namespace kairos::host
