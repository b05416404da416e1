// SPDX-License-Identifier: MIT
// What the tables of the test host share: counting, capabilities, out structs.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/testing/host.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {
namespace tables {

/// The host of a call; leaves the calling function if the test asked for a failure of it, or in create.
#define KAIROS_TESTING_ENTER(function)                                                                \
  Host& host = *Call::of(call).host;                                                                  \
  if (const kairos_status entered = host.enter(call, function); entered != KAIROS_OK) return entered; \
  if (Call::of(call).hook == "create")                                                                \
  return Call::of(call).refuse(KAIROS_E_STATE, std::string(function) + " is not allowed in create")

inline kairos_status need(kairos_call* call, std::uint64_t capability, const char* name) {
  if (Call::of(call).host->may(capability)) return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_DENIED,
                               std::string("the callback has not declared the capability ") + name);
}
#define KAIROS_TESTING_NEED(capability, name) \
  if (const kairos_status allowed = need(call, capability, name); allowed != KAIROS_OK) return allowed

/// Between setup and teardown, both excluded.
inline kairos_status need_running(kairos_call* call) {
  const std::string_view hook = Call::of(call).hook;
  if (hook.substr(0, 3) == "on_") return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_STATE, "this function is not allowed in " + std::string(hook));
}

/// Fills an out struct: as many bytes as both sides know.
template <class T>
kairos_status give(kairos_call* call, T value, T* out) {
  if (out->size < sizeof(T))
    return Call::of(call).refuse(KAIROS_E_INVALID,
                                 "the size of an out struct is " + std::to_string(out->size) +
                                     "; set it to the sizeof of the struct before the call");
  value.size = sizeof(T);
  std::memcpy(out, &value, sizeof(T));
  return KAIROS_OK;
}

/// A tensor of the test as a callback sees it.
inline kairos_tensor lent(Host& host, TensorData& tensor, std::int32_t role, std::int32_t access) {
  kairos_tensor lent{};
  lent.access = access;
  lent.name = detail::to_abi(tensor.name);
  lent.role = role;
  lent.trainable = tensor.trainable ? 1 : 0;
  lent.generation = host.generation;
  lent.view = {tensor.values.data(),
               {1, 0},
               static_cast<std::int32_t>(tensor.shape.size()),
               {2, 32, 1},
               tensor.shape.data(),
               nullptr,
               0};
  return lent;
}

/// The tensors of a role.
inline std::vector<TensorData*> tensors_of(Host& host, std::int32_t role) {
  std::vector<TensorData*> found;
  const bool buffers = role == KAIROS_ROLE_BUFFER;
  for (TensorData& tensor : host.tensors[buffers ? Role::Weight : static_cast<Role>(role)])
    if (!buffers || !tensor.trainable) found.push_back(&tensor);
  return found;
}
/// Whether a callback may change tensors of this role before the batch goes through the model.
inline bool is_given(std::int32_t role) {
  return role == KAIROS_ROLE_INPUT || role == KAIROS_ROLE_TARGET || role == KAIROS_ROLE_SAMPLE_WEIGHT;
}
inline kairos_status need_batch_begin(kairos_call* call) {
  if (Call::of(call).hook == "on_train_batch_begin") return KAIROS_OK;
  return Call::of(call).refuse(KAIROS_E_STATE, "a batch is changed in on_train_batch_begin, not in " +
                                                   std::string(Call::of(call).hook));
}

}  // namespace tables
}  // namespace testing
}  // namespace v1
}  // namespace kairos
