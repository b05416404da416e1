// SPDX-License-Identifier: MIT
// Eigen views of tensors, without a copy. Opt-in: the SDK does not need Eigen, a plugin that includes this
// header does:
//   find_package(Eigen3 3.4 REQUIRED NO_MODULE)
//   kairos_add_plugin(my_plugin SOURCES my_plugin.cpp LINK Eigen3::Eigen)
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <utility>

#include "kairos/error.hpp"
#include "kairos/tensor.hpp"

namespace kairos {
inline namespace v1 {
namespace eigen {

/// A tensor's values are row-major; Eigen's own matrices are not. A result may have either order.
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXf;
using Array = Eigen::ArrayXf;

// Every view borrows the tensor's values: it is valid until the hook returns, and the values are those of the
// moment at which they are read. The `mutable_` views write to the host's values and need a tensor that was
// borrowed with Access::Write; for others they throw Error(KAIROS_E_DENIED).

namespace detail {

/// "(3, 4)"
inline std::string shape_text(const Tensor& tensor) {
  std::string text;
  for (std::int32_t axis = 0; axis < tensor.rank(); ++axis)
    text += (axis > 0 ? ", " : "") + std::to_string(tensor.shape(axis));
  return "(" + text + ")";
}

/// Rows and columns of a matrix whose rows are made of the first `row_axes` dimensions.
inline std::pair<Eigen::Index, Eigen::Index> sizes_of(const Tensor& tensor, std::int32_t row_axes) {
  if (row_axes < 0 || row_axes > (tensor.rank() == 0 ? 1 : tensor.rank()))
    throw Error("row_axes is " + std::to_string(row_axes) + " for the tensor \"" +
                std::string(tensor.name()) + "\" of shape " + shape_text(tensor) + "; expected 0 to " +
                std::to_string(tensor.rank()));
  std::pair<Eigen::Index, Eigen::Index> sizes(1, 1);
  for (std::int32_t axis = 0; axis < tensor.rank(); ++axis)
    (axis < row_axes ? sizes.first : sizes.second) *= tensor.shape(axis);
  return sizes;
}

inline void require_vector(const Tensor& tensor) {
  if (tensor.rank() != 1)
    throw Error("the tensor \"" + std::string(tensor.name()) + "\" has the shape " + shape_text(tensor) +
                "; expected one dimension. Use matrix() or array()");
}

}  // namespace detail

/// A tensor of any rank as a matrix. The first `row_axes` dimensions make the rows, the others the columns:
/// with 1, a batch [samples, …] has a row for each sample and a vector is one column; with rank - 1, a kernel
/// [height, width, in, out] has a column for each filter; a scalar is 1 x 1. Throws Error(KAIROS_E_INVALID)
/// unless 0 <= row_axes <= rank.
[[nodiscard]] inline Eigen::Map<const Matrix> matrix(const Tensor& tensor, std::int32_t row_axes = 1) {
  const auto [rows, columns] = detail::sizes_of(tensor, row_axes);
  return {tensor.data(), rows, columns};
}
[[nodiscard]] inline Eigen::Map<Matrix> mutable_matrix(const Tensor& tensor, std::int32_t row_axes = 1) {
  const auto [rows, columns] = detail::sizes_of(tensor, row_axes);
  return {tensor.mutable_data(), rows, columns};
}

/// A tensor of one dimension as a column vector. Throws Error(KAIROS_E_INVALID) for another rank.
[[nodiscard]] inline Eigen::Map<const Vector> vector(const Tensor& tensor) {
  detail::require_vector(tensor);
  return {tensor.data(), tensor.size()};
}
[[nodiscard]] inline Eigen::Map<Vector> mutable_vector(const Tensor& tensor) {
  detail::require_vector(tensor);
  return {tensor.mutable_data(), tensor.size()};
}

/// All values of a tensor of any rank in row-major order, for operations on each value and for reductions.
[[nodiscard]] inline Eigen::Map<const Array> array(const Tensor& tensor) {
  return {tensor.data(), tensor.size()};
}
[[nodiscard]] inline Eigen::Map<Array> mutable_array(const Tensor& tensor) {
  return {tensor.mutable_data(), tensor.size()};
}

}  // namespace eigen
}  // namespace v1
}  // namespace kairos
