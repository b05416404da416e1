// SPDX-License-Identifier: MIT
// Data and results of the host as Eigen sees them.
#include "kairos/host/eigen.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

template <class Values>
concept Borrowable = requires(Values&& values) {
  eigen::borrow(static_cast<Values&&>(values));
};

/// 20 samples of 3 values in the first columns of a wider matrix.
eigen::Matrix wide_data() {
  eigen::Matrix data(20, 5);
  for (Eigen::Index i = 0; i < data.size(); ++i) data.data()[i] = static_cast<float>((i * 7) % 11) / 11;
  return data;
}

std::unique_ptr<Model> model_of_three() {
  CompileOptions options;
  options.optimizer = "Adam";
  options.loss = "mse";
  options.seed = 4;
  return compile({{}, "dense(4,tanh) dense(1)", {3}}, options);
}

}  // namespace

TEST_CASE("A fit on Eigen matrices equals one on a copy of them", "[host][data]") {
  const eigen::Matrix data = wide_data();
  const Eigen::VectorXf y = data.rowwise().sum();
  const Eigen::Ref<const eigen::Matrix, 0, Eigen::OuterStride<>> x = data.leftCols(3);
  const auto source = borrow_samples({eigen::borrow(x)}, {eigen::borrow(y)});
  Dataset copy;
  copy.inputs = {{"", {{20, 3}, {}}}};
  for (const auto& row : x.rowwise())
    for (const float value : row) copy.inputs.front().array.values.push_back(value);
  copy.targets = {{"", {{20}, {y.begin(), y.end()}}}};
  FitOptions options;
  options.epochs = 3;
  options.batch_size = 6;
  options.validation_split = 0.25;
  const auto of_source = model_of_three(), of_copy = model_of_three();
  const History borrowed = fit(*of_source, *source, options), copied = fit(*of_copy, copy, options);
  CHECK(*borrowed.find("loss") == *copied.find("loss"));
  CHECK(*borrowed.find("val_loss") == *copied.find("val_loss"));

  const std::vector<NamedArray> predicted = predict(*of_source, *source, PassOptions{});
  const auto matrix = eigen::matrix(predicted.front().array);
  CHECK(matrix.data() == predicted.front().array.values.data());
  CHECK(matrix.rows() == 20);
  CHECK(matrix.cols() == 1);
  CHECK(matrix.allFinite());
}

TEST_CASE("Borrowed samples may have weights, names and more dimensions", "[host][data]") {
  const std::vector<float> x(24, 1), y(2, 0), w{1, 2};
  const auto source = borrow_samples({{"image", {2, 2, 3, 2}, x.data()}}, {{"kind", {2}, y.data()}},
                                     {{"kind", {2}, w.data()}}, "pixels");
  CHECK(source->layout().size() == 2);
  CHECK(source->layout().origin == "pixels");
  CHECK(source->layout().inputs.front().array.row_size() == 12);
  Dataset block = source->layout();
  for (auto* arrays : {&block.inputs, &block.targets, &block.sample_weights})
    for (NamedArray& named : *arrays) {
      named.array.shape.front() = 1;
      named.array.values.resize(static_cast<std::size_t>(named.array.row_size()));
    }
  source->reader()->read(1, 1, block);
  CHECK(block.sample_weights.front().array.values == std::vector<float>{2});
}

TEST_CASE("Borrowed arrays of different lengths are refused, and values when they are read", "[host][data]") {
  eigen::Matrix x = wide_data();
  const Eigen::VectorXf y = x.col(0);
  CHECK(error_of([&] { (void)borrow_samples({eigen::borrow(x)}, {eigen::borrow(y.head(19))}); }) ==
        "KAIROS-D010: memory: the target has a different number of rows; found 19, expected 20, as in the "
        "first input. Give every array the same number of rows.");
  x(18, 2) = std::numeric_limits<float>::infinity();
  const auto source = borrow_samples({eigen::borrow(x.leftCols<3>())}, {eigen::borrow(y)});
  CHECK(error_of([&] {
          FitOptions options;
          options.shuffle = Shuffle::None;
          (void)fit(*model_of_three(), *source, options);
        }) ==
        "KAIROS-D011: memory: row 18 (counted from 0): a value is not finite; found infinity in the input, "
        "column 2 (counted from 0), expected a finite number. Correct the value or remove the row.");
}

TEST_CASE("Only memory that stays can be borrowed", "[host][data]") {
  CHECK(Borrowable<const eigen::Matrix&>);
  CHECK(Borrowable<const Eigen::VectorXf&>);
  CHECK(Borrowable<Eigen::Map<const eigen::Matrix>>);
  CHECK_FALSE(Borrowable<eigen::Matrix>);
  CHECK_FALSE(Borrowable<Eigen::VectorXf>);
}

TEST_CASE("A weight of a model is seen as an Eigen matrix", "[host][data]") {
  std::vector<float> values{1, 2, 3, 4, 5, 6};
  const TensorRef kernel{"k", {3, 2}, values.data()}, scalar{"s", {}, values.data()};
  CHECK(eigen::matrix(kernel).col(1).sum() == 12);
  CHECK(eigen::matrix(scalar).size() == 1);
  eigen::matrix(kernel).row(2).setZero();
  CHECK(values == std::vector<float>{1, 2, 3, 4, 0, 0});
  Array array{{2, 1, 3}, values};
  eigen::matrix(array) *= 2;
  CHECK(array.values == std::vector<float>{2, 4, 6, 8, 0, 0});
}
