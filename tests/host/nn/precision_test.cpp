// SPDX-License-Identifier: MIT
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "compute/random.hpp"
#include "host/compute/bf16.hpp"
#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "kairos/host/compile.hpp"

using namespace kairos::host;
using kairos::tests::error_of;
using kairos::tests::multiplies_bf16;
using kairos::tests::predict;
using kairos::tests::rounded;
using kairos::tests::Rows;
using kairos::tests::train_epoch;
using kairos::tests::weights_of;

namespace {

/// Two slightly overlapping classes around two points with `features` dimensions.
Rows two_groups(std::int64_t n, std::int64_t features) {
  RandomStream random(5);
  Rows rows{{{n, features}, {}}, {{n}, {}}, {}};
  for (std::int64_t i = 0; i < n; ++i) {
    rows.y.values.push_back(static_cast<float>(i % 2));
    for (std::int64_t k = 0; k < features; ++k)
      rows.x.values.push_back(static_cast<float>(random.normal() + (i % 2 == 0 ? 0.4 : -0.4)));
  }
  return rows;
}

std::unique_ptr<Model> model_of(const char* text, Precision precision, const char* optimizer = "adam") {
  CompileOptions options;
  options.optimizer = optimizer;
  options.loss = "sparse_categorical_crossentropy";
  options.metrics = {"accuracy"};
  options.precision = precision;
  options.seed = 3;
  return compile({"", text, {}}, options);
}

/// Loss and accuracy of the last of some epochs.
std::vector<double> trained(Model& model, const Rows& rows, int epochs) {
  for (int epoch = 0; epoch < epochs; ++epoch) train_epoch(model, rows, 32);
  return kairos::tests::logs_of(model);
}

constexpr const char* classifier = "input(40) dense(64,relu) dense(48,tanh) dense(2,softmax)";

}  // namespace

TEST_CASE("A precision that the processor does not support is refused", "[host][nn]") {
  const std::string refusal = error_of([] { return model_of(classifier, Precision::Bf16); });
  if (this_processor().multiplies_bf16)
    CHECK(refusal.empty());
  else
    CHECK(refusal.rfind("KAIROS-M035: precision bf16: ", 0) == 0);
}

TEST_CASE("Training in bf16 reaches the same result as in float32", "[host][nn]") {
  if (!multiplies_bf16()) return;
  const Rows rows = two_groups(400, 40);
  const auto fine = model_of(classifier, Precision::Float32), coarse = model_of(classifier, Precision::Bf16);
  REQUIRE(weights_of(*fine) == weights_of(*coarse));
  const std::vector<double> expected = trained(*fine, rows, 4), found = trained(*coarse, rows, 4);
  INFO("losses " << expected[0] << ", " << found[0]);
  CHECK(found[1] > 0.97);
  CHECK(found[1] == Approx(expected[1]).margin(0.01));
  CHECK(found[0] == Approx(expected[0]).epsilon(0.02));
  CHECK(found[0] != expected[0]);
}

TEST_CASE("Training in bf16 is reproducible", "[host][nn]") {
  if (!multiplies_bf16()) return;
  const Rows rows = two_groups(100, 40);
  const auto one = model_of(classifier, Precision::Bf16), two = model_of(classifier, Precision::Bf16);
  CHECK(trained(*one, rows, 2) == trained(*two, rows, 2));
  CHECK(weights_of(*one) == weights_of(*two));
}

TEST_CASE("Weights trained in bf16 keep float32 precision", "[host][nn]") {
  if (!multiplies_bf16()) return;
  const Rows rows = two_groups(64, 40);
  const auto model = model_of(classifier, Precision::Bf16, "sgd(learning_rate=0.000001)");
  const std::vector<float> before = weights_of(*model);
  trained(*model, rows, 1);
  const std::vector<float> after = weights_of(*model);
  std::size_t moved = 0, beyond = 0;
  for (std::size_t i = 0; i < before.size(); ++i) {
    moved += before[i] != after[i] ? 1 : 0;
    beyond += before[i] != after[i] && rounded(before[i]) == rounded(after[i]) ? 1 : 0;
  }
  CHECK(moved > before.size() / 2);
  CHECK(beyond > moved / 2);
}

TEST_CASE("A prediction in bf16 is close to that in float32, but not equal", "[host][nn]") {
  if (!multiplies_bf16()) return;
  const Rows rows = two_groups(50, 40);
  const auto fine = model_of(classifier, Precision::Float32), coarse = model_of(classifier, Precision::Bf16);
  const std::vector<float> expected = predict(*fine, rows.x), found = predict(*coarse, rows.x);
  CHECK(found != expected);
  for (std::size_t i = 0; i < expected.size(); ++i)
    CHECK(static_cast<double>(found[i]) == Approx(static_cast<double>(expected[i])).margin(0.02));
}

TEST_CASE("A convolution can be trained in bf16", "[host][nn]") {
  if (!multiplies_bf16()) return;
  const Rows rows = two_groups(400, 64);
  const char* const text = "input(64) reshape((8,8,1)) conv2d(8,3,relu) flatten dense(2,softmax)";
  const auto fine = model_of(text, Precision::Float32), coarse = model_of(text, Precision::Bf16);
  const std::vector<double> expected = trained(*fine, rows, 4), found = trained(*coarse, rows, 4);
  CHECK(found[1] > 0.9);
  CHECK(found[1] == Approx(expected[1]).margin(0.01));
  CHECK(found[0] == Approx(expected[0]).epsilon(0.02));
  const char* const convolutions = "input(64) reshape((8,8,1)) conv2d(2,8,relu) flatten softmax";
  CHECK(predict(*model_of(convolutions, Precision::Bf16), rows.x) !=
        predict(*model_of(convolutions, Precision::Float32), rows.x));
}

TEST_CASE("A recurrent layer always computes in float32", "[host][nn]") {
  if (!multiplies_bf16()) return;
  const Rows rows = two_groups(20, 12);
  const Array x{{20, 4, 3}, rows.x.values};
  const char* const text = "input(4,3) lstm(5,return_sequences=true) gru(4) softmax";
  CHECK(predict(*model_of(text, Precision::Bf16), x) == predict(*model_of(text, Precision::Float32), x));
}
