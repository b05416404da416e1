// SPDX-License-Identifier: MIT
// A batch of one sample with one input, one target and one weight, each a number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "kairos/host/current_batch.hpp"

namespace kairos::tests {

class StubBatch final : public host::CurrentBatch {
 public:
  std::span<const host::TensorRef> tensors(host::Role role) override { return {&ref(role), 1}; }
  [[nodiscard]] bool is_soft(std::size_t) const override { return false; }
  const host::TensorRef& writable(host::Role role, std::size_t) override { return ref(role); }
  [[nodiscard]] std::string shape_fault(host::Role, std::size_t,
                                        std::span<const std::int64_t> shape) override {
    return shape.size() == 1 && shape[0] == 1 ? "" : "it is not (1)";
  }
  std::string replace(host::Role role, std::size_t, std::span<const std::int64_t>,
                      const float* values) override {
    *ref(role).data = *values;
    return "";
  }
  [[nodiscard]] std::string fault() override { return ""; }
  void keep() override { ++kept; }
  void take_back() override { ++taken_back; }
  std::span<const std::int64_t> rows() override { return rows_; }

  int kept = 0, taken_back = 0;

 private:
  host::TensorRef& ref(host::Role role) {
    return refs_[role == host::Role::Input ? 0 : role == host::Role::Target ? 1 : 2];
  }

  std::array<float, 3> values_{1, 2, 3};
  std::array<host::TensorRef, 3> refs_{
      {{"x", {1}, &values_[0], false}, {"y", {1}, &values_[1], false}, {"y", {1}, &values_[2], false}}};
  std::array<std::int64_t, 1> rows_{7};
};

}  // namespace kairos::tests
