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

/// A file to save, with its checked and absolute path.
struct Wanted {
  std::string file;
  SaveContent content = SaveContent::Model;
};

kairos_status take_wanted(kairos_call* call, kairos_str path, std::int32_t content, Wanted& wanted) {
  if (content != KAIROS_SAVE_MODEL && content != KAIROS_SAVE_WEIGHTS)
    return refuse_number(call, KAIROS_E_UNSUPPORTED, "the content to save", content,
                         "KAIROS_SAVE_MODEL (0) or KAIROS_SAVE_WEIGHTS (1)");
  KAIROS_RETURN_IF(take_path(call, path, wanted.file));
  wanted.content = content == KAIROS_SAVE_MODEL ? SaveContent::Model : SaveContent::Weights;
  return KAIROS_OK;
}

kairos_status check_file(kairos_call* call, const Wanted& wanted) {
  const std::string fault = call->session->target.save_fault(wanted.file, wanted.content);
  if (!fault.empty()) return call->refuse(KAIROS_E_UNSUPPORTED, fault);
  const auto conflict = call->session->files.conflict_of_save(wanted.file, call->instance->name);
  if (!conflict) return KAIROS_OK;
  return call->refuse(KAIROS_E_DENIED,
                      conflict->text("\"" + wanted.file + "\"") + ". Save under another name");
}

kairos_status model_can_save(kairos_call* call, kairos_str path, std::int32_t content) {
  return answer(call, Moment::SetUp, [&] {
    Wanted wanted;
    KAIROS_RETURN_IF(take_wanted(call, path, content, wanted));
    return check_file(call, wanted);
  });
}

/// Whether the file may be saved now.
kairos_status check_save(kairos_call* call, kairos_str path, std::int32_t content, Wanted& wanted) {
  KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_SAVE_MODEL));
  if (call->hook ==
      call->session->hooks.on_checkpoint_saved.name)  // else two savers would call each other endlessly
    return call->refuse(KAIROS_E_STATE,
                        "nothing can be saved in on_checkpoint_saved; save in the next hook instead");
  KAIROS_RETURN_IF(take_wanted(call, path, content, wanted));
  return check_file(call, wanted);
}

kairos_status model_save(kairos_call* call, kairos_str path, std::int32_t content) {
  return answer(call, Moment::Running, [&] {
    Wanted wanted;
    KAIROS_RETURN_IF(check_save(call, path, content, wanted));
    Session& session = *call->session;
    session.files.add_saved(wanted.file, call->instance->name);
    session.target.save(wanted.file, wanted.content);
    session.checkpoints.announce(wanted.file, wanted.content, *call->instance);
    return KAIROS_OK;
  });
}

kairos_status model_save_in_background(kairos_call* call, kairos_str path, std::int32_t content) {
  return answer(call, Moment::Running, [&] {
    Wanted wanted;
    KAIROS_RETURN_IF(check_save(call, path, content, wanted));
    Session& session = *call->session;
    session.files.add_saved(wanted.file, call->instance->name);
    std::function<void()> write = session.target.save_later(wanted.file, wanted.content);
    session.checkpoints.save_in_background({call->instance, std::move(wanted.file), wanted.content},
                                           std::move(write));
    return KAIROS_OK;
  });
}

kairos_status model_load_weights(kairos_call* call, kairos_str path) {
  const auto load = [&] {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_WEIGHTS));
    std::string file;
    KAIROS_RETURN_IF(take_path(call, path, file));
    call->session->target.load_weights(file);
    ++call->session->generation;
    return KAIROS_OK;
  };
  return answer(call, Moment::SetUp, load, KAIROS_E_DATA);
}

kairos_status refuse_slot(kairos_call* call, std::uint64_t slot) {
  return call->refuse(KAIROS_E_NOT_FOUND, slot == 0 ? std::string("no snapshot of weights exists")
                                                    : "the instance has no snapshot " + std::to_string(slot));
}

kairos_status model_snapshot(kairos_call* call, std::uint64_t* slot) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_pointer(call, slot, "the number of a snapshot"));
    Instance& instance = *call->instance;
    if (*slot != 0 && !instance.snapshots.contains(*slot)) return refuse_slot(call, *slot);
    std::vector<float> weights;
    for (const TensorRef& weight : call->session->target.tensors(Role::Weight))
      weights.insert(weights.end(), weight.data, weight.data + weight.size());
    const std::uint64_t number = *slot != 0 ? *slot : instance.next_snapshot++;
    instance.snapshots[number] = std::move(weights);
    *slot = number;
    return KAIROS_OK;
  });
}

kairos_status model_rollback(kairos_call* call, std::uint64_t slot) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_WEIGHTS));
    const auto kept = call->instance->snapshots.find(slot);
    if (kept == call->instance->snapshots.end()) return refuse_slot(call, slot);
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
    return KAIROS_OK;
  });
}

void model_drop(kairos_call* call, std::uint64_t slot) {
  static_cast<void>(answer(call, Moment::SetUp, [&] {
    call->instance->snapshots.erase(slot);
    return KAIROS_OK;
  }));
}

kairos_status model_architecture(kairos_call* call, kairos_str* out) {
  return answer(call, Moment::SetUp, [&] {
    KAIROS_RETURN_IF(check_pointer(call, out, "the text of the architecture"));
    call->lent = call->session->target.architecture();
    *out = to_abi(call->lent);
    return KAIROS_OK;
  });
}

}  // namespace

const kairos_model model_table = {sizeof model_table, 0,
                                  model_save,         model_can_save,
                                  model_load_weights, model_snapshot,
                                  model_rollback,     model_drop,
                                  model_architecture, model_save_in_background};

}  // namespace kairos::host
