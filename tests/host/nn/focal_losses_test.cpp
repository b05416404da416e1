// SPDX-License-Identifier: MIT
// Focal and generalized crossentropies, Dice and Tversky, against their formulas and finite differences.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "kairos/host/compile.hpp"
#include "nn/head.hpp"
#include "nn/losses.hpp"
#include "nn/metrics.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

using Values = std::vector<double>;
/// The losses of two samples of two rows of three values, before reduction.
using Formula = std::function<Values(const Values& target, const Values& output)>;

constexpr std::size_t features = 3, rows = 4;
const std::vector<float> probabilities{0.2F,  0.5F, 0.3F, 0.7F, 0.1F, 0.25F,
                                       0.05F, 0.9F, 0.6F, 0.3F, 0.4F, 0.35F};
const std::vector<float> logits{0.2F, -1.5F, 3, 0.7F, 0.1F, -0.25F, 5, -4, 0.6F, 1, 2, -1};
const std::vector<float> bits{0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1};
const std::vector<float> distributions{0, 1, 0, 0.3F, 0.3F, 0.4F, 1, 0, 0, 0, 0, 1};
const std::vector<float> labels{1, 0, 2, 1};

Formula by_row(const std::function<double(const double* target, const double* output)>& row) {
  return [row](const Values& target, const Values& output) {
    Values each;
    const std::size_t width = target.size() / rows;
    for (std::size_t i = 0; i < rows; ++i) each.push_back(row(&target[i * width], &output[i * features]));
    return each;
  };
}

struct Focal {
  double gamma = 2, alpha = -1, smoothing = 0;
  bool logits = false;
};

Formula binary_focal(const Focal& f) {
  return by_row([f](const double* target, const double* output) {
    double sum = 0;
    for (std::size_t i = 0; i < features; ++i) {
      const double t = target[i] * (1 - f.smoothing) + 0.5 * f.smoothing;
      const double p = f.logits ? 1 / (1 + std::exp(-output[i])) : output[i];
      const double weight = f.alpha < 0 ? 1 : t * f.alpha + (1 - t) * (1 - f.alpha);
      sum -= weight * std::pow(1 - (t * p + (1 - t) * (1 - p)), f.gamma) *
             (t * std::log(p) + (1 - t) * std::log(1 - p));
    }
    return sum / features;
  });
}

Formula categorical_focal(const Focal& f, const Values& alpha) {
  return by_row([f, alpha](const double* target, const double* output) {
    double whole = 0, sum = 0;
    const auto part = [&](std::size_t i) { return f.logits ? std::exp(output[i]) : output[i]; };
    for (std::size_t i = 0; i < features; ++i) whole += part(i);
    for (std::size_t i = 0; i < features; ++i) {
      const double t = target[i] * (1 - f.smoothing) + f.smoothing / features, p = part(i) / whole;
      sum -= alpha[alpha.size() == 1 ? 0 : i] * std::pow(1 - p, f.gamma) * t * std::log(p);
    }
    return sum;
  });
}

Formula generalized(double q) {
  return by_row([q](const double* target, const double* output) {
    return (1 - std::pow(output[static_cast<std::size_t>(target[0])], q)) / q;
  });
}

/// 1 - top Σto / (a Σt + b Σo + c Σto) of the groups that `group_of` numbers.
Formula overlap(std::vector<double> k, std::size_t groups, std::function<std::size_t(std::size_t)> group_of) {
  return [=](const Values& target, const Values& output) {
    Values both(groups, 0), of_target(groups, 0), of_output(groups, 0), each;
    for (std::size_t i = 0; i < output.size(); ++i) {
      both[group_of(i)] += target[i] * output[i];
      of_target[group_of(i)] += target[i];
      of_output[group_of(i)] += output[i];
    }
    for (std::size_t g = 0; g < groups; ++g)
      each.push_back(1 -
                     k[0] * both[g] / (k[1] * of_target[g] + k[2] * of_output[g] + k[3] * both[g] + 1e-7));
    return each;
  };
}

const Values dice{2, 1, 1, 0}, tversky{1, 0.3, 0.6, 0.1};

struct Case {
  const char* text;
  Formula formula;
  std::vector<float> target;
  std::vector<float> output;
};

const std::vector<Case> cases{
    {"BinaryFocalCrossentropy", binary_focal({}), bits, probabilities},
    {"BinaryFocalCrossentropy(apply_class_balancing=true,alpha=0.3,gamma=1.5)", binary_focal({1.5, 0.3}),
     bits, probabilities},
    {"binary_focal_crossentropy(from_logits=true,label_smoothing=0.2)", binary_focal({2, -1, 0.2, true}),
     bits, logits},
    {"BinaryFocalCrossentropy(gamma=0)", binary_focal({0}), bits, probabilities},
    {"CategoricalFocalCrossentropy", categorical_focal({}, {0.25}), distributions, probabilities},
    {"CategoricalFocalCrossentropy(alpha=[0.2,0.5,1],gamma=3,label_smoothing=0.1)",
     categorical_focal({3, 0, 0.1}, {0.2, 0.5, 1}), distributions, probabilities},
    {"categorical_focal_crossentropy(from_logits=true,alpha=0.5)", categorical_focal({2, 0, 0, true}, {0.5}),
     distributions, logits},
    {"CategoricalGeneralizedCrossEntropy", generalized(0.5), labels, probabilities},
    {"categorical_generalized_cross_entropy(q=0.7)", generalized(0.7), labels, probabilities},
    {"Dice", overlap(dice, 1, [](std::size_t) { return std::size_t{0}; }), bits, probabilities},
    {"Dice(axis=(1,2))", overlap(dice, 2, [](std::size_t i) { return i / 6; }), bits, probabilities},
    {"Dice(axis=-1)", overlap(dice, 4, [](std::size_t i) { return i / 3; }), bits, probabilities},
    {"Dice(axis=1)", overlap(dice, 6, [](std::size_t i) { return i / 6 * 3 + i % 3; }), bits, probabilities},
    {"Dice(axis=[0,1])", overlap(dice, 3, [](std::size_t i) { return i % 3; }), bits, probabilities},
    {"Tversky(alpha=0.3,beta=0.6)", overlap(tversky, 1, [](std::size_t) { return std::size_t{0}; }), bits,
     probabilities},
    {"Tversky(alpha=0.3,beta=0.6,axis=(1,2))", overlap(tversky, 2, [](std::size_t i) { return i / 6; }), bits,
     probabilities},
};

double mean(const Values& each) {
  double sum = 0;
  for (const double one : each) sum += one;
  return sum / static_cast<double>(each.size());
}

}  // namespace

TEST_CASE("Focal losses, Dice and Tversky have the value and the gradient of their formulas",
          "[host][train]") {
  for (const Case& c : cases) {
    INFO(c.text);
    const std::unique_ptr<Loss> loss = make_loss(c.text);
    loss->take_shape({2, 3});
    std::vector<float> each(rows), gradient(rows * features), scale(rows);
    loss->values(rows, features, c.target.data(), c.output.data(), each.data());
    const ReducedLoss reduced =
        reduce_losses(LossReduction::SumOverBatchSize, 2, 2, each.data(), {}, scale.data());
    const Values target(c.target.begin(), c.target.end()), output(c.output.begin(), c.output.end());
    CHECK(reduced.loss == Approx(mean(c.formula(target, output))).epsilon(1e-5));
    loss->gradient(rows, features, c.target.data(), c.output.data(), scale.data(), gradient.data());
    for (std::size_t i = 0; i < output.size(); ++i) {
      constexpr double h = 1e-6;
      Values up = output, down = output;
      up[i] += h;
      down[i] -= h;
      INFO("value " << i);
      const double slope = (mean(c.formula(target, up)) - mean(c.formula(target, down))) / (2 * h);
      CHECK(static_cast<double>(gradient[i]) == Approx(slope).epsilon(1e-4).margin(1e-6));
    }
    CHECK(loss->values_of_rows(2, rows, false) == static_cast<double>(c.formula(target, output).size()));
  }
}

TEST_CASE("A focal loss stays finite for probabilities 0 and 1", "[host][train]") {
  const std::vector<float> output{0, 1}, target{1, 0}, scale{1};
  std::vector<float> each(1), gradient(2);
  for (const char* text : {"BinaryFocalCrossentropy", "CategoricalFocalCrossentropy"}) {
    INFO(text);
    const auto loss = make_loss(text);
    loss->values(1, 2, target.data(), output.data(), each.data());
    loss->gradient(1, 2, target.data(), output.data(), scale.data(), gradient.data());
    CHECK(std::isfinite(each[0]));
    for (const float one : gradient) CHECK(std::isfinite(one));
  }
}

TEST_CASE("Targets and arguments of these losses are checked", "[host][train]") {
  const float seven = 7, half = 0.5F;
  CHECK(make_loss("CategoricalGeneralizedCrossEntropy")->target_fault(3, &seven) ==
        "label 7 is outside 0 … 2");
  CHECK(make_loss("CategoricalGeneralizedCrossEntropy")->target_fault(3, &half) ==
        "label 0.5 is not an integer");
  CHECK(make_loss("BinaryFocalCrossentropy")->target_fault(1, &seven) == "target 7 is outside 0 … 1");
  CHECK(error_of([] {
          return make_loss("CategoricalGeneralizedCrossEntropy(q=1)")->name();
        }).find("found 1, expected a number between 0 and 1") != std::string::npos);
  CHECK(error_of([] {
          make_loss("CategoricalFocalCrossentropy(alpha=[1,2])")->check_output(3);
          return 0;
        }) ==
        "KAIROS-M032: loss categorical_focal_crossentropy: it does not allow the model's output; found 3 "
        "units in the last layer, expected 2 units, as many as alpha has values. Give alpha one value, or "
        "one per class.");
  CHECK(error_of([] {
          make_loss("Dice(axis=(1,2,3))")->take_shape({4, 1});
          return 0;
        }) ==
        "KAIROS-M032: loss dice: it does not allow the model's output; found axis 3, expected an axis from "
        "-3 to 2, where 0 is the batch. Give axes that the output has.");
}

TEST_CASE("A sum of Dice losses is one over Keras' values", "[host][train]") {
  CompileOptions options;
  options.optimizer = "sgd";
  options.loss_reduction = LossReduction::Sum;
  const auto loss_of = [&](const char* loss, const std::vector<float>& weights) {
    options.loss = loss;
    const auto model = compile({"", "input(2,3) activation(sigmoid)", {}}, options);
    const kairos::tests::Rows all{{{2, 2, 3}, logits}, {{2, 2, 3}, bits}, weights};
    kairos::tests::evaluate(*model, all, 2);
    return model->batch_loss().value_or(-1);
  };
  const double whole = loss_of("Dice", {}), one = loss_of("Dice(axis=(1,2))", {});
  CHECK(whole < 1);
  CHECK(one > whole);
  CHECK(one < 2);
  CHECK(loss_of("Dice", {1, 3}) == Approx(4 * whole));
  CHECK(loss_of("Dice(axis=-1)", {}) < 4);
}

TEST_CASE("A loss of a whole batch can neither be accumulated nor be shared among ranks", "[host][nn]") {
  CompileOptions options;
  options.optimizer = "sgd";
  const auto fault = [&](const char* loss) {
    options.loss = loss;
    const auto model = compile({"", "input(2,3) dense(3,sigmoid)", {}}, options);
    return model->step_control()->accumulation_fault();
  };
  CHECK(fault("Dice").find("the loss dice of output") != std::string::npos);
  CHECK(fault("Dice(axis=(1,2))").empty());
}

TEST_CASE("An output whose samples have no dimension has no loss", "[host][nn]") {
  CompileOptions options;
  options.loss = "mse";
  CHECK(error_of([&] {
          Head({"y", {}}, options);
        }).find("one number per sample, without a dimension") != std::string::npos);
}
