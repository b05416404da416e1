// SPDX-License-Identifier: MIT
// The effect of masks on losses, metrics, gradients and batch statistics.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "host/nn/batches.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "kairos/host/compile.hpp"
#include "nn/architecture.hpp"
#include "nn/head.hpp"

using namespace kairos::host;
using kairos::tests::graph_of;

namespace {

/// Two samples of three steps of one unit; errors 1, 2, 3 and 4, 5, 6.
const std::vector<float> output{1, 2, 3, 4, 5, 6};
const std::vector<float> target(6, 0.0F);
const std::vector<float> mask{1, 1, 0, 1, 0, 0};

struct Outcome {
  double loss;
  std::vector<double> metrics;  ///< mae, weighted mse
  std::vector<float> gradient;
};

Outcome evaluate(LossReduction reduction, const std::vector<float>& weights, std::int64_t per_sample,
                 bool masked) {
  CompileOptions options;
  options.loss = "mae";
  options.loss_reduction = reduction;
  options.metrics = {"mae"};
  options.weighted_metrics = {"mse"};
  Head head({"out", {3, 1}}, options);
  Outcome outcome{0, std::vector<double>(2), std::vector<float>(6)};
  outcome.loss =
      head.evaluate(2, {target.data(), false, {weights.empty() ? nullptr : weights.data(), per_sample}},
                    output.data(), nullptr, masked ? mask.data() : nullptr);
  head.gradient(2, target.data(), output.data(), outcome.gradient.data());
  head.read_metrics(outcome.metrics.data());
  return outcome;
}

constexpr auto over_batch = LossReduction::SumOverBatchSize;
constexpr auto by_weight = LossReduction::MeanWithSampleWeight;

}  // namespace

TEST_CASE("A mask alone makes the loss the mean over the steps that count", "[host][nn]") {
  const Outcome outcome = evaluate(over_batch, {}, 1, true);
  CHECK(outcome.loss == Approx((1 + 2 + 4) / 3.0));
  CHECK(outcome.metrics[0] == Approx((1 + 2 + 4) / 3.0));
  CHECK(outcome.metrics[1] == Approx((1 + 4 + 16) / 3.0));
  const float third = 1.0F / 3;
  CHECK(outcome.gradient == std::vector<float>{third, third, 0, third, 0, 0});
  CHECK(evaluate(by_weight, {}, 1, true).loss == Approx(outcome.loss));
}

TEST_CASE("With weights too, the loss is still divided by the steps that count", "[host][nn]") {
  const Outcome each = evaluate(over_batch, {2, 0, 5, 3, 7, 7}, 3, true);
  CHECK(each.loss == Approx((2 * 1 + 0 * 2 + 3 * 4) / 3.0));
  CHECK(each.metrics[0] == Approx((1 + 2 + 4) / 3.0));
  CHECK(each.metrics[1] == Approx((2 * 1 + 3 * 16) / 5.0));
  CHECK(each.gradient[0] == Approx(2 / 3.0));
  const Outcome per_sample = evaluate(over_batch, {2, 3}, 1, true);
  CHECK(per_sample.loss == Approx((2 * 1 + 2 * 2 + 3 * 4) / 3.0));
  CHECK(per_sample.metrics[1] == Approx((2 * 1 + 2 * 4 + 3 * 16) / 7.0));
  CHECK(evaluate(by_weight, {2, 3}, 1, true).loss == Approx((2 * 1 + 2 * 2 + 3 * 4) / 7.0));
}

TEST_CASE("Weights per timestep without a mask are divided by all steps", "[host][nn]") {
  const Outcome outcome = evaluate(over_batch, {1, 0, 0, 2, 0, 1}, 3, false);
  CHECK(outcome.loss == Approx((1 + 2 * 4 + 6) / 6.0));
  CHECK(outcome.metrics[0] == Approx(21 / 6.0));
  CHECK(outcome.metrics[1] == Approx((1 + 2 * 16 + 36) / 4.0));
}

TEST_CASE("Masked padding changes neither the loss nor the update step", "[host][nn]") {
  for (const char* cell : {"lstm", "gru", "simplernn"}) {
    CompileOptions options;
    options.loss = "mse";
    options.metrics = {"mae"};
    options.optimizer = "sgd(lr=0.5)";
    const auto model_of = [&](int steps) {
      return compile({"",
                      "input(" + std::to_string(steps) + ") embedding(5,3,mask_zero=true) " + cell +
                          "(4,return_sequences=true) dense(1)",
                      {}},
                     options);
    };
    const auto whole = model_of(3), padded = model_of(6);
    const std::vector<float> x{1, 2, 3, 4, 1, 2}, y{1, 2, 3, 4, 5, 6};
    const std::vector<float> long_x{1, 2, 3, 0, 0, 0, 4, 1, 2, 0, 0, 0};
    const std::vector<float> long_y{1, 2, 3, 9, 9, 9, 4, 5, 6, 9, 9, 9};
    whole->train_batch({2, {x.data()}, {y.data()}, {}}, nullptr);
    padded->train_batch({2, {long_x.data()}, {long_y.data()}, {}}, nullptr);
    const std::vector<double> a = kairos::tests::logs_of(*whole), b = kairos::tests::logs_of(*padded);
    CHECK(a[0] == Approx(b[0]));
    CHECK(a[1] == Approx(b[1]));
    const std::vector<float> u = kairos::tests::weights_of(*whole), v = kairos::tests::weights_of(*padded);
    REQUIRE(u.size() == v.size());
    for (std::size_t i = 0; i < u.size(); ++i) REQUIRE(u[i] == Approx(v[i]).margin(1e-6));
  }
}

TEST_CASE("BatchNormalization only measures steps that count", "[host][nn]") {
  const auto graph = graph_of("input(3,1) masking(9) batchnorm(epsilon=0,momentum=0)");
  const std::vector<float> x{1, 9, 9, 3, 9, 9};
  graph->forward({2, Mode::Train, 0}, std::vector<const float*>{x.data()});
  CHECK(graph->output(0)[0] == Approx(-1));
  CHECK(graph->output(0)[3] == Approx(1));
  const float* const mean = graph->layer(1).parameters()[2].values.data();
  CHECK(mean[0] == Approx(2));
  CHECK(graph->layer(1).parameters()[3].values.data()[0] == Approx(1));
}

TEST_CASE("Gradients through a masked BatchNormalization agree with finite differences", "[host][nn]") {
  std::vector<float> x = kairos::tests::random_values(3 * 4 * 2, 8);
  for (const std::size_t step : {1U, 4U, 11U}) x[2 * step] = x[2 * step + 1] = 9;
  kairos::tests::check_gradients(
      *graph_of("input(4,2) masking(9) dense(3,tanh) batchnorm(epsilon=0.1) dense(2,tanh)"), 3, 1e-2F, {x});
}
