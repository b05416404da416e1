// SPDX-License-Identifier: MIT
// kairos.model/1: saving, loading and remembering weights for callbacks.
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "plugin/run/host_api.hpp"
#include "plugin/run/weight_slots.hpp"

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
    session.checkpoints.prepare(wanted.file);
    session.target.save(wanted.file, wanted.content);
    session.checkpoints.announce(wanted.file, wanted.content, *call->instance, session.weights.label());
    return KAIROS_OK;
  });
}

kairos_status model_save_in_background(kairos_call* call, kairos_str path, std::int32_t content) {
  return answer(call, Moment::Running, [&] {
    Wanted wanted;
    KAIROS_RETURN_IF(check_save(call, path, content, wanted));
    Session& session = *call->session;
    session.files.add_saved(wanted.file, call->instance->name);
    session.checkpoints.prepare(wanted.file);
    std::function<void()> write = session.target.save_later(wanted.file, wanted.content);
    session.checkpoints.save_in_background(
        {call->instance, std::move(wanted.file), wanted.content, session.weights.label()}, std::move(write));
    return KAIROS_OK;
  });
}

kairos_status model_load_weights(kairos_call* call, kairos_str path) {
  const auto load = [&] {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_WEIGHTS));
    std::string file;
    KAIROS_RETURN_IF(take_path(call, path, file));
    Session& session = *call->session;
    const PresentedWeights::Aside trained(session.weights);
    session.target.load_weights(file);
    ++session.generation;
    ++session.weight_writes;
    session.weights.note_replaced(*call);
    return KAIROS_OK;
  };
  return answer(call, Moment::SetUp, load, KAIROS_E_DATA);
}

kairos_status model_snapshot(kairos_call* call, std::uint64_t* slot) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_pointer(call, slot, "the number of a snapshot"));
    return keep_weights(call, *slot, call->session->weights.live());
  });
}

kairos_status model_rollback(kairos_call* call, std::uint64_t slot) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_WEIGHTS));
    return put_weights(call, slot);
  });
}

void model_drop(kairos_call* call, std::uint64_t slot) {
  static_cast<void>(answer(call, Moment::SetUp, [&] {
    drop_slot(call, slot);
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
