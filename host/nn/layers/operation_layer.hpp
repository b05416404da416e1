// SPDX-License-Identifier: MIT
// The common part of all operations.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "nn/layers/operation.hpp"

namespace kairos::host {

/// In Keras operations are not layers, so masks end at them.
class OperationLayer : public Layer {
 public:
  OperationLayer(ConfigReader& config, std::string_view class_name)
      : Layer(config, std::string(class_name)) {}
  [[nodiscard]] bool takes_several_inputs() const final { return true; }

 protected:
  /// Throws Error(Model) for a result of broadcasting that is too large for tables of its values.
  void check_broadcast(const Shape& result) const {
    constexpr std::int64_t most = std::int64_t{1} << 31;
    std::int64_t n = 1;
    for (const std::int64_t dimension : result)
      if (__builtin_mul_overflow(n, dimension, &n) || n > most)
        refuse_shape(result, "at most " + std::to_string(most) + " values");
  }
  void write_config(nlohmann::json&) const final {}  // the architecture stores the original JSON
};

using MakeOperation = std::unique_ptr<Layer> (*)(std::string_view class_name, ConfigReader& config,
                                                 const std::vector<OperationArgument>& arguments);
struct OperationType {
  std::string_view class_name;
  MakeOperation make;
};

/// Elementwise arithmetic, comparisons and logic.
[[nodiscard]] std::vector<OperationType> elementwise_operations();

/// Sums, means and the like over dimensions.
[[nodiscard]] std::vector<OperationType> reduction_operations();
/// Those that only give the values another shape.
[[nodiscard]] std::vector<OperationType> shape_operations();
/// Those that move, select or repeat values.
[[nodiscard]] std::vector<OperationType> indexing_operations();
/// Choices between values.
[[nodiscard]] std::vector<OperationType> selecting_operations();
/// Matrix products.
[[nodiscard]] std::vector<OperationType> matrix_operations();

/// Integers at `key`: one, a list, or a tuple as Keras writes it. Empty if the key is absent.
[[nodiscard]] std::vector<std::int64_t> read_integers(ConfigReader& config, std::string_view key);
/// The dimension of a sample that `axis` of the batch means; -1 if there is none, or if it is the batch.
[[nodiscard]] std::int64_t sample_axis(std::int64_t axis, std::size_t sample_rank);

/// Throws unless there are `count` arguments, each a tensor or, if `numbers` is true, a number.
void require_arguments(const ConfigReader& config, std::string_view class_name,
                       const std::vector<OperationArgument>& arguments, std::size_t count, bool numbers);

}  // namespace kairos::host
