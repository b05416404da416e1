// SPDX-License-Identifier: MIT
// kairos.batch/1 of the test host.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/testing/host.hpp"
#include "kairos/testing/table_parts.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {
namespace tables {

inline kairos_status need_batch(kairos_call* call) {
  const std::string_view hook = Call::of(call).hook;
  if (hook == "on_backward_end" || hook.find("_batch_") != std::string_view::npos) return KAIROS_OK;
  return Call::of(call).refuse(
      KAIROS_E_STATE, "this function is allowed in the hooks of a batch, not in " + std::string(hook));
}
inline kairos_status batch_loss(kairos_call* call, double* out) {
  KAIROS_TESTING_ENTER("batch.loss");
  if (const kairos_status status = need_batch(call); status != KAIROS_OK) return status;
  const std::string_view hook = Call::of(call).hook;
  if (hook != "on_backward_end" && hook != "on_train_batch_end" && hook != "on_test_batch_end")
    return Call::of(call).refuse(KAIROS_E_NOT_FOUND, "there is no loss in " + std::string(hook));
  if (!host.batch_loss)
    return Call::of(call).refuse(KAIROS_E_UNSUPPORTED, "the test gives no loss; set batch_loss");
  *out = *host.batch_loss;
  return KAIROS_OK;
}
inline kairos_status batch_indices(kairos_call* call, const std::int64_t** out, std::uint64_t* count) {
  KAIROS_TESTING_ENTER("batch.indices");
  if (const kairos_status status = need_batch(call); status != KAIROS_OK) return status;
  if (host.batch_rows.empty())
    return Call::of(call).refuse(KAIROS_E_UNSUPPORTED, "the test gives no rows; set batch_rows");
  *out = host.batch_rows.data();
  *count = host.batch_rows.size();
  return KAIROS_OK;
}
/// The generator that sdk/doc/abi.md describes.
inline kairos_status batch_random(kairos_call* call, std::uint64_t stream, std::uint64_t* out) {
  KAIROS_TESTING_ENTER("batch.random");
  if (const kairos_status status = need_running(call); status != KAIROS_OK) return status;
  std::uint64_t name = 0xCBF29CE484222325u;
  for (const char c : host.instance_name()) name = (name ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  std::uint64_t state = 0;
  for (const std::uint64_t word :
       {host.seed, name, static_cast<std::uint64_t>(host.rank), host.training_batch, stream}) {
    state = (state ^ word) + 0x9E3779B97F4A7C15u;
    state = (state ^ (state >> 30)) * 0xBF58476D1CE4E5B9u;
    state = (state ^ (state >> 27)) * 0x94D049BB133111EBu;
    state ^= state >> 31;
  }
  *out = state;
  return KAIROS_OK;
}
inline kairos_status batch_classes(kairos_call* call, std::uint32_t target, std::int64_t* out) {
  KAIROS_TESTING_ENTER("batch.classes");
  const std::size_t targets = std::max(host.target_classes.size(), host.tensors[Role::Target].size());
  if (target >= targets)
    return Call::of(call).refuse(KAIROS_E_RANGE, "there is no target " + std::to_string(target));
  const bool hard = target < host.target_classes.size() && host.soft_targets.count(target) == 0;
  *out = hard ? host.target_classes[target] : 0;
  return KAIROS_OK;
}
/// The shape of the tensor, or of class numbers as probabilities.
inline bool fits(const Host& host, std::int32_t role, std::uint32_t index, const TensorData& tensor,
                 const std::vector<std::int64_t>& shape) {
  if (shape == tensor.shape) return true;
  if (role != KAIROS_ROLE_TARGET || index >= host.target_classes.size() || host.target_classes[index] == 0)
    return false;
  std::vector<std::int64_t> soft = tensor.shape;
  soft.push_back(host.target_classes[index]);
  return shape == soft;
}
inline kairos_status batch_replace(kairos_call* call, std::int32_t role, std::uint32_t index,
                                   const kairos_view* view) {
  KAIROS_TESTING_ENTER("batch.replace");
  if (const kairos_status status = need_batch_begin(call); status != KAIROS_OK) return status;
  KAIROS_TESTING_NEED(KAIROS_CAN_WRITE_BATCH, "write_batch");
  if (!is_given(role))
    return Call::of(call).refuse(KAIROS_E_UNSUPPORTED,
                                 "tensors of role " + std::to_string(role) + " cannot be replaced");
  if (view == nullptr || view->data == nullptr || view->shape == nullptr)
    return Call::of(call).refuse(KAIROS_E_INVALID, "a view has no values or no shape");
  if (!detail::is_plain(*view))
    return Call::of(call).refuse(KAIROS_E_UNSUPPORTED,
                                 "a view is not float32 on the CPU, row-major and compact");
  const std::vector<TensorData*> tensors = tensors_of(host, role);
  if (index >= tensors.size())
    return Call::of(call).refuse(KAIROS_E_RANGE,
                                 "tensor " + std::to_string(index) + " of " + std::to_string(tensors.size()));
  const std::vector<std::int64_t> shape(view->shape, view->shape + view->rank);
  TensorData& tensor = *tensors[index];
  if (!fits(host, role, index, tensor, shape))
    return Call::of(call).refuse(KAIROS_E_UNSUPPORTED,
                                 "the values for \"" + tensor.name + "\" have another shape");
  std::int64_t n = 1;
  for (const std::int64_t size : shape) n *= size;
  const auto* first =
      reinterpret_cast<const float*>(static_cast<const char*>(view->data) + view->byte_offset);
  std::vector<float> values(first, first + n);
  for (const float value : values)
    if (!std::isfinite(value) || (role == KAIROS_ROLE_SAMPLE_WEIGHT && value < 0))
      return Call::of(call).refuse(KAIROS_E_DATA,
                                   "the values for \"" + tensor.name + "\" contain " + std::to_string(value));
  if (shape != tensor.shape) host.soft_targets.insert(index);
  tensor.shape = shape;
  tensor.values = std::move(values);
  ++host.generation;
  return KAIROS_OK;
}

inline constexpr kairos_batch batch = {
    sizeof(kairos_batch), 0, &batch_loss, &batch_indices, &batch_random, &batch_replace, &batch_classes};

}  // namespace tables
}  // namespace testing
}  // namespace v1
}  // namespace kairos
