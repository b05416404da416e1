// SPDX-License-Identifier: MIT
// A loop's passes over 16 training and 8 validation samples, in batches of 2, which compute nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kairos/host/forward_control.hpp"

namespace kairos::tests {

class StubForward final : public host::ForwardControl {
 public:
  [[nodiscard]] std::string fault() const override { return impossible; }
  [[nodiscard]] std::optional<std::int64_t> batches(host::DataSide side,
                                                    std::int64_t batch_size) const override {
    const std::int64_t samples = side == host::DataSide::Training ? training : validation;
    if (samples == 0) return std::nullopt;
    const std::int64_t size = batch_size == 0 ? 2 : batch_size;
    return samples / size + (samples % size == 0 ? 0 : 1);
  }
  [[nodiscard]] bool evaluate(host::DataSide, std::int64_t, std::int64_t, std::span<double> found) override {
    std::fill(found.begin(), found.end(), 0.25);
    return !interrupted;
  }
  [[nodiscard]] std::size_t inputs() const override { return 1; }
  [[nodiscard]] std::string shape_fault(std::span<const host::GivenInput> given) const override {
    return given.front().shape.size() == 2 ? "" : "the input has no two axes";
  }
  [[nodiscard]] std::string value_fault(std::span<const host::GivenInput> given) const override {
    return given.front().values[0] < 0 ? "the first value is negative" : "";
  }
  [[nodiscard]] bool predict(std::span<const host::GivenInput> given) override {
    values.assign(given.front().values, given.front().values + given.front().shape.front());
    refs = {{"output", {given.front().shape.front()}, values.data(), false}};
    return !interrupted;
  }
  [[nodiscard]] std::span<const host::TensorRef> outputs() const override { return refs; }
  [[nodiscard]] bool statistics(std::int64_t count) override {
    if (!interrupted) measured.push_back(count);
    return !interrupted;
  }
  [[nodiscard]] std::optional<double> trial_step(std::int64_t batch, std::int64_t batch_size) override {
    if (interrupted) return std::nullopt;
    trials.push_back(batch_size);
    return loss ? loss(batch) : 0.5;
  }

  std::int64_t training = 16, validation = 8;
  bool interrupted = false;
  std::string impossible;
  std::function<double(std::int64_t)> loss;  ///< of a trial step, by its batch
  std::vector<std::int64_t> measured;        ///< batches, for each call of statistics
  std::vector<std::int64_t> trials;          ///< batch sizes
  std::vector<float> values;
  std::vector<host::TensorRef> refs;
};

}  // namespace kairos::tests
