// SPDX-License-Identifier: MIT
// The equation of an EinsumDense layer: which dimensions of input, kernel and output are the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "nn/layer.hpp"

namespace kairos::host {

/// `abc,cd->abd`, `...x,xy->...y` or `ab...,bc->ac...`. Each letter is a dimension.
struct EinsumEquation {
  std::string input, kernel, output;  ///< letters, without the dots
  enum class Dots { None, Left, Right } dots = Dots::None;
};

/// Reads "equation". Throws Error(Model) if it is no matrix product.
[[nodiscard]] EinsumEquation read_einsum(ConfigReader& config);
/// Reads "bias_axes": letters of the output. Throws Error(Model).
[[nodiscard]] std::optional<std::string> read_bias_axes(ConfigReader& config, const EinsumEquation& equation);

/// What an equation means for an input. Orders are those of Arrangement; dimension 0 of input and output is
/// the batch.
struct EinsumPlan {
  Shape kernel;  ///< as a parameter
  Shape output;  ///< without the batch
  Shape bias;    ///< dimensions that have no bias are 1
  /// The input as [shared, rows, summed], the kernel as [shared, summed, columns], the output as [shared,
  /// rows, columns].
  std::vector<std::size_t> input_order, kernel_order, output_order;
  std::int64_t shared = 1, summed = 1, columns = 1;
  std::string misfit;  ///< what the input should be; "" if it fits
};

/// `output_shape` has a dimension for each letter of the output but the batch, or -1 for that of the input.
[[nodiscard]] EinsumPlan plan_einsum(const EinsumEquation& equation, const Shape& input,
                                     const Shape& output_shape, const std::optional<std::string>& bias_axes);

}  // namespace kairos::host
