// SPDX-License-Identifier: MIT
// Eigen matrices as data, and results as Eigen maps, without a copy. Opt-in: Kairos::host does not need
// Eigen, a program that includes this header does: find_package(Eigen3 3.4 REQUIRED NO_MODULE), and link
// Eigen3::Eigen.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kairos/host/array.hpp"
#include "kairos/host/borrowed_samples.hpp"
#include "kairos/host/tensor.hpp"

namespace kairos::host::eigen {

/// Kairos' arrays are row-major; Eigen's matrices are not unless they say so.
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// For borrow_samples: a sample for each row of a row-major float matrix, map, Ref or block; or one value for
/// each sample, of a column vector. `name` is that of the model's port, "" for by position. Set `shape` of
/// the result where a sample has more dimensions, e.g. to {n, 28, 28, 1}. The memory of `values` must outlive
/// the source.
template <class Derived>
[[nodiscard]] BorrowedArray borrow(const Eigen::DenseBase<Derived>& values, std::string name = "") {
  constexpr bool is_column = Derived::ColsAtCompileTime == 1;
  static_assert(std::is_same_v<typename Derived::Scalar, float>,
                "Kairos' data are float: use .cast<float>()");
  static_assert(
      (Derived::Flags & Eigen::DirectAccessBit) != 0,
      "an expression has no memory to borrow: evaluate it into a matrix that outlives the training");
  static_assert(is_column || (Derived::IsRowMajor && Derived::InnerStrideAtCompileTime == 1),
                "a sample's values must follow one another: use a row-major matrix");
  const Derived& matrix = values.derived();
  std::vector<std::int64_t> shape{matrix.rows()};
  if (!is_column) shape.push_back(matrix.cols());
  return {std::move(name), std::move(shape), matrix.data(), matrix.rowStride()};
}
/// A matrix that ends with the statement cannot be borrowed. A block of one, such as make().topRows(3), can
/// be written but must not be: it leaves a dangling pointer.
template <class Derived>
BorrowedArray borrow(const Eigen::PlainObjectBase<Derived>&& values, std::string name = "") = delete;

/// An array as a matrix: a row for each sample, all other dimensions in the columns. Borrows the array: valid
/// until it is changed in size or destroyed.
[[nodiscard]] inline Eigen::Map<const Matrix> matrix(const Array& array) {
  return {array.values.data(), array.rows(), array.row_size()};
}
[[nodiscard]] inline Eigen::Map<Matrix> matrix(Array& array) {
  return {array.values.data(), array.rows(), array.row_size()};
}
Eigen::Map<const Matrix> matrix(Array&& array) = delete;

/// A weight, gradient or slot of a model as a matrix: the first dimension makes the rows, all others the
/// columns, and a scalar is 1 x 1. Valid as long as the TensorRef's data. Writing changes the model.
[[nodiscard]] inline Eigen::Map<Matrix> matrix(const TensorRef& tensor) {
  const std::int64_t rows = tensor.shape.empty() ? 1 : tensor.shape.front();
  return {tensor.data, rows, rows == 0 ? 0 : tensor.size() / rows};
}

}  // namespace kairos::host::eigen
