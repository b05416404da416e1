// SPDX-License-Identifier: MIT
#include "nn/metrics.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

using namespace kairos::host;

namespace {

const std::vector<float> output{0.1F, 0.7F, 0.2F, 0.5F, 0.3F, 0.2F, 0.2F, 0.3F, 0.5F, 0.6F, 0.3F, 0.1F};
const std::vector<float> labels{1, 0, 0, 2};
const std::vector<float> one_hot{0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1};
const std::vector<float> weights{1, 2, 3, 0};

MetricBatch batch(std::int64_t begin, std::int64_t samples, std::int64_t features,
                  const std::vector<float>& target, bool weighted) {
  const std::int64_t width = static_cast<std::int64_t>(target.size()) / 4;
  return {samples,
          1,
          features,
          target.data() + begin * width,
          output.data() + begin * features,
          weighted ? WeightView{weights.data() + begin, 1} : WeightView{}};
}

double result(const char* text, const MetricSite& site, const std::vector<float>& target, bool weighted) {
  const NamedMetric metric = make_metric(text, site);
  metric.metric->update(batch(0, 3, site.features, target, weighted));
  metric.metric->update(batch(3, 1, site.features, target, weighted));
  return metric.metric->result();
}

}  // namespace

TEST_CASE("Accuracy is the one that fits the targets", "[host][train]") {
  CHECK(result("accuracy", {3, TargetKind::Label}, labels, false) == Approx(0.5));
  CHECK(result("accuracy", {3, TargetKind::Values}, one_hot, false) == Approx(0.5));
  const std::vector<float> bits{0, 1, 0, 1};  // against outputs .1 .7 .2 .5: 0.5 is not above the threshold
  CHECK(result("accuracy", {1, TargetKind::Values}, bits, false) == Approx(0.75));
}

TEST_CASE("A metric is the mean over all samples whatever the batches", "[host][train]") {
  CHECK(result("sparse_categorical_accuracy", {3, TargetKind::Label}, labels, true) == Approx(3.0 / 6));
  CHECK(result("mae", {1, TargetKind::Values}, {1, 1, 1, 1}, false) == Approx((.9 + .3 + .8 + .5) / 4));
  CHECK(result("mse", {1, TargetKind::Values}, {1, 1, 1, 1}, true) == Approx((.81 + 2 * .09 + 3 * .64) / 6));
  CHECK(result("binary_accuracy", {3, TargetKind::Values}, one_hot, false) ==
        Approx((1 + 2.0 / 3 + 2.0 / 3 + 1.0 / 3) / 4));
}

namespace {

/// Two outputs per sample, uneven batches, weights that leave one sample out.
const std::vector<float> predicted{0.1F, 0.9F, 0.6F, 0.4F, 0.35F, 0.8F,  0.7F,
                                   0.2F, 0.5F, 1,    0,    0.3F,  0.55F, 0.6F};
const std::vector<float> yes{0, 1, 1, 0, 0, 1, 0, 1, 1, 1, 0, 0, 1, 0};
const std::vector<float> amounts{100.5F, 3, 101, -4, 99, 2, 100, 0.5F, 102, 1, 98.5F, 2, 100, 7};
const std::vector<float> guesses{100, 2.5F, 101.5F, -3, 99, 4, 99, 0, 101, 1, 98, 3, 100, 5};
const std::vector<float> sample_weights{1, 2, 0.5F, 1, 3, 0, 1};

double streamed(const std::string& text, const std::vector<float>& target, const std::vector<float>& from,
                bool weighted) {
  const NamedMetric metric = make_metric(text, {2, TargetKind::Values});
  for (const auto& [begin, samples] : {std::pair{0, 3}, std::pair{3, 1}, std::pair{4, 3}})
    metric.metric->update({samples, 1, 2, target.data() + begin * 2, from.data() + begin * 2,
                           weighted ? WeightView{sample_weights.data() + begin, 1} : WeightView{}});
  return metric.metric->result();
}

double weight_at(std::size_t value, bool weighted) {
  return weighted ? static_cast<double>(sample_weights[value / 2]) : 1.0;
}

struct Counts {
  double tp = 0, fp = 0, fn = 0, tn = 0;
};

Counts counts_at(double threshold, bool weighted) {
  Counts c;
  for (std::size_t i = 0; i < yes.size(); ++i) {
    const bool says = static_cast<double>(predicted[i]) > threshold, is = yes[i] != 0;
    (says ? (is ? c.tp : c.fp) : (is ? c.fn : c.tn)) += weight_at(i, weighted);
  }
  return c;
}

double over(double part, double whole) {
  return whole == 0 ? 0 : part / whole;
}

/// Keras' areas, threshold by threshold.
double area(bool roc, int thresholds, bool weighted) {
  std::vector<Counts> at;
  for (int i = 0; i < thresholds; ++i)
    at.push_back(counts_at(i == 0                ? -1e-7
                           : i == thresholds - 1 ? 1 + 1e-7
                                                 : static_cast<double>(i) / (thresholds - 1),
                           weighted));
  double sum = 0;
  for (std::size_t i = 0; i + 1 < at.size(); ++i) {
    const Counts &low = at[i], &high = at[i + 1];
    if (roc) {
      const double width = over(low.fp, low.fp + low.tn) - over(high.fp, high.fp + high.tn);
      sum += width * (over(low.tp, low.tp + low.fn) + over(high.tp, high.tp + high.fn)) / 2;
    } else {
      const double p_low = low.tp + low.fp, p_high = high.tp + high.fp;
      const double slope = over(low.tp - high.tp, p_low - p_high);
      const double intercept = high.tp - slope * p_high;
      const double ratio = p_low > 0 && p_high > 0 ? p_low / p_high : 1;
      sum += over(slope * (low.tp - high.tp + intercept * std::log(ratio)), high.tp + high.fn);
    }
  }
  return sum;
}

double r2(bool weighted) {
  double sum = 0;
  for (std::size_t column = 0; column < 2; ++column) {
    double w = 0, wy = 0, wyy = 0, residual = 0;
    for (std::size_t i = column; i < amounts.size(); i += 2) {
      const double y = static_cast<double>(amounts[i]), one = weight_at(i, weighted);
      w += one;
      wy += one * y;
      wyy += one * y * y;
      residual += one * std::pow(y - static_cast<double>(guesses[i]), 2);
    }
    sum += 1 - residual / (wyy - wy * wy / w);
  }
  return sum / 2;
}

double rmse(bool weighted) {
  double sum = 0, weight = 0;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    sum += weight_at(i, weighted) *
           std::pow(static_cast<double>(amounts[i]) - static_cast<double>(guesses[i]), 2);
    weight += weight_at(i, weighted);
  }
  return std::sqrt(sum / weight);
}

}  // namespace

TEST_CASE("A metric over the epoch has the value of its formula over all samples", "[host][train]") {
  for (const bool weighted : {false, true}) {
    INFO("weighted " << weighted);
    for (const auto& [argument, threshold] :
         {std::pair{"", 0.5}, std::pair{"(thresholds=0.3)", static_cast<double>(0.3F)}}) {
      const Counts c = counts_at(threshold, weighted);
      CHECK(streamed(std::string("precision") + argument, yes, predicted, weighted) ==
            Approx(c.tp / (c.tp + c.fp)));
      CHECK(streamed(std::string("Recall") + argument, yes, predicted, weighted) ==
            Approx(c.tp / (c.tp + c.fn)));
    }
    for (const auto& [text, threshold] :
         {std::pair{"f1_score(average=micro,threshold=0.5)", 0.5},
          std::pair{"F1Score(average=micro,threshold=0.7)", static_cast<double>(0.7F)}}) {
      const Counts c = counts_at(threshold, weighted);
      const double precision = c.tp / (c.tp + c.fp), recall = c.tp / (c.tp + c.fn);
      CHECK(streamed(text, yes, predicted, weighted) ==
            Approx(2 * precision * recall / (precision + recall)));
    }
    CHECK(streamed("AUC", yes, predicted, weighted) == Approx(area(true, 200, weighted)));
    CHECK(streamed("auc(num_thresholds=7)", yes, predicted, weighted) == Approx(area(true, 7, weighted)));
    CHECK(streamed("AUC(curve=PR)", yes, predicted, weighted) == Approx(area(false, 200, weighted)));
    CHECK(streamed("AUC(curve=PR,num_thresholds=5)", yes, predicted, weighted) ==
          Approx(area(false, 5, weighted)));
    CHECK(streamed("r2_score", amounts, guesses, weighted) == Approx(r2(weighted)));
    CHECK(streamed("RootMeanSquaredError", amounts, guesses, weighted) == Approx(rmse(weighted)));
  }
}

TEST_CASE("F1 is counted class by class, with the largest value for the yes of a row", "[host][train]") {
  // Largest: classes 1, 0, 2, 0 for the labels 1, 0, 0, 2 with the weights 1, 2, 3 and 0 or 1.
  struct Expected {
    const char* text;
    double plain, weighted;
  };
  for (const Expected& e : {Expected{"F1Score", (0.5 + 1 + 0) / 3, (4.0 / 7 + 1 + 0) / 3},
                            Expected{"f1_score(average=macro)", (0.5 + 1 + 0) / 3, (4.0 / 7 + 1 + 0) / 3},
                            Expected{"f1_score(average=weighted)", (2 * 0.5 + 1) / 4, (5 * 4.0 / 7 + 1) / 6},
                            Expected{"f1_score(average=micro)", 0.5, 0.5}}) {
    INFO(e.text);
    CHECK(result(e.text, {3, TargetKind::Values}, one_hot, false) == Approx(e.plain));
    CHECK(result(e.text, {3, TargetKind::Values}, one_hot, true) == Approx(e.weighted));
  }
  // One unit says yes above one half, and zeros say nothing.
  CHECK(result("f1_score", {1, TargetKind::Values}, {0, 1, 0, 1}, false) == Approx(2.0 / 3));
  const std::vector<float> zeros(3, 0.0F);
  const NamedMetric metric = make_metric("f1_score(average=micro)", {3, TargetKind::Values});
  metric.metric->update({1, 1, 3, one_hot.data(), zeros.data(), {}});
  CHECK(metric.metric->result() == 0);
}

TEST_CASE("Precision, recall and F1 of labels are those of each class against the others", "[host][train]") {
  // Said: classes 1, 0, 2, 0. Labels: 1, 0, 0, 2. Weights: 1, 2, 3, 0.
  struct Expected {
    const char* text;
    double plain, weighted;
  };
  for (const Expected& e :
       {Expected{"precision", (0.5 + 1 + 0) / 3, (1 + 1 + 0) / 3.0},
        Expected{"recall", (0.5 + 1 + 0) / 3, (0.4 + 1 + 0) / 3},
        Expected{"Precision(average=weighted)", (2 * 0.5 + 1) / 4, (5 * 1.0 + 1) / 6},
        Expected{"recall(average=weighted)", 0.5, (5 * 0.4 + 1) / 6},
        Expected{"recall(average=micro)", 0.5, 0.5}, Expected{"recall(thresholds=0.1)", 2.0 / 3, 2.0 / 3},
        Expected{"f1_score", (0.5 + 1 + 0) / 3, (4.0 / 7 + 1 + 0) / 3},
        Expected{"f1_score(average=weighted)", (2 * 0.5 + 1) / 4, (5 * 4.0 / 7 + 1) / 6}}) {
    INFO(e.text);
    CHECK(result(e.text, {3, TargetKind::Label}, labels, false) == Approx(e.plain));
    const bool has_average = std::string(e.text).find("average") != std::string::npos;
    if (has_average) CHECK(result(e.text, {3, TargetKind::Values}, one_hot, false) == Approx(e.plain));
    if (e.text != std::string("recall(thresholds=0.1)"))
      CHECK(result(e.text, {3, TargetKind::Label}, labels, true) == Approx(e.weighted));
  }
}

TEST_CASE("AUC of labels is the mean of the areas of each class against the others", "[host][train]") {
  const auto area = [](std::vector<float> outputs, const std::vector<float>& bits) {
    const NamedMetric metric = make_metric("auc", {1, TargetKind::Values});
    metric.metric->update({4, 1, 1, bits.data(), outputs.data(), {}});
    return metric.metric->result();
  };
  const double zero = area({0.1F, 0.5F, 0.2F, 0.6F}, {0, 1, 1, 0}),
               one = area({0.7F, 0.3F, 0.3F, 0.3F}, {1, 0, 0, 0}),
               two = area({0.2F, 0.2F, 0.5F, 0.1F}, {0, 0, 0, 1});
  CHECK(one == 1);
  CHECK(two == 0);
  for (const auto& [kind, target] :
       {std::pair{TargetKind::Label, labels}, std::pair{TargetKind::Values, one_hot}}) {
    CHECK(result("auc(average=macro)", {3, kind}, target, false) == Approx((zero + one + two) / 3));
    CHECK(result("auc(average=weighted)", {3, kind}, target, false) == Approx((2 * zero + one + two) / 4));
    CHECK(result("auc(average=micro)", {3, kind}, target, false) ==
          Approx(result("auc", {3, TargetKind::Values}, one_hot, false)));
  }
  CHECK(result("auc", {3, TargetKind::Label}, labels, false) == Approx((zero + one + two) / 3));
  // No sample of the classes 1 and 2: they have no area, and do not count.
  const std::vector<float> without{0, 0, 0, 0};
  CHECK(result("auc", {3, TargetKind::Label}, without, false) == 0);
  const std::vector<float> two_classes{1, 0, 0, 1};
  CHECK(result("auc", {3, TargetKind::Label}, two_classes, false) ==
        Approx((area({0.1F, 0.5F, 0.2F, 0.6F}, {0, 1, 1, 0}) + area({0.7F, 0.3F, 0.3F, 0.3F}, {1, 0, 0, 1})) /
               2));
}

TEST_CASE("The threshold of binary accuracy may be another one", "[host][train]") {
  const std::vector<float> bits_above_half{0, 1, 0, 1};  // against outputs .1 .7 .2 .5
  CHECK(result("BinaryAccuracy(threshold=0.5)", {1, TargetKind::Values}, bits_above_half, false) == 0.75);
  CHECK(result("binary_accuracy(threshold=0.4)", {1, TargetKind::Values}, bits_above_half, false) == 1);
}

TEST_CASE("AUC of logits is that of their probabilities", "[host][train]") {
  std::vector<float> logits;
  // Those of 0 and 1 have none.
  for (const float p : predicted)
    logits.push_back(p <= 0 ? -200.0F : (p >= 1 ? 200.0F : std::log(p / (1 - p))));
  CHECK(streamed("AUC(from_logits=true,num_thresholds=18)", yes, logits, false) ==
        Approx(streamed("AUC(num_thresholds=18)", yes, predicted, false)));
}

TEST_CASE("AUC of a perfect order is 1, of a reversed one 0, and NaN is not hidden", "[host][train]") {
  const std::vector<float> scores{0.1F, 0.2F, 0.8F, 0.9F}, right{0, 0, 1, 1}, wrong{1, 1, 0, 0};
  const NamedMetric auc = make_metric("auc", {1, TargetKind::Values});
  CHECK(auc.metric->result() == 0);
  auc.metric->update({4, 1, 1, right.data(), scores.data(), {}});
  CHECK(auc.metric->result() == Approx(1));
  auc.metric->reset();
  auc.metric->update({4, 1, 1, wrong.data(), scores.data(), {}});
  CHECK(auc.metric->result() == Approx(0));
  const float nan = std::nanf("");
  auc.metric->update({1, 1, 1, right.data(), &nan, {}});
  CHECK(std::isnan(auc.metric->result()));
  auc.metric->reset();
  CHECK(auc.metric->result() == 0);
}

TEST_CASE("R2 counts an output whose targets do not differ as 0", "[host][train]") {
  const std::vector<float> target{5, 1, 5, 2}, guess{4, 1, 6, 2};
  const NamedMetric r2_score = make_metric("R2Score", {2, TargetKind::Values});
  r2_score.metric->update({2, 1, 2, target.data(), guess.data(), {}});
  CHECK(r2_score.metric->result() == Approx(0.5));
}

TEST_CASE("Top-k accuracy counts a class among the k most likely", "[host][train]") {
  // Ranks of the labels 1, 0, 0, 2 among the outputs: first, first, third, third.
  CHECK(result("sparse_top_k_categorical_accuracy(k=1)", {3, TargetKind::Label}, labels, false) ==
        Approx(0.5));
  CHECK(result("sparse_top_k_categorical_accuracy(k=2)", {3, TargetKind::Label}, labels, false) ==
        Approx(0.5));
  CHECK(result("SparseTopKCategoricalAccuracy(k=3)", {3, TargetKind::Label}, labels, false) == Approx(1));
  CHECK(result("TopKCategoricalAccuracy(k=2)", {3, TargetKind::Values}, one_hot, true) == Approx(3.0 / 6));
  // A tie with the k-th counts, NaN does not.
  const std::vector<float> tied{0.4F, 0.4F, 0.2F}, nan{std::nanf(""), 0.4F, 0.2F}, label{1}, first{0};
  const NamedMetric top = make_metric("sparse_top_k_categorical_accuracy(k=1)", {3, TargetKind::Label});
  top.metric->update({1, 1, 3, label.data(), tied.data(), {}});
  CHECK(top.metric->result() == 1);
  top.metric->update({1, 1, 3, first.data(), nan.data(), {}});
  CHECK(top.metric->result() == 0.5);
}

TEST_CASE("A loss as a metric is its mean, and the similarity keeps its sign", "[host][train]") {
  const MetricSite site{2, TargetKind::Values};
  const std::vector<float> a{3, 4, 1, 0}, b{4, 3, 1, 0};
  const NamedMetric similarity = make_metric("CosineSimilarity", site);
  similarity.metric->update({2, 1, 2, a.data(), b.data(), {}});
  CHECK(similarity.metric->result() == Approx((0.96 + 1) / 2));
  CHECK(streamed("mape", amounts, guesses, false) ==
        Approx(streamed("mean_absolute_percentage_error", amounts, guesses, false)));
  CHECK(streamed("crossentropy", yes, predicted, true) ==
        streamed("categorical_crossentropy", yes, predicted, true));
  CHECK(result("ce", {3, TargetKind::Label}, labels, false) ==
        result("sparse_categorical_crossentropy", {3, TargetKind::Label}, labels, false));
}

TEST_CASE("A metric of nothing is 0, and reset forgets", "[host][train]") {
  const NamedMetric metric = make_metric("mae", {1, TargetKind::Values});
  CHECK(metric.metric->result() == 0);
  const std::vector<float> zero(4, 0.0F);
  metric.metric->update({4, 1, 1, labels.data(), output.data(), {zero.data(), 1}});
  CHECK(metric.metric->result() == 0);
  metric.metric->update({4, 1, 1, labels.data(), output.data(), {}});
  CHECK(metric.metric->result() > 0);
  metric.metric->reset();
  CHECK(metric.metric->result() == 0);
}
