// SPDX-License-Identifier: MIT
#include "nn/losses.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "nn/call_text.hpp"
#include "nn/metrics.hpp"

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

/// The same formula over targets that are drawn towards `all`.
Formula smoothed(double share, double all, const Formula& formula) {
  return [=](const Values& target, const Values& output) {
    Values t = target;
    for (double& value : t) value = value * (1 - share) + all * share;
    return formula(t, output);
  };
}

Formula mean_of(double (*term)(double, double)) {
  return [term](const Values& t, const Values& o) { return mean_over(t, o, term); };
}

double huber(double t, double o) {
  const double error = std::abs(o - t);
  return error <= 0.7 ? 0.5 * error * error : 0.7 * error - 0.5 * 0.7 * 0.7;
}
double squared_log(double t, double o) {
  return std::pow(std::log(std::max(o, 1e-7) + 1) - std::log(std::max(t, 1e-7) + 1), 2);
}
double hinge(double t, double o) {
  return std::max(0.0, 1 - t * o);
}

double categorical_hinge(const Values& t, const Values& o) {
  double own = 0, rival = -1e30;
  for (std::size_t i = 0; i < o.size(); ++i) {
    own += t[i] * o[i];
    rival = std::max(rival, (1 - t[i]) * o[i]);
  }
  return std::max(0.0, 1 + rival - own);
}

double kl_divergence(const Values& t, const Values& o) {
  double sum = 0;
  for (std::size_t i = 0; i < o.size(); ++i) {
    const double p = std::clamp(t[i], 1e-7, 1.0);
    sum += p * std::log(p / std::clamp(o[i], 1e-7, 1.0));
  }
  return sum;
}

double cosine(const Values& t, const Values& o) {
  double dot = 0, of_t = 0, of_o = 0;
  for (std::size_t i = 0; i < o.size(); ++i) {
    dot += t[i] * o[i];
    of_t += t[i] * t[i];
    of_o += o[i] * o[i];
  }
  return -dot / std::sqrt(of_t * of_o);
}

// A target of 0 makes the loss too steep for finite differences.
const std::vector<float> nonzero{0.5F, 0.4F, 2, -1, 0.3F, 0.9F, 1, -0.2F, 1};
const std::vector<float> one_hot{0, 1, 0, 1, 0, 0, 1, 0, 0};
const std::vector<float> sides{-1, 1, -1, 1, 1, -1, -1, 1, 1};

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
    {"binary_crossentropy(label_smoothing=0.2)", smoothed(0.2, 0.5, mean_of(bce)), bits, probabilities},
    {"BinaryCrossentropy(from_logits=true,label_smoothing=0.3)", smoothed(0.3, 0.5, mean_of(bce_logits)),
     bits, logits},
    {"categorical_crossentropy(label_smoothing=0.2)",
     smoothed(0.2, 1.0 / 3, [](auto& t, auto& o) { return against(t, normalised(o)); }), distributions,
     probabilities},
    {"CategoricalCrossentropy(from_logits=true,label_smoothing=0.1)",
     smoothed(0.1, 1.0 / 3, [](auto& t, auto& o) { return against(t, softmax(o)); }), distributions, logits},
    {"mape", mean_of([](double t, double o) { return 100 * std::abs(t - o) / std::max(std::abs(t), 1e-7); }),
     nonzero, logits},
    {"mean_squared_logarithmic_error", mean_of(squared_log), probabilities, logits},
    {"Huber(delta=0.7)", mean_of(huber), values, logits},
    {"log_cosh", mean_of([](double t, double o) { return std::log(std::cosh(o - t)); }), values, logits},
    {"poisson", mean_of([](double t, double o) { return o - t * std::log(o + 1e-7); }), bits, probabilities},
    {"hinge", mean_of(hinge), sides, logits},
    {"hinge", mean_of([](double t, double o) { return hinge(2 * t - 1, o); }), bits, logits},
    {"SquaredHinge", mean_of([](double t, double o) { return hinge(t, o) * hinge(t, o); }), sides, logits},
    {"categorical_hinge", categorical_hinge, distributions, probabilities},
    {"CategoricalHinge", categorical_hinge, one_hot, logits},
    {"kld", kl_divergence, distributions, probabilities},
    {"CosineSimilarity", cosine, values, logits},
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

TEST_CASE("What Keras writes of a crossentropy besides is taken where it has one meaning", "[host][train]") {
  for (const char* text : {"BinaryCrossentropy(from_logits=false,label_smoothing=0.0,axis=-1)",
                           "CategoricalCrossentropy(from_logits=true,label_smoothing=0.0,axis=-1)",
                           "SparseCategoricalCrossentropy(from_logits=true,axis=-1,ignore_class=None)",
                           "CosineSimilarity(axis=-1)",
                           "Huber(delta=2,name=\"mine\",reduction=\"sum_over_batch_size\",dtype=\"float32\")",
                           "mse(reduction=auto,dtype=None)"}) {
    INFO(text);
    CHECK(error_of([&] { return make_loss(text)->name(); }).empty());
  }
  CHECK(error_of([] {
          return make_metric("mse(reduction=sum)", {2, TargetKind::Values});
        }) == "KAIROS-M002: loss mse: there is no argument \"reduction\".");
  CHECK(error_of([] { return make_loss("CategoricalCrossentropy(axis=1)")->name(); }) ==
        "KAIROS-M004: loss CategoricalCrossentropy: \"axis\" is not supported; found 1, expected -1. Remove "
        "it.");
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

TEST_CASE("A loss of an output at its edge stays finite", "[host][train]") {
  const std::vector<float> zero{0, 0}, target{1, 1}, far{1e4F, -1e4F}, scale{1};
  std::vector<float> each(1), gradient(2);
  const auto apply = [&](const char* text, const std::vector<float>& t, const std::vector<float>& o) {
    const auto loss = make_loss(text);
    loss->values(1, 2, t.data(), o.data(), each.data());
    loss->gradient(1, 2, t.data(), o.data(), scale.data(), gradient.data());
  };
  apply("cosine_similarity", target, zero);
  CHECK(each[0] == 0);
  CHECK(gradient[0] == Approx(-1e7 / std::sqrt(2)));
  apply("cosine_similarity", zero, far);
  CHECK(each[0] == 0);
  CHECK(gradient == std::vector<float>{0, 0});
  apply("log_cosh", zero, far);
  CHECK(each[0] == Approx(1e4F - 0.6931472F));
  CHECK(gradient == std::vector<float>{0.5F, -0.5F});
  apply("kl_divergence", target, zero);
  CHECK(each[0] == Approx(2 * std::log(1e7)));
  CHECK(gradient == std::vector<float>{0, 0});
  apply("mape", zero, target);
  CHECK(each[0] == Approx(1e9));
}

TEST_CASE("A loss is saved under Keras' class", "[host][train]") {
  CHECK(loss_class_name("bce") == "BinaryCrossentropy");
  CHECK(loss_class_name("huber") == "Huber");
  CHECK(loss_class_name("kld") == "KLDivergence");
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
    return reduce_losses(reduction, samples, 4 / samples, each.data(), weights, scale.data()).loss;
  };
  CHECK(reduce(LossReduction::SumOverBatchSize, 4, {}) == Approx(2.5));
  CHECK(reduce(LossReduction::SumOverBatchSize, 4, {w.data(), 1}) == Approx(3.5));
  CHECK(scale == std::vector<float>{0, 0.25F, 1, 0});
  CHECK(reduce(LossReduction::MeanWithSampleWeight, 4, {w.data(), 1}) == Approx(2.8));
  CHECK(scale[2] == Approx(0.8F));
  CHECK(reduce(LossReduction::MeanWithSampleWeight, 4, {}) == Approx(2.5));
  CHECK(reduce(LossReduction::Sum, 4, {}) == 10);
  CHECK(scale == std::vector<float>(4, 1.0F));
  CHECK(reduce(LossReduction::Sum, 4, {w.data(), 1}) == 14);
  CHECK(scale == w);
  for (const LossReduction reduction :
       {LossReduction::SumOverBatchSize, LossReduction::MeanWithSampleWeight, LossReduction::Sum}) {
    CHECK(reduce(reduction, 4, {zero.data(), 1}) == 0);
    CHECK(scale == zero);
  }
  // Two samples of two timesteps: a weight per sample counts for both, or there is one per timestep.
  CHECK(reduce(LossReduction::SumOverBatchSize, 2, {pair.data(), 1}) == Approx((1 + 2 + 9 + 12) / 4.0));
  CHECK(reduce(LossReduction::SumOverBatchSize, 2, {w.data(), 2}) == Approx(3.5));
  CHECK(error_of([&] {
          return reduce(LossReduction::SumOverBatchSize, 1, {pair.data(), 2});
        }) ==
        "KAIROS-D301: sample weights: the weights do not match the output; found 2 weights per sample, "
        "expected one or 4. "
        "Give one weight per sample or one per timestep.");
}

TEST_CASE("A loss may name its own reduction", "[host][train]") {
  const auto of = [](const char* text) { return own_reduction(parse_call(text, "loss")); };
  CHECK(of("mse(reduction=sum)") == LossReduction::Sum);
  CHECK(of("Huber(delta=2,reduction=\"mean_with_sample_weight\")") == LossReduction::MeanWithSampleWeight);
  CHECK(of("mse(reduction=mean)") == LossReduction::SumOverBatchSize);
  CHECK(of("mse(reduction=sum_over_batch_size)") == LossReduction::SumOverBatchSize);
  CHECK(of("mse(reduction=auto)") == std::nullopt);
  CHECK(of("mse") == std::nullopt);
  for (const char* none : {"mse(reduction=none)", "mse(reduction=null)"})
    CHECK(error_of([&] {
            return of(none);
          }).rfind("KAIROS-M033: loss reduction: training needs one loss per batch; found n", 0) == 0);
  CHECK(error_of([&] { return of("mse(reduction=smu)"); }) ==
        "KAIROS-M033: loss reduction: there is no reduction \"smu\". Did you mean \"sum\"?");
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
      {"sparse_categorical_crossentropy", {1.5F}, "label 1.5 is not an integer"},
      {"sparse_categorical_crossentropy", {std::nanf("")}, "label nan is outside 0 … 9"},
      {"sparse_categorical_crossentropy", {9}, ""},
      {"categorical_crossentropy", {0, 0, 2, 0, 0, 0, 0, 0, 0, 0}, "target 2 is outside 0 … 1"},
      {"binary_crossentropy", {0, 1, 0, 1, -1, 0, 0, 0, 0, 0}, "target -1 is outside 0 … 1"},
      {"mse", std::vector<float>(10, 1e6F), ""},
      {"hinge", {0, 1, -1, 1, 2, 0, 0, 0, 0, 0}, "target 2 is not -1, 0 or 1"},
      {"squared_hinge", {0, 1, 0, 1, 1, 0, 0, 0, 0, 0}, ""},
      {"poisson", {0, 1, 0, 1, -3, 0, 0, 0, 0, 0}, "target -3 is negative"},
      {"msle", {0, 1, 0, 1, -3, 0, 0, 0, 0, 0}, "target -3 is negative"},
      {"kl_divergence", {0, 1, 0, 1, 1.5F, 0, 0, 0, 0, 0}, "target 1.5 is outside 0 … 1"},
  };
  for (const Fault& fault : faults)
    CHECK(make_loss(fault.loss)->target_fault(10, fault.target.data()) == fault.sentence);
}

TEST_CASE("A loss that is unknown or cannot fit is refused with a cure", "[host][train]") {
  const auto refusal = [](const char* text) { return error_of([&] { return make_loss(text); }); };
  CHECK(refusal("binary_crosentropy") ==
        "KAIROS-M030: loss: there is no loss \"binary_crosentropy\". Did you mean \"binary_crossentropy\"?");
  CHECK(
      refusal("huge") ==
      "KAIROS-M030: loss: there is no loss \"huge\". Known names: mean_squared_error, mean_absolute_error, "
      "mean_absolute_percentage_error, mean_squared_logarithmic_error, huber, log_cosh, poisson, "
      "binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy, hinge, squared_hinge, "
      "categorical_hinge, kl_divergence, cosine_similarity, binary_focal_crossentropy, "
      "categorical_focal_crossentropy, categorical_generalized_cross_entropy, dice, tversky.");
  CHECK(refusal("huber(delta=0)") ==
        "KAIROS-M003: loss huber: \"delta\" has a value that cannot be used; found 0, expected a number "
        "from 1e-30 to 1e+18. Give \"delta\" such a value.");
  CHECK(refusal("huber(delt=1)") ==
        "KAIROS-M002: loss huber: there is no argument \"delt\". Did you mean \"delta\"?");
  CHECK(refusal("bce(label_smoothing=1.5)") ==
        "KAIROS-M003: loss bce: \"label_smoothing\" has a value that cannot be used; found 1.5, expected a "
        "number from 0 to 1. Give \"label_smoothing\" such a value.");
  CHECK(refusal("sparse_categorical_crossentropy(label_smoothing=0.1)") ==
        "KAIROS-M002: loss sparse_categorical_crossentropy: there is no argument \"label_smoothing\". Known "
        "names: axis, ignore_class, from_logits.");
  CHECK(refusal("mse(from_logits=true)") == "KAIROS-M002: loss mse: there is no argument \"from_logits\".");
  CHECK(refusal("binary_crossentropy(from_logit=true)") ==
        "KAIROS-M002: loss binary_crossentropy: there is no argument \"from_logit\". Did you mean "
        "\"from_logits\"?");
  CHECK(refusal("binary_crossentropy(from_logits=3)") ==
        "KAIROS-M003: loss binary_crossentropy: \"from_logits\" has a value that cannot be used; found 3, "
        "expected true or "
        "false. Give \"from_logits\" such a value.");
  CHECK(
      error_of([] {
        make_loss("sparse_categorical_crossentropy")->check_output(1);
        return 0;
      }) ==
      "KAIROS-M032: loss sparse_categorical_crossentropy: it does not allow the model's output; found 1 unit "
      "in the last "
      "layer, expected one unit per class. Give the last layer one unit per class and softmax, or use "
      "binary_crossentropy with sigmoid.");
}
