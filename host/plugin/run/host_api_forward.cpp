// SPDX-License-Identifier: MIT
// kairos.forward/1: passes and trial steps between batches.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kairos/host/forward_control.hpp"
#include "plugin/run/host_api.hpp"

namespace kairos::host {

namespace {

/// Runs `work` with the loop's control over passes.
template <class Work>
kairos_status control_forward(kairos_call* call, Work&& work) noexcept {
  return answer(call, Moment::Running, [&] {
    ForwardControl* const control = call->session->options.forward;
    if (control == nullptr)
      return call->refuse(KAIROS_E_UNSUPPORTED,
                          "the training loop makes no passes for callbacks; train with kairos fit or "
                          "kairos::host::fit, or implement ForwardControl for the loop");
    return work(*call->session, *control);
  });
}

bool is_in_hook(const kairos_call& call, std::initializer_list<const HookList*> hooks) {
  for (const HookList* list : hooks)
    if (call.hook == list->name) return true;
  return false;
}

/// In a batch, its activations and what hooks have borrowed of them are in the memory that a pass needs.
kairos_status check_between_batches(kairos_call* call) {
  const HookLists& hooks = call->session->hooks;
  if (is_in_hook(*call,
                 {&hooks.on_train_begin, &hooks.on_epoch_begin, &hooks.on_epoch_end, &hooks.on_train_end,
                  &hooks.on_test_begin, &hooks.on_test_end, &hooks.on_predict_begin, &hooks.on_predict_end}))
    return KAIROS_OK;
  return call->refuse(KAIROS_E_STATE,
                      "passes are made while no batch is under way, in the begin and the end of trainings, "
                      "epochs, tests and predictions, not in " +
                          std::string(call->hook));
}

kairos_status check_in_fit(kairos_call* call, const char* what) {
  if (call->session->facts.training) return KAIROS_OK;
  return call->refuse(KAIROS_E_STATE, std::string(what) + " belongs to a fit, not to this run");
}

kairos_status check_possible(kairos_call* call, const ForwardControl& control) {
  const std::string fault = control.fault();
  return fault.empty() ? KAIROS_OK : call->refuse(KAIROS_E_UNSUPPORTED, fault);
}

kairos_status count_batches(kairos_call* call, const ForwardControl& control, std::int32_t source,
                            std::int64_t batch_size, std::int64_t& count) {
  if (source != KAIROS_SOURCE_TRAINING && source != KAIROS_SOURCE_VALIDATION)
    return refuse_number(call, KAIROS_E_UNSUPPORTED, "the source of a pass", source,
                         "KAIROS_SOURCE_TRAINING (1) or KAIROS_SOURCE_VALIDATION (2)");
  if (batch_size < 0)
    return refuse_number(call, KAIROS_E_RANGE, "the batch size of a pass", batch_size,
                         "a number of samples, or 0 for that of the run");
  const std::optional<std::int64_t> found = control.batches(static_cast<DataSide>(source), batch_size);
  if (!found || *found < 1)
    return call->decline(KAIROS_E_NOT_FOUND, source == KAIROS_SOURCE_TRAINING
                                                 ? "the run has no training data"
                                                 : "the run has no validation data");
  count = *found;
  return KAIROS_OK;
}

kairos_status check_batches(kairos_call* call, std::int64_t first, std::int64_t count, std::int64_t all) {
  if (first >= 0 && count > 0 && first < all && count <= all - first) return KAIROS_OK;
  return call->refuse(KAIROS_E_RANGE, std::to_string(count) + " batches from batch " + std::to_string(first) +
                                          " on were asked for; there are " + std::to_string(all) +
                                          ", counted from 0");
}

kairos_status refuse_interrupted(kairos_call* call) {
  return call->refuse(KAIROS_E_BUSY, "a signal ends the run, and has ended this pass");
}

kairos_status batches(kairos_call* call, std::int32_t source, std::int64_t batch_size, std::int64_t* out) {
  return control_forward(call, [&](Session&, const ForwardControl& control) {
    KAIROS_RETURN_IF(check_pointer(call, out, "the number of batches"));
    KAIROS_RETURN_IF(check_possible(call, control));  // so that a callback learns it before it needs a pass
    return count_batches(call, control, source, batch_size, *out);
  });
}

kairos_status evaluate_data(kairos_call* call, std::int32_t source, std::int64_t first, std::int64_t count,
                            double* values, std::uint32_t capacity) {
  return control_forward(call, [&](const Session& session, ForwardControl& control) {
    KAIROS_RETURN_IF(check_pointer(call, values, "the list of values"));
    KAIROS_RETURN_IF(check_between_batches(call));
    std::int64_t all = 0;
    KAIROS_RETURN_IF(count_batches(call, control, source, 0, all));
    KAIROS_RETURN_IF(check_batches(call, first, count, all));
    KAIROS_RETURN_IF(check_possible(call, control));
    std::vector<double> found(session.board.per_pass());
    return with_batch(call, [&] {
      if (!control.evaluate(static_cast<DataSide>(source), first, count, found))
        return refuse_interrupted(call);
      const std::size_t keys = std::min<std::size_t>(capacity, session.board.keys().size());
      for (std::size_t i = 0; i < keys; ++i)
        values[i] = i < found.size() ? found[i] : std::numeric_limits<double>::quiet_NaN();
      return kairos_status{KAIROS_OK};
    });
  });
}

/// Whether the view has float32 values, one after the other in CPU memory.
bool is_plain(const kairos_view& view) {
  if (view.data == nullptr || view.shape == nullptr || view.rank < 1 || view.rank > 64) return false;
  if (view.dtype.code != 2 || view.dtype.bits != 32 || view.dtype.lanes != 1) return false;
  if (view.device.type != 1) return false;
  std::int64_t step = 1;
  for (std::int32_t axis = view.rank - 1; axis >= 0; --axis) {
    if (view.shape[axis] < 1) return false;
    if (view.strides != nullptr && view.shape[axis] != 1 && view.strides[axis] != step) return false;
    if (__builtin_mul_overflow(step, view.shape[axis], &step)) return false;
  }
  return true;
}

kairos_status take_inputs(kairos_call* call, const kairos_view* views, std::uint32_t count,
                          std::vector<GivenInput>& inputs) {
  for (std::uint32_t i = 0; i < count; ++i) {
    const kairos_view& view = views[i];
    if (!is_plain(view))
      return call->refuse(KAIROS_E_INVALID, "input " + std::to_string(i) +
                                                " of a prediction is not float32 on the CPU, row-major and "
                                                "without gaps, with at least one sample");
    const auto* const values =
        reinterpret_cast<const float*>(static_cast<const char*>(view.data) + view.byte_offset);
    inputs.push_back({{view.shape, static_cast<std::size_t>(view.rank)}, values});
  }
  return KAIROS_OK;
}

kairos_status predict(kairos_call* call, const kairos_view* views, std::uint32_t count) {
  return control_forward(call, [&](const Session&, ForwardControl& control) {
    KAIROS_RETURN_IF(check_pointer(call, views, "the list of inputs"));
    KAIROS_RETURN_IF(check_between_batches(call));
    if (count != control.inputs())  // before any view is read
      return call->refuse(KAIROS_E_INVALID, std::to_string(count) + " inputs were given; the model has " +
                                                std::to_string(control.inputs()));
    std::vector<GivenInput> inputs;
    KAIROS_RETURN_IF(take_inputs(call, views, count, inputs));
    if (const std::string fault = control.shape_fault(inputs); !fault.empty())
      return call->refuse(KAIROS_E_INVALID, fault);
    if (const std::string fault = control.value_fault(inputs); !fault.empty())
      return call->refuse(KAIROS_E_DATA, fault);
    call->predicted = false;
    if (!control.predict(inputs)) return refuse_interrupted(call);
    call->predicted = true;
    return kairos_status{KAIROS_OK};
  });
}

kairos_status output(kairos_call* call, std::uint32_t index, kairos_tensor* out) {
  return control_forward(call, [&](const Session& session, const ForwardControl& control) {
    KAIROS_RETURN_IF(check_out(call, out, "kairos_tensor"));
    if (!call->predicted) return call->decline(KAIROS_E_NOT_FOUND, "this hook has predicted nothing yet");
    const std::span<const TensorRef> outputs = control.outputs();
    if (index >= outputs.size())
      return call->refuse(KAIROS_E_RANGE,
                          "output " + std::to_string(index) + " of " + std::to_string(outputs.size()));
    deliver(out, described(outputs[index], KAIROS_ROLE_OUTPUT, KAIROS_ACCESS_READ, session.generation));
    return kairos_status{KAIROS_OK};
  });
}

/// What the two functions that change weights need; the number of training batches of that size.
kairos_status begin_change(kairos_call* call, const ForwardControl& control, const char* what,
                           std::int64_t batch_size, std::int64_t& all) {
  KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_WRITE_WEIGHTS));
  KAIROS_RETURN_IF(check_in_fit(call, what));
  KAIROS_RETURN_IF(check_between_batches(call));
  KAIROS_RETURN_IF(check_possible(call, control));
  return count_batches(call, control, KAIROS_SOURCE_TRAINING, batch_size, all);
}

kairos_status statistics(kairos_call* call, std::int64_t count) {
  return control_forward(call, [&](Session& session, ForwardControl& control) {
    std::int64_t all = 0;
    KAIROS_RETURN_IF(begin_change(call, control, "measuring the statistics of layers", 0, all));
    KAIROS_RETURN_IF(check_batches(call, 0, count, all));
    const Instance* const owner = session.weights.live_owner();
    if (owner != nullptr && owner != call->instance)
      return call->refuse(KAIROS_E_STATE, "the live weights are \"" + session.weights.label() + "\" of " +
                                              owner->name + ", which alone may change them");
    return with_batch(call, [&] {
      if (!control.statistics(count)) return refuse_interrupted(call);
      session.target.tensors_written(Role::Weight);
      ++session.generation;
      return kairos_status{KAIROS_OK};
    });
  });
}

kairos_status trial_step(kairos_call* call, std::int64_t batch, std::int64_t batch_size, double* loss) {
  return control_forward(call, [&](Session& session, ForwardControl& control) {
    KAIROS_RETURN_IF(check_pointer(call, loss, "the loss of a trial step"));
    KAIROS_RETURN_IF(check_capability(call, KAIROS_CAN_CONTROL_STEP));
    std::int64_t all = 0;
    KAIROS_RETURN_IF(begin_change(call, control, "a trial step", batch_size, all));
    const HookLists& hooks = session.hooks;
    if (!is_in_hook(*call, {&hooks.on_train_begin, &hooks.on_epoch_begin, &hooks.on_epoch_end}))
      return call->refuse(KAIROS_E_STATE,
                          "trial steps are made in on_train_begin, on_epoch_begin and on_epoch_end, not in " +
                              std::string(call->hook));
    if (!session.weights.empty())
      return call->refuse(KAIROS_E_STATE, "\"" + session.weights.label() +
                                              "\" is swapped in; a trial step trains the trained weights");
    KAIROS_RETURN_IF(check_batches(call, batch, 1, all));
    return with_batch(call, [&] {
      const std::optional<double> found = control.trial_step(batch, batch_size);
      if (!found) return refuse_interrupted(call);
      ++session.generation;
      *loss = *found;
      return kairos_status{KAIROS_OK};
    });
  });
}

}  // namespace

const kairos_forward forward_table = {
    sizeof forward_table, 0, batches, evaluate_data, predict, output, statistics, trial_step};

}  // namespace kairos::host
