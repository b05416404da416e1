// SPDX-License-Identifier: MIT
// kairos.batch/1: the loss, the rows and the random bits of the current batch, and other values for it.
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>

#include "plugin/run/batch_random.hpp"
#include "plugin/run/host_api.hpp"

namespace kairos::host {

BatchStage stage_of(const kairos_call& call) {
  const HookLists& hooks = call.session->hooks;
  const auto is = [&](const HookList& list) { return call.hook == list.name; };
  if (is(hooks.on_train_batch_begin)) return BatchStage::TrainBegin;
  if (is(hooks.on_backward_end) || is(hooks.on_train_batch_end) || is(hooks.on_test_batch_end))
    return BatchStage::Evaluated;
  if (is(hooks.on_test_batch_begin)) return BatchStage::TestBegin;
  if (is(hooks.on_predict_batch_begin)) return BatchStage::PredictBegin;
  return is(hooks.on_predict_batch_end) ? BatchStage::Predicted : BatchStage::None;
}

kairos_status check_whole_batch(kairos_call* call) {
  Session& session = *call->session;
  if (session.options.ranks == nullptr || Session::runs_everywhere(call->instance->manifest))
    return KAIROS_OK;
  if (call->hook == session.hooks.on_test_batch_end.name ||
      call->hook == session.hooks.on_test_batch_begin.name)
    session.root_reads_tests = true;
  if (!session.lends_parts) return KAIROS_OK;
  return call->refuse(
      KAIROS_E_UNSUPPORTED,
      "it runs on rank 0 alone, which has only its part of this batch; in distributed training, "
      "a callback that reads training batches declares every_rank or a phase before report");
}

namespace {

kairos_status check_in_batch(kairos_call* call) {
  if (stage_of(*call) != BatchStage::None) return KAIROS_OK;
  return call->refuse(KAIROS_E_STATE,
                      std::string("this is allowed in the hooks of a batch, not in ") + call->hook);
}

kairos_status batch_loss(kairos_call* call, double* out) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_in_batch(call));
    KAIROS_RETURN_IF(check_pointer(call, out, "the loss of a batch"));
    const BatchStage stage = stage_of(*call);
    if (stage == BatchStage::PredictBegin || stage == BatchStage::Predicted)
      return call->decline(KAIROS_E_NOT_FOUND, "a prediction has no loss");
    if (stage != BatchStage::Evaluated)
      return call->decline(KAIROS_E_NOT_FOUND, "the batch has not gone through the model yet");
    const std::optional<double> loss = call->session->target.batch_loss();
    if (!loss)
      return call->refuse(KAIROS_E_UNSUPPORTED, "this model does not tell the loss of a batch alone");
    *out = *loss;
    return KAIROS_OK;
  });
}

kairos_status batch_indices(kairos_call* call, const std::int64_t** out, std::uint64_t* count) {
  const auto tell = [&] {
    KAIROS_RETURN_IF(check_in_batch(call));
    KAIROS_RETURN_IF(check_pointer(call, out, "the rows of the samples"));
    KAIROS_RETURN_IF(check_pointer(call, count, "the number of rows"));
    KAIROS_RETURN_IF(check_whole_batch(call));
    CurrentBatch* const batch = call->session->current_batch;
    const std::span<const std::int64_t> rows =
        batch == nullptr ? std::span<const std::int64_t>{} : batch->rows();
    if (rows.empty())
      return call->refuse(KAIROS_E_UNSUPPORTED,
                          "this training loop does not tell which rows of the data a batch has");
    *out = rows.data();
    *count = rows.size();
    return KAIROS_OK;
  };
  return answer(call, Moment::Running, [&] { return with_batch(call, tell); });
}

bool is_in_training_batch(const kairos_call& call) {
  const HookLists& hooks = call.session->hooks;
  return call.hook == hooks.on_train_batch_begin.name || call.hook == hooks.on_backward_end.name ||
         call.hook == hooks.on_train_batch_end.name;
}

/// The number of the training batch: in its hooks its own, elsewhere that of the next one.
std::int64_t training_batch_of(const kairos_call& call) {
  const Session& session = *call.session;
  return is_in_training_batch(call) ? session.facts.training_batch : session.target.training_batches();
}

kairos_status batch_random(kairos_call* call, std::uint64_t stream, std::uint64_t* out) {
  return answer(call, Moment::Running, [&] {
    KAIROS_RETURN_IF(check_pointer(call, out, "the random bits"));
    const kairos_run_event run = call->session->facts.run_event();
    *out = random_bits({run.seed, call->instance->name, static_cast<std::uint64_t>(run.rank),
                        static_cast<std::uint64_t>(training_batch_of(*call)), stream});
    return KAIROS_OK;
  });
}

kairos_status check_view(kairos_call* call, const kairos_view* view) {
  KAIROS_RETURN_IF(check_pointer(call, view, "the view of the values"));
  KAIROS_RETURN_IF(check_pointer(call, view->data, "the values of a view"));
  if (view->rank < 1 || view->shape == nullptr)
    return call->refuse(KAIROS_E_INVALID, "a view has no shape: its rank is " + std::to_string(view->rank));
  const kairos_dtype& dtype = view->dtype;
  if (dtype.code != 2 || dtype.bits != 32 || dtype.lanes != 1 || view->device.type != 1)
    return call->refuse(KAIROS_E_UNSUPPORTED, "a view has dtype code " + std::to_string(dtype.code) + ", " +
                                                  std::to_string(dtype.bits) + " bits, " +
                                                  std::to_string(dtype.lanes) + " lanes, on device type " +
                                                  std::to_string(view->device.type) +
                                                  "; expected float32 (2, 32, 1) on the CPU (1)");
  return KAIROS_OK;
}

kairos_status replace_checked(kairos_call* call, CurrentBatch& batch, Role role, std::uint32_t index,
                              const kairos_view& view) {
  const std::size_t count = batch.tensors(role).size();
  if (index >= count)
    return call->refuse(KAIROS_E_RANGE, "tensor " + std::to_string(index) + " of " + std::to_string(count) +
                                            " of role " + std::to_string(static_cast<std::int32_t>(role)));
  const std::span<const std::int64_t> shape(view.shape, static_cast<std::size_t>(view.rank));
  if (const std::string fault = batch.shape_fault(role, index, shape); !fault.empty())
    return call->refuse(KAIROS_E_UNSUPPORTED, fault);
  if (!is_compact(view))  // after the shape, so that the product of its axes is small
    return call->refuse(KAIROS_E_UNSUPPORTED,
                        "a view has strides; expected row-major values without gaps. Copy them first");
  const char* const first = static_cast<const char*>(view.data) + view.byte_offset;
  if (reinterpret_cast<std::uintptr_t>(first) % alignof(float) != 0)
    return call->refuse(KAIROS_E_UNSUPPORTED, "the values of a view are not aligned to 4 bytes");
  call->written_roles |= 1u << static_cast<unsigned>(role);
  const std::string fault = batch.replace(role, index, shape, reinterpret_cast<const float*>(first));
  return fault.empty() ? kairos_status{KAIROS_OK} : call->refuse(KAIROS_E_DATA, fault);
}

kairos_status batch_replace(kairos_call* call, std::int32_t role, std::uint32_t index,
                            const kairos_view* values) {
  const auto replace = [&]() -> kairos_status {
    if (stage_of(*call) != BatchStage::TrainBegin)
      return call->refuse(KAIROS_E_STATE,
                          std::string("a batch is replaced in on_train_batch_begin, not in ") + call->hook);
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_BATCH));
    if (role != KAIROS_ROLE_INPUT && role != KAIROS_ROLE_TARGET && role != KAIROS_ROLE_SAMPLE_WEIGHT)
      return refuse_number(call, KAIROS_E_UNSUPPORTED, "the role to replace", role,
                           "KAIROS_ROLE_INPUT (4), _TARGET (5) or _SAMPLE_WEIGHT (8)");
    KAIROS_RETURN_IF(check_view(call, values));
    CurrentBatch* const batch = call->session->current_batch;
    if (batch == nullptr)
      return call->refuse(KAIROS_E_UNSUPPORTED, "this training loop does not let callbacks change a batch");
    return replace_checked(call, *batch, static_cast<Role>(role), index, *values);
  };
  return answer(call, Moment::Running, [&] { return with_batch(call, replace); });
}

kairos_status batch_classes(kairos_call* call, std::uint32_t target, std::int64_t* out) {
  return answer(call, Moment::SetUp, [&] {
    KAIROS_RETURN_IF(check_pointer(call, out, "the number of classes"));
    const std::optional<std::int64_t> classes = call->session->target.classes(target);
    if (!classes) return call->refuse(KAIROS_E_RANGE, "the model has no target " + std::to_string(target));
    CurrentBatch* const batch = is_in_training_batch(*call) ? call->session->current_batch : nullptr;
    *out = batch != nullptr && batch->is_soft(target) ? 0 : *classes;
    return KAIROS_OK;
  });
}

}  // namespace

const kairos_batch batch_table = {
    sizeof batch_table, 0, batch_loss, batch_indices, batch_random, batch_replace, batch_classes};

}  // namespace kairos::host
