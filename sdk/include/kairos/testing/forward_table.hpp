// SPDX-License-Identifier: MIT
// kairos.forward/1 of the test host.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/testing/host.hpp"
#include "kairos/testing/table_parts.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {
namespace tables {

#define KAIROS_TESTING_FORWARD(function)                                                   \
  KAIROS_TESTING_ENTER(function);                                                          \
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status; \
  if (!host.makes_passes)                                                                  \
  return Call::of(call).refuse(KAIROS_E_UNSUPPORTED, "this training loop makes no passes for callbacks")

inline kairos_status need_between_batches(kairos_call* call) {
  const std::string_view hook = Call::of(call).hook;
  for (const std::string_view one : {"on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end",
                                     "on_test_begin", "on_test_end", "on_predict_begin", "on_predict_end"})
    if (hook == one) return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_STATE,
                               "passes are made while no batch is under way, not in " + std::string(hook));
}
/// Samples of a source; a signal ends every pass.
inline kairos_status find_source(kairos_call* call, std::int32_t source, std::int64_t& samples) {
  const Host& host = *Call::of(call).host;
  if (source != KAIROS_SOURCE_TRAINING && source != KAIROS_SOURCE_VALIDATION)
    return Call::of(call).refuse(KAIROS_E_UNSUPPORTED, std::to_string(source) + " is no source of data");
  samples = source == KAIROS_SOURCE_TRAINING ? host.training_samples : host.validation_samples;
  return samples > 0 ? KAIROS_OK : Call::of(call).refuse(KAIROS_E_NOT_FOUND, "the run has no such data");
}
inline kairos_status find_batches(kairos_call* call, std::int32_t source, std::int64_t batch_size,
                                  std::int64_t& count) {
  std::int64_t samples = 0;
  if (const kairos_status status = find_source(call, source, samples); status != KAIROS_OK) return status;
  if (batch_size < 0) return Call::of(call).refuse(KAIROS_E_RANGE, "a batch size is negative");
  const std::int64_t size = batch_size == 0 ? Call::of(call).host->batch_size : batch_size;
  count = samples / size + (samples % size == 0 ? 0 : 1);
  return KAIROS_OK;
}
inline kairos_status need_batches(kairos_call* call, std::int64_t first, std::int64_t count,
                                  std::int64_t all) {
  if (first >= 0 && count > 0 && first < all && count <= all - first) return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_RANGE, std::to_string(count) + " batches from batch " +
                                                   std::to_string(first) + " on were asked for; there are " +
                                                   std::to_string(all));
}
inline kairos_status need_time(kairos_call* call) {
  if (!Call::of(call).host->ending) return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_BUSY, "a signal ends the run");
}

inline kairos_status forward_batches(kairos_call* call, std::int32_t source, std::int64_t batch_size,
                                     std::int64_t* out) {
  KAIROS_TESTING_FORWARD("forward.batches");
  return find_batches(call, source, batch_size, *out);
}
inline kairos_status forward_evaluate(kairos_call* call, std::int32_t source, std::int64_t first,
                                      std::int64_t count, double* values, std::uint32_t capacity) {
  KAIROS_TESTING_FORWARD("forward.evaluate");
  if (const kairos_status status = need_between_batches(call); status != KAIROS_OK) return status;
  std::int64_t all = 0;
  if (const kairos_status status = find_batches(call, source, 0, all); status != KAIROS_OK) return status;
  if (const kairos_status status = need_batches(call, first, count, all); status != KAIROS_OK) return status;
  if (const kairos_status status = need_time(call); status != KAIROS_OK) return status;
  const std::vector<double> found =
      host.evaluation ? host.evaluation(static_cast<Source>(source), first, count) : std::vector<double>();
  for (std::size_t i = 0; i < capacity && i < host.logs.size(); ++i)
    values[i] = i < found.size() ? found[i] : std::numeric_limits<double>::quiet_NaN();
  return KAIROS_OK;
}
inline kairos_status forward_predict(kairos_call* call, const kairos_view* inputs, std::uint32_t count) {
  KAIROS_TESTING_FORWARD("forward.predict");
  if (const kairos_status status = need_between_batches(call); status != KAIROS_OK) return status;
  if (count == 0) return Call::of(call).refuse(KAIROS_E_INVALID, "a prediction has no inputs");
  std::vector<TensorData> given;
  for (std::uint32_t i = 0; i < count; ++i) {
    const kairos_view& view = inputs[i];
    if (view.data == nullptr || view.shape == nullptr || view.rank < 1 || !detail::is_plain(view) ||
        *std::min_element(view.shape, view.shape + view.rank) < 1)
      return Call::of(call).refuse(KAIROS_E_INVALID, "input " + std::to_string(i) +
                                                         " of a prediction is not float32 on the CPU, "
                                                         "row-major and without gaps, with a sample");
    TensorData one{"input", {view.shape, view.shape + view.rank}, {}, false};
    std::int64_t n = 1;
    for (const std::int64_t size : one.shape) n *= size;
    const auto* const values =
        reinterpret_cast<const float*>(static_cast<const char*>(view.data) + view.byte_offset);
    one.values.assign(values, values + n);
    given.push_back(std::move(one));
  }
  if (const kairos_status status = need_time(call); status != KAIROS_OK) return status;
  host.predicted_in = call;
  host.predicted = host.prediction ? host.prediction(given) : std::vector<TensorData>();
  return KAIROS_OK;
}
inline kairos_status forward_output(kairos_call* call, std::uint32_t index, kairos_tensor* out) {
  KAIROS_TESTING_FORWARD("forward.output");
  if (host.predicted_in != call)
    return Call::of(call).refuse(KAIROS_E_NOT_FOUND, "this hook has predicted nothing yet");
  if (index >= host.predicted.size())
    return Call::of(call).refuse(KAIROS_E_RANGE, "there is no output " + std::to_string(index));
  return give(call, lent(host, host.predicted[index], KAIROS_ROLE_OUTPUT, KAIROS_ACCESS_READ), out);
}
inline kairos_status forward_statistics(kairos_call* call, std::int64_t count) {
  KAIROS_TESTING_FORWARD("forward.statistics");
  KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_WEIGHTS, "write_weights");
  if (const kairos_status status = need_between_batches(call); status != KAIROS_OK) return status;
  std::int64_t all = 0;
  if (const kairos_status status = find_batches(call, KAIROS_SOURCE_TRAINING, 0, all); status != KAIROS_OK)
    return status;
  if (const kairos_status status = need_batches(call, 0, count, all); status != KAIROS_OK) return status;
  if (const kairos_status status = need_time(call); status != KAIROS_OK) return status;
  host.statistics.push_back({count, host.swapped_in.empty() ? "" : host.swapped_in.back().label});
  ++host.generation;
  return KAIROS_OK;
}
inline kairos_status forward_trial_step(kairos_call* call, std::int64_t index, std::int64_t batch_size,
                                        double* loss) {
  KAIROS_TESTING_FORWARD("forward.trial_step");
  KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_WEIGHTS, "write_weights");
  KAIROS_TESTING_NEED(KAIROS_CAN_CONTROL_STEP, "control_step");
  const std::string_view hook = Call::of(call).hook;
  if (hook != "on_train_begin" && hook != "on_epoch_begin" && hook != "on_epoch_end")
    return Call::of(call).refuse(KAIROS_E_STATE,
                                 "trial steps are made in on_train_begin, on_epoch_begin and "
                                 "on_epoch_end, not in " +
                                     std::string(hook));
  std::int64_t all = 0;
  if (const kairos_status status = find_batches(call, KAIROS_SOURCE_TRAINING, batch_size, all);
      status != KAIROS_OK)
    return status;
  if (const kairos_status status = need_batches(call, index, 1, all); status != KAIROS_OK) return status;
  if (const kairos_status status = need_time(call); status != KAIROS_OK) return status;
  *loss = host.trial_loss ? host.trial_loss(index, batch_size) : 0;
  ++host.generation;
  return KAIROS_OK;
}

inline constexpr kairos_forward forward = {sizeof(kairos_forward), 0,
                                           &forward_batches,       &forward_evaluate,
                                           &forward_predict,       &forward_output,
                                           &forward_statistics,    &forward_trial_step};
#undef KAIROS_TESTING_FORWARD

}  // namespace tables
}  // namespace testing
}  // namespace v1
}  // namespace kairos
