// SPDX-License-Identifier: MIT
#include "train/metrics.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

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

TEST_CASE("A metric's key is what the user wrote, and its direction is declared", "[host][train]") {
  struct Case {
    const char* text;
    const char* key;
    Direction direction;
  };
  for (const Case& c :
       {Case{"acc", "accuracy", Direction::Max}, Case{"accuracy", "accuracy", Direction::Max},
        Case{"sparse_categorical_accuracy", "sparse_categorical_accuracy", Direction::Max},
        Case{"sparse_categorical_crossentropy", "sparse_categorical_crossentropy", Direction::Min}}) {
    const NamedMetric metric = make_metric(c.text, {3, TargetKind::Label});
    CHECK(metric.key.name == c.key);
    CHECK(metric.key.direction == c.direction);
  }
  CHECK(make_metric("mae", {3, TargetKind::Values}).key.direction == Direction::Min);
}

TEST_CASE("Equal names become Keras' names", "[host][train]") {
  const MetricSite site{1, TargetKind::Values};
  std::vector<NamedMetric> plain, weighted;
  for (const char* text : {"accuracy", "mae", "accuracy"}) plain.push_back(make_metric(text, site));
  for (const char* text : {"mse", "mae", "accuracy"}) weighted.push_back(make_metric(text, site));
  name_metrics(plain, weighted);
  std::vector<std::string> names;
  for (const auto* list : {&plain, &weighted})
    for (const NamedMetric& metric : *list) names.push_back(metric.key.name);
  CHECK(names == std::vector<std::string>{"accuracy", "mae", "accuracy_1", "mse", "weighted_mae",
                                          "weighted_accuracy"});
}

TEST_CASE("A metric that is unknown or cannot be computed is refused", "[host][train]") {
  const auto refusal = [](const char* text, const MetricSite& site) {
    return error_of([&] { return make_metric(text, site).key; });
  };
  CHECK(refusal("acuracy", {3, TargetKind::Label}) ==
        "KAIROS-M040: metric: there is no metric \"acuracy\". Did you mean \"accuracy\"?");
  CHECK(refusal("categorical_accuracy", {3, TargetKind::Label}) ==
        "KAIROS-M041: metric categorical_accuracy: it cannot be computed from this output and these targets; "
        "found targets "
        "that are class numbers, expected a value per unit. Use accuracy, which chooses by itself, or change "
        "the loss.");
  CHECK(refusal("sparse_categorical_accuracy", {3, TargetKind::Values}) ==
        "KAIROS-M041: metric sparse_categorical_accuracy: it cannot be computed from this output and these "
        "targets; found "
        "targets of a value per unit, expected class numbers. Use accuracy, which chooses by itself, or "
        "change the loss.");
  CHECK(refusal("categorical_accuracy", {1, TargetKind::Values}) ==
        "KAIROS-M041: metric categorical_accuracy: it cannot be computed from this output and these targets; "
        "found one unit "
        "in the last layer, expected one unit per class. Use accuracy, which chooses by itself, or change "
        "the loss.");
  CHECK(refusal("accuracy(threshold=0.3)", {1, TargetKind::Values}) ==
        "KAIROS-M002: metric accuracy: it takes no arguments; found \"0.3\". Remove the brackets.");
}
