// SPDX-License-Identifier: MIT
// Views of tensors as Eigen's matrices, vectors and arrays.
#include <catch2/catch.hpp>
#include <cstdint>
#include <kairos/interop/eigen.hpp>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace {

/// A tensor "w" with the values 1, 2, 3, … in row-major order, and what it points to.
struct Owner {
  explicit Owner(std::vector<std::int64_t> sizes, kairos::Access access = kairos::Access::Read)
      : shape(std::move(sizes)) {
    const auto n =
        std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, [](auto a, auto b) { return a * b; });
    values.resize(static_cast<std::size_t>(n));
    std::iota(values.begin(), values.end(), 1.0F);
    raw.size = sizeof raw;
    raw.access = static_cast<std::int32_t>(access);
    raw.name = {"w", 1};
    raw.view.data = values.data();
    raw.view.device = {1, 0};
    raw.view.dtype = {2, 32, 1};
    raw.view.rank = static_cast<std::int32_t>(shape.size());
    raw.view.shape = shape.data();
  }
  [[nodiscard]] kairos::Tensor tensor() const { return kairos::Tensor(raw); }

  std::vector<std::int64_t> shape;
  std::vector<float> values;
  kairos_tensor raw{};
};

template <class Call>
std::pair<kairos_status, std::string> error_of(Call call) {
  try {
    (void)call();
  } catch (const kairos::Error& error) {
    return {error.status(), error.what()};
  }
  return {KAIROS_OK, ""};
}

}  // namespace

TEST_CASE("A tensor is seen as a matrix without a copy", "[sdk]") {
  const Owner kernel({2, 3});
  const auto view = kairos::eigen::matrix(kernel.tensor());
  CHECK(view.data() == kernel.values.data());
  CHECK(view.rows() == 2);
  CHECK(view.cols() == 3);
  CHECK(view(1, 0) == 4);
  CHECK(view.colwise().sum() == Eigen::RowVector3f(5, 7, 9));
}

TEST_CASE("The first dimensions of a tensor make the rows of its matrix", "[sdk]") {
  const Owner kernel({2, 3, 4});
  const auto shape_with = [&](std::int32_t row_axes) {
    const auto view = kairos::eigen::matrix(kernel.tensor(), row_axes);
    return std::pair(view.rows(), view.cols());
  };
  CHECK(shape_with(1) == std::pair<Eigen::Index, Eigen::Index>(2, 12));
  CHECK(shape_with(2) == std::pair<Eigen::Index, Eigen::Index>(6, 4));
  CHECK(shape_with(3) == std::pair<Eigen::Index, Eigen::Index>(24, 1));
  CHECK(shape_with(0) == std::pair<Eigen::Index, Eigen::Index>(1, 24));
  CHECK(kairos::eigen::matrix(kernel.tensor(), 2)(5, 3) == 24);
  CHECK(kairos::eigen::matrix(Owner({5}).tensor()).cols() == 1);
  CHECK(kairos::eigen::matrix(Owner({}).tensor(), 0).size() == 1);
}

TEST_CASE("A tensor is seen as a vector or as an array of all its values", "[sdk]") {
  const Owner bias({3}), kernel({2, 2}), scalar({});
  CHECK(kairos::eigen::vector(bias.tensor()).squaredNorm() == 14);
  CHECK(kairos::eigen::array(bias.tensor()).sum() == 6);
  CHECK(kairos::eigen::array(kernel.tensor()).maxCoeff() == 4);
  CHECK(kairos::eigen::array(scalar.tensor()).size() == 1);
  CHECK(kairos::eigen::array(Owner({0, 3}).tensor()).size() == 0);
}

TEST_CASE("A view of a tensor that was borrowed for writing changes its values", "[sdk]") {
  Owner kernel({2, 2}, kairos::Access::Write), bias({2}, kairos::Access::Write);
  kairos::eigen::mutable_matrix(kernel.tensor()).col(1).setZero();
  CHECK(kernel.values == std::vector<float>{1, 0, 3, 0});
  kairos::eigen::mutable_array(kernel.tensor()) += 1;
  CHECK(kernel.values == std::vector<float>{2, 1, 4, 1});
  kairos::eigen::mutable_vector(bias.tensor()) *= 3;
  CHECK(bias.values == std::vector<float>{3, 6});
}

TEST_CASE("A tensor that was borrowed for reading has no view that writes", "[sdk]") {
  const Owner bias({2});
  for (const auto& [status, text] : {error_of([&] { return kairos::eigen::mutable_matrix(bias.tensor()); }),
                                     error_of([&] { return kairos::eigen::mutable_vector(bias.tensor()); }),
                                     error_of([&] { return kairos::eigen::mutable_array(bias.tensor()); })}) {
    CHECK(status == KAIROS_E_DENIED);
    CHECK(text == "the tensor was borrowed with Access::Read; expected Access::Write");
  }
}

TEST_CASE("A view that the rank of a tensor does not allow is refused", "[sdk]") {
  const Owner kernel({2, 3}), scalar({});
  CHECK(error_of([&] { return kairos::eigen::vector(kernel.tensor()); }) ==
        std::pair<kairos_status, std::string>(
            KAIROS_E_INVALID,
            "the tensor \"w\" has the shape (2, 3); expected one dimension. Use matrix() or array()"));
  CHECK(error_of([&] { return kairos::eigen::matrix(kernel.tensor(), 3); }) ==
        std::pair<kairos_status, std::string>(
            KAIROS_E_INVALID, "row_axes is 3 for the tensor \"w\" of shape (2, 3); expected 0 to 2"));
  const auto one = kairos::eigen::matrix(scalar.tensor());
  CHECK(one.rows() == 1);
  CHECK(one.cols() == 1);
  CHECK(error_of([&] { return kairos::eigen::matrix(kernel.tensor(), -1); }).second ==
        "row_axes is -1 for the tensor \"w\" of shape (2, 3); expected 0 to 2");
}
