// SPDX-License-Identifier: MIT
#include "train/losses.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "host/error_text.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

using Values = std::vector<double>;
using Formula = std::function<double(const Values& target, const Values& output)>;

double clip(double p) {
  return std::clamp(p, 1e-7, 1 - 1e-7);
}

double mean_over(const Values& t, const Values& o, const std::function<double(double, double)>& f) {
  double sum = 0;
  for (std::size_t i = 0; i < o.size(); ++i) sum += f(t[i], o[i]);
  return sum / static_cast<double>(o.size());
}

Values normalised(Values p) {
  double sum = 0;
  for (const double value : p) sum += value;
  for (double& value : p) value = clip(value / sum);
  return p;
}

Values softmax(Values z) {
  double sum = 0;
  for (double& value : z) sum += value = std::exp(value);
  for (double& value : z) value /= sum;
  return z;
}

double against(const Values& t, const Values& p) {
  double loss = 0;
  for (std::size_t i = 0; i < p.size(); ++i) loss -= t[i] * std::log(p[i]);
  return loss;
}

struct Case {
  const char* text;
  Formula formula;
  std::vector<float> target;  ///< of 3 rows
  std::vector<float> output;
};

const std::vector<float> probabilities{0.2F, 0.5F, 0.3F, 0.7F, 0.1F, 0.25F, 0.05F, 0.9F, 0.6F};
const std::vector<float> logits{0.2F, -1.5F, 3, 0.7F, 0.1F, -0.25F, 5, -4, 0.6F};
const std::vector<float> values{0.5F, 0.4F, 2, -1, 0.3F, 0.9F, 1, 0, 1};
const std::vector<float> bits{0, 1, 0, 1, 1, 0, 0, 1, 1};
const std::vector<float> distributions{0, 1, 0, 0.3F, 0.3F, 0.4F, 1, 0, 0};
const std::vector<float> labels{1, 0, 2};

double mse(double t, double o) {
  return (t - o) * (t - o);
}
double bce(double t, double o) {
  return -(t * std::log(clip(o)) + (1 - t) * std::log(1 - clip(o)));
}
double bce_logits(double t, double o) {
  return bce(t, 1 / (1 + std::exp(-o)));
}

const std::vector<Case> cases{
    {"mse", [](auto& t, auto& o) { return mean_over(t, o, mse); }, values, logits},
    {"mean_absolute_error",
     [](auto& t, auto& o) { return mean_over(t, o, [](double a, double b) { return std::abs(a - b); }); },
     values, logits},
    {"binary_crossentropy", [](auto& t, auto& o) { return mean_over(t, o, bce); }, bits, probabilities},
    {"BinaryCrossentropy(from_logits=true)", [](auto& t, auto& o) { return mean_over(t, o, bce_logits); },
     bits, logits},
    {"categorical_crossentropy", [](auto& t, auto& o) { return against(t, normalised(o)); }, distributions,
     probabilities},
    {"categorical_crossentropy(from_logits=True)", [](auto& t, auto& o) { return against(t, softmax(o)); },
     distributions, logits},
    {"sparse_categorical_crossentropy",
     [](auto& t, auto& o) { return -std::log(normalised(o)[static_cast<std::size_t>(t[0])]); }, labels,
     probabilities},
    {"SparseCategoricalCrossentropy(from_logits=true)",
     [](auto& t, auto& o) { return -std::log(softmax(o)[static_cast<std::size_t>(t[0])]); }, labels, logits},
};

Values row_of(const std::vector<float>& all, std::size_t row) {
  const std::size_t width = all.size() / 3;
  return {all.begin() + static_cast<std::ptrdiff_t>(row * width),
          all.begin() + static_cast<std::ptrdiff_t>((row + 1) * width)};
}

}  // namespace

TEST_CASE("A loss has the value and the gradient of its formula", "[host][train]") {
  for (const Case& c : cases) {
    INFO(c.text);
    const std::unique_ptr<Loss> loss = make_loss(c.text);
    std::vector<float> each(3), gradient(9);
    const std::vector<float> scale{1, 0.5F, -2};
    loss->values(3, 3, c.target.data(), c.output.data(), each.data());
    loss->gradient(3, 3, c.target.data(), c.output.data(), scale.data(), gradient.data());
    for (std::size_t row = 0; row < 3; ++row) {
      const Values target = row_of(c.target, row);
      CHECK(static_cast<double>(each[row]) ==
            Approx(c.formula(target, row_of(c.output, row))).epsilon(1e-5).margin(1e-6));
      for (std::size_t i = 0; i < 3; ++i) {
        constexpr double h = 1e-6;
        Values up = row_of(c.output, row), down = up;
        up[i] += h;
        down[i] -= h;
        const double slope = (c.formula(target, up) - c.formula(target, down)) / (2 * h);
        INFO("row " << row << " value " << i);
        CHECK(static_cast<double>(gradient[row * 3 + i]) ==
              Approx(static_cast<double>(scale[row]) * slope).epsilon(1e-4).margin(1e-6));
      }
    }
  }
}

TEST_CASE("A crossentropy stays finite for probabilities 0 and 1 and has no gradient there",
          "[host][train]") {
  const std::vector<float> output{0, 1}, target{1, 0}, scale{1};
  std::vector<float> each(1), gradient(2);
  for (const char* text : {"binary_crossentropy", "categorical_crossentropy"}) {
    INFO(text);
    const auto loss = make_loss(text);
    loss->values(1, 2, target.data(), output.data(), each.data());
    loss->gradient(1, 2, target.data(), output.data(), scale.data(), gradient.data());
    // -log(1e-7); for 1 the bound is the float32 nearest to 1 - 1e-7, as in Keras.
    CHECK(static_cast<double>(each[0]) == Approx(16.0).epsilon(0.01));
    CHECK(gradient == std::vector<float>{0, 0});
  }
}

TEST_CASE("A loss does not hide NaN", "[host][train]") {
  const std::vector<float> nan(2, std::nanf("")), target{1, 0};
  std::vector<float> each(1);
  for (const std::string& name : loss_names()) {
    INFO(name);
    make_loss(name)->values(1, 2, target.data(), nan.data(), each.data());
    CHECK(std::isnan(each[0]));
  }
}

TEST_CASE("A batch of losses is reduced as Keras 3 documents", "[host][train]") {
  const std::vector<float> each{1, 2, 3, 4};
  const std::vector<float> w{0, 1, 4, 0}, zero(4, 0.0F), pair{1, 3};
  std::vector<float> scale(4);
  const auto reduce = [&](LossReduction reduction, std::int64_t samples, WeightView weights) {
    return reduce_losses(reduction, samples, 4 / samples, each.data(), weights, scale.data());
  };
  CHECK(reduce(LossReduction::SumOverBatchSize, 4, {}) == Approx(2.5));
  CHECK(reduce(LossReduction::SumOverBatchSize, 4, {w.data(), 1}) == Approx(3.5));
  CHECK(scale == std::vector<float>{0, 0.25F, 1, 0});
  CHECK(reduce(LossReduction::MeanWithSampleWeight, 4, {w.data(), 1}) == Approx(2.8));
  CHECK(scale[2] == Approx(0.8F));
  CHECK(reduce(LossReduction::MeanWithSampleWeight, 4, {}) == Approx(2.5));
  for (const LossReduction reduction :
       {LossReduction::SumOverBatchSize, LossReduction::MeanWithSampleWeight}) {
    CHECK(reduce(reduction, 4, {zero.data(), 1}) == 0);
    CHECK(scale == zero);
  }
  // Two samples of two timesteps: a weight per sample counts for both, or there is one per timestep.
  CHECK(reduce(LossReduction::SumOverBatchSize, 2, {pair.data(), 1}) == Approx((1 + 2 + 9 + 12) / 4.0));
  CHECK(reduce(LossReduction::SumOverBatchSize, 2, {w.data(), 2}) == Approx(3.5));
  CHECK(error_of([&] {
          return reduce(LossReduction::SumOverBatchSize, 1, {pair.data(), 2});
        }) ==
        "KAIROS-D301: sample weights: the weights do not fit the output; found 2 weights per sample, "
        "expected one or 4. "
        "Give one weight per sample or one per timestep.");
}

TEST_CASE("A target that a loss cannot use is described", "[host][train]") {
  struct Fault {
    const char* loss;
    std::vector<float> target;
    const char* sentence;
  };
  const std::vector<Fault> faults{
      {"sparse_categorical_crossentropy", {12}, "label 12 is outside 0 … 9"},
      {"sparse_categorical_crossentropy", {-1}, "label -1 is outside 0 … 9"},
      {"sparse_categorical_crossentropy", {1.5F}, "label 1.5 is not a whole number"},
      {"sparse_categorical_crossentropy", {std::nanf("")}, "label nan is outside 0 … 9"},
      {"sparse_categorical_crossentropy", {9}, ""},
      {"categorical_crossentropy", {0, 0, 2, 0, 0, 0, 0, 0, 0, 0}, "target 2 is outside 0 … 1"},
      {"binary_crossentropy", {0, 1, 0, 1, -1, 0, 0, 0, 0, 0}, "target -1 is outside 0 … 1"},
      {"mse", std::vector<float>(10, 1e6F), ""},
  };
  for (const Fault& fault : faults)
    CHECK(make_loss(fault.loss)->target_fault(10, fault.target.data()) == fault.sentence);
}

TEST_CASE("A loss that is unknown or cannot fit is refused with a cure", "[host][train]") {
  const auto refusal = [](const char* text) { return error_of([&] { return make_loss(text); }); };
  CHECK(refusal("binary_crosentropy") ==
        "KAIROS-M030: loss: there is no loss \"binary_crosentropy\". Did you mean \"binary_crossentropy\"?");
  CHECK(refusal("huge") ==
        "KAIROS-M030: loss: there is no loss \"huge\". Known are: mean_squared_error, mean_absolute_error, "
        "binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy.");
  CHECK(refusal("mse(from_logits=true)") == "KAIROS-M002: loss mse: there is no argument \"from_logits\".");
  CHECK(refusal("binary_crossentropy(from_logit=true)") ==
        "KAIROS-M002: loss binary_crossentropy: there is no argument \"from_logit\". Did you mean "
        "\"from_logits\"?");
  CHECK(refusal("binary_crossentropy(from_logits=3)") ==
        "KAIROS-M003: loss binary_crossentropy: \"from_logits\" has a value that cannot be used; found 3, "
        "expected true or "
        "false.");
  CHECK(error_of([] {
          make_loss("sparse_categorical_crossentropy")->check_output(1);
          return 0;
        }) ==
        "KAIROS-M032: loss sparse_categorical_crossentropy: it cannot train the model's output; found 1 unit "
        "in the last "
        "layer, expected a unit for each class. Give the last layer one unit per class and softmax, or use "
        "binary_crossentropy with sigmoid.");
}
