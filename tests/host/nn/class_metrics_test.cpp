// SPDX-License-Identifier: MIT
// IoU, confusion counts, operating points, selections of classes and areas of several labels. The values of
// the examples are those of Keras' documentation.
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "nn/metrics.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

using Floats = std::vector<float>;

/// The metric of rows of `features` values; half of the rows in each of two batches.
double result(const std::string& text, std::int64_t features, const Floats& target, const Floats& output,
              const Floats& weights = {}, TargetKind kind = TargetKind::Values) {
  const NamedMetric metric = make_metric(text, {features, kind});
  const auto rows = static_cast<std::int64_t>(output.size()) / features;
  const std::int64_t width = kind == TargetKind::Label ? 1 : features, half = rows / 2;
  for (const auto& [first, n] : {std::pair{std::int64_t{0}, half}, std::pair{half, rows - half}})
    metric.metric->update({n, 1, features, target.data() + first * width, output.data() + first * features,
                           weights.empty() ? WeightView{} : WeightView{weights.data() + first, 1}});
  return metric.metric->result();
}

const Floats quarter_weights{0.3F, 0.3F, 0.3F, 0.1F};
const Floats one_hot{0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0};
const Floats likely{0.2F, 0.3F, 0.5F, 0.1F, 0.2F, 0.7F, 0.5F, 0.3F, 0.1F, 0.1F, 0.4F, 0.5F};

std::string refusal(const char* text, const MetricSite& site) {
  return error_of([&] { return make_metric(text, site).key; });
}

}  // namespace

TEST_CASE("IoU is that of Keras' examples", "[host][train]") {
  const Floats target{0, 0, 1, 1}, output{0, 1, 0, 1};
  CHECK(result("IoU(num_classes=2,target_class_ids=[0])", 1, target, output) == Approx(1.0 / 3));
  CHECK(result("IoU(num_classes=2,target_class_ids=[0])", 1, target, output, quarter_weights) ==
        Approx(1.0 / 3));
  CHECK(result("MeanIoU(num_classes=2)", 1, target, output, quarter_weights) == Approx(0.23809525));
  const Floats found{0.1F, 0.2F, 0.4F, 0.7F};
  CHECK(result("BinaryIoU(target_class_ids=[0,1],threshold=0.3)", 1, {0, 1, 0, 1}, found) == Approx(1.0 / 3));
  CHECK(result("BinaryIoU(threshold=0.3)", 1, {0, 1, 0, 1}, found, {0.2F, 0.3F, 0.4F, 0.1F}) ==
        Approx(0.17361112));
  const Floats weights{0.1F, 0.2F, 0.3F, 0.4F};
  CHECK(result("OneHotIoU(num_classes=3,target_class_ids=[0,2])", 3, one_hot, likely, weights) ==
        Approx(0.1 / 0.7 / 2));
  CHECK(result("OneHotMeanIoU(num_classes=3)", 3, one_hot, likely, weights) == Approx(0.1 / 0.7 / 3));
  CHECK(result("IoU(num_classes=3,target_class_ids=[0,2],sparse_y_true=false,sparse_y_pred=false)", 3,
               one_hot, likely, weights) == Approx(0.1 / 0.7 / 2));
  // Class labels as targets, as for sparse_categorical_crossentropy.
  CHECK(result("MeanIoU(num_classes=3,sparse_y_pred=false)", 3, {2, 0, 1, 0}, likely, weights,
               TargetKind::Label) == Approx(0.1 / 0.7 / 3));
  CHECK(result("MeanIoU(num_classes=3,sparse_y_pred=false,ignore_class=0)", 3, {2, 0, 1, 0}, likely, {},
               TargetKind::Label) == Approx(1.0 / 3));
}

TEST_CASE("IoU refuses classes and targets that do not fit", "[host][train]") {
  CHECK(refusal("IoU(num_classes=2)", {1, TargetKind::Values})
            .find("\"target_class_ids\" is missing; expected "
                  "a list of classes from 0 to 1") != std::string::npos);
  CHECK(refusal("IoU(num_classes=2,target_class_ids=[2])", {1, TargetKind::Values}).find("found [2]") !=
        std::string::npos);
  CHECK(refusal("MeanIoU(num_classes=3)", {3, TargetKind::Label}).find("Write sparse_y_pred=false") !=
        std::string::npos);
  CHECK(refusal("OneHotMeanIoU(num_classes=2)", {3, TargetKind::Values})
            .find("found 2, expected at least 3, the classes of the output") != std::string::npos);
  CHECK(
      error_of([] {
        return result("MeanIoU(num_classes=2)", 1, {0, 5}, {0, 1});
      }) ==
      "KAIROS-D302: metric MeanIoU: a target is not one of the metric's classes; found 5, expected a class "
      "from "
      "0 to 1. Give a larger num_classes, or sparse_y_true=false and sparse_y_pred=false for one-hot targets "
      "and probabilities.");
}

TEST_CASE("Cells of the confusion matrix are counted with the weights of samples", "[host][train]") {
  const Floats target{0, 1, 1, 1, 0}, output{1, 0, 1, 1, 0.45F}, weights{1, 2, 3, 4, 5};
  CHECK(result("TruePositives", 1, target, output) == 2);
  CHECK(result("TruePositives()", 1, target, output, weights) == 7);
  CHECK(result("FalsePositives", 1, target, output) == 1);
  CHECK(result("FalsePositives(thresholds=0.4)", 1, target, output, weights) == 6);
  CHECK(result("TrueNegatives(thresholds=[0.5])", 1, target, output) == 1);
  CHECK(result("FalseNegatives", 1, target, output, weights) == 2);
  // Class labels count as one-hot rows.
  for (const char* text : {"TruePositives(thresholds=0.45)", "TrueNegatives(thresholds=0.45)",
                           "FalsePositives(thresholds=0.45)", "FalseNegatives(thresholds=0.45)"}) {
    INFO(text);
    CHECK(result(text, 3, {2, 0, 1, 0}, likely, {1, 2, 3, 4}, TargetKind::Label) ==
          result(text, 3, one_hot, likely, {1, 2, 3, 4}));
  }
}

TEST_CASE("Operating points are those of Keras' examples", "[host][train]") {
  const Floats target{0, 0, 0, 1, 1}, output{0, 0.3F, 0.8F, 0.3F, 0.8F};
  CHECK(result("SensitivityAtSpecificity(specificity=0.5)", 1, target, output) == Approx(0.5));
  CHECK(result("SensitivityAtSpecificity(specificity=0.5)", 1, target, output, {1, 1, 2, 2, 1}) ==
        Approx(1.0 / 3));
  CHECK(result("SpecificityAtSensitivity(sensitivity=0.5)", 1, target, output) == Approx(2.0 / 3));
  CHECK(result("SpecificityAtSensitivity(sensitivity=0.5)", 1, target, output, {1, 1, 2, 2, 2}) ==
        Approx(0.5));
  CHECK(result("PrecisionAtRecall(recall=0.5)", 1, target, output) == Approx(0.5));
  CHECK(result("PrecisionAtRecall(recall=0.5)", 1, target, output, {2, 2, 2, 1, 1}) == Approx(1.0 / 3));
  const Floats other{0, 0.5F, 0.3F, 0.9F};
  CHECK(result("RecallAtPrecision(precision=0.8)", 1, {0, 0, 1, 1}, other) == Approx(0.5));
  CHECK(result("RecallAtPrecision(precision=0.8)", 1, {0, 0, 1, 1}, other, {1, 0, 0, 1}) == Approx(1));
  CHECK(result("RecallAtPrecision(precision=0.8,num_thresholds=1)", 1, {0, 0, 1, 1}, other) == Approx(0.5));
  CHECK(std::isnan(result("PrecisionAtRecall(recall=0.5)", 1, target, {0, NAN, 1, 1, 1})));
  CHECK(result("PrecisionAtRecall(recall=0.6,class_id=2)", 3, one_hot, likely) ==
        result("PrecisionAtRecall(recall=0.6)", 1, {1, 0, 0, 0}, {0.5F, 0.7F, 0.1F, 0.5F}));
  CHECK(refusal("PrecisionAtRecall", {1, TargetKind::Values}).find("\"recall\" is missing") !=
        std::string::npos);
}

TEST_CASE("Precision and recall may count one class, or the k largest outputs", "[host][train]") {
  CHECK(result("Precision(class_id=2)", 3, one_hot, likely) ==
        result("Precision", 1, {1, 0, 0, 0}, {0.5F, 0.7F, 0.1F, 0.5F}));
  CHECK(result("Recall(class_id=0,thresholds=0.05)", 3, one_hot, likely) == Approx(1));
  // The two largest of each row: 2 1, 2 1, 0 1, 2 1.
  CHECK(result("Recall(top_k=2)", 3, one_hot, likely) == Approx(2.0 / 4));
  CHECK(result("Precision(top_k=2)", 3, one_hot, likely) == Approx(2.0 / 8));
  CHECK(result("Precision(top_k=1,thresholds=0.6)", 3, one_hot, likely) == 0);
  CHECK(result("Recall(top_k=2,class_id=1)", 3, one_hot, likely) == Approx(1));
  CHECK(result("Recall(top_k=2)", 3, {2, 0, 1, 0}, likely, {}, TargetKind::Label) == Approx(2.0 / 4));
  // Of equal outputs the first ones.
  CHECK(result("Recall(top_k=1)", 2, {1, 0, 0, 1}, {0.5F, 0.5F, 0.5F, 0.5F}) == Approx(0.5));
  CHECK(
      refusal("Precision(thresholds=[0.3,0.6])", {3, TargetKind::Values}) ==
      "KAIROS-M003: metric Precision: \"thresholds\" has a value that cannot be used; found [0.3,0.6], "
      "expected "
      "one number from 0 to 1, because a log is one number. Name the metric once for each threshold, such as "
      "Precision(thresholds=0.3,name=low).");
  CHECK(refusal("Recall(class_id=3)", {3, TargetKind::Values}).find("expected an integer from 0 to 2") !=
        std::string::npos);
  CHECK(refusal("Recall(top_k=2,average=macro)", {3, TargetKind::Values}).find("because class_id or top_k") !=
        std::string::npos);
}

TEST_CASE("FBetaScore weighs recall by beta", "[host][train]") {
  const Floats target{1, 1, 1, 1, 0, 0, 1, 1, 0};
  const Floats output{0.2F, 0.6F, 0.7F, 0.2F, 0.6F, 0.6F, 0.6F, 0.8F, 0};
  // Keras' example has 0.3846154, 0.90909094 and 0.8333334 for the classes.
  CHECK(result("FBetaScore(beta=2.0,threshold=0.5)", 3, target, output) ==
        Approx((0.3846154 + 0.90909094 + 0.8333334) / 3));
  CHECK(result("FBetaScore(beta=2.0,threshold=0.5,average=weighted)", 3, target, output) ==
        Approx((3 * 0.3846154 + 2 * 0.90909094 + 0.8333334) / 6));
  CHECK(result("F1Score(threshold=0.5)", 3, target, output) == Approx((0.5 + 0.8 + 2.0 / 3) / 3));
  CHECK(result("FBetaScore(average=micro)", 3, target, output) ==
        Approx(result("F1Score(average=micro)", 3, target, output)));
}

TEST_CASE("AUC has Keras' areas, thresholds and labels", "[host][train]") {
  const Floats target{0, 0, 1, 1}, output{0, 0.5F, 0.3F, 0.9F};
  CHECK(result("AUC(num_thresholds=3)", 1, target, output) == Approx(0.75));
  CHECK(result("AUC(thresholds=[0.5])", 1, target, output) == Approx(0.75));
  CHECK(result("AUC(num_thresholds=3)", 1, target, output, {1, 0, 0, 1}) == Approx(1));
  // Recalls 1, .5, 0 and false positive rates 1, 0, 0.
  CHECK(result("AUC(num_thresholds=3,summation_method=minoring)", 1, target, output) == Approx(0.5));
  CHECK(result("AUC(num_thresholds=3,summation_method=majoring)", 1, target, output) == Approx(1));
  // Precisions .5, 1, 0.
  CHECK(result("AUC(num_thresholds=3,curve=PR,summation_method=minoring)", 1, target, output) ==
        Approx(0.25));
  CHECK(result("AUC(num_thresholds=3,curve=PR,summation_method=majoring)", 1, target, output) == Approx(1));
  // Thresholds that are not evenly spaced: recalls 1, 1, .5, 0 and false positive rates 1, .5, .5, 0.
  CHECK(result("AUC(thresholds=[0.4,0.2])", 1, target, output) == Approx(0.625));

  const Floats both{0, 1, 0, 0, 1, 1, 1, 1}, of_both{0, 0.9F, 0.5F, 0.2F, 0.3F, 0.4F, 0.9F, 0.1F};
  const double first = result("AUC(num_thresholds=50)", 1, {0, 0, 1, 1}, {0, 0.5F, 0.3F, 0.9F});
  const double second = result("AUC(num_thresholds=50)", 1, {1, 0, 1, 1}, {0.9F, 0.2F, 0.4F, 0.1F});
  CHECK(result("AUC(num_thresholds=50,multi_label=true,num_labels=2)", 2, both, of_both) ==
        Approx((first + second) / 2));
  CHECK(result("AUC(num_thresholds=50,multi_label=true,label_weights=[1,3])", 2, both, of_both) ==
        Approx((first + 3 * second) / 4));
  CHECK(result("AUC(num_thresholds=50,label_weights=[1,0])", 2, both, of_both) == Approx(first));
  // A label without positives has the area 0 and counts.
  CHECK(result("AUC(multi_label=true)", 2, {1, 0, 0, 0}, {0.9F, 0.9F, 0.1F, 0.1F}) == Approx(0.5));
  CHECK(refusal("AUC(multi_label=true,num_labels=3)", {2, TargetKind::Values})
            .find("expected 2, the values of an output") != std::string::npos);
  CHECK(refusal("AUC(label_weights=[1])", {2, TargetKind::Values}).find("expected 2 numbers") !=
        std::string::npos);
}

TEST_CASE("A metric of whole batches is the mean of its batches, whatever their sizes", "[host][train]") {
  const Floats target{1, 1, 0}, output{0.9F, 1, 1};
  const auto of_batch = [&](std::int64_t first, std::int64_t n) {
    const NamedMetric metric = make_metric("dice", {1, TargetKind::Values});
    metric.metric->update({n, 1, 1, target.data() + first, output.data() + first, {}});
    return metric.metric->result();
  };
  CHECK(of_batch(0, 1) != Approx(of_batch(1, 2)));
  CHECK(result("dice", 1, target, output) == Approx((of_batch(0, 1) + of_batch(1, 2)) / 2));
}

TEST_CASE("Correlations are means over rows", "[host][train]") {
  const Floats target{0, 1, 0.5F, 1, 1, 0.2F}, output{0.1F, 0.9F, 0.5F, 1, 0.9F, 0.2F};
  CHECK(result("PearsonCorrelation", 3, target, output) == Approx(0.9966996338993913).epsilon(1e-6));
  CHECK(result("ConcordanceCorrelation", 3, target, output) == Approx(0.9816320385426076).epsilon(1e-6));
}

TEST_CASE("R2Score aggregates outputs by their spread, and adjusts for regressors", "[host][train]") {
  const Floats target{1, 0, 4, 10, 3, 20}, output{2, 1, 4, 12, 4, 19};
  const double first = result("R2Score", 1, {1, 4, 3}, {2, 4, 4}),
               second = result("R2Score", 1, {0, 10, 20}, {1, 12, 19});
  CHECK(first == Approx(0.57142854));
  const double spread_1 = 14.0 / 3, spread_2 = 200;
  CHECK(result("R2Score(class_aggregation=variance_weighted_average)", 2, target, output) ==
        Approx((spread_1 * first + spread_2 * second) / (spread_1 + spread_2)));
  CHECK(result("R2Score(num_regressors=1)", 1, {1, 4, 3}, {2, 4, 4}) == Approx(1 - (1 - first) * 2 / 1));
  CHECK(result("R2Score(num_regressors=2)", 1, {1, 4, 3}, {2, 4, 4}) == Approx(first));
  CHECK(refusal("R2Score(class_aggregation=None)", {2, TargetKind::Values})
            .find("because a log is one number") != std::string::npos);
}

TEST_CASE("Sums of these metrics on two ranks add up to those of one", "[host][train]") {
  for (const char* text :
       {"MeanIoU(num_classes=3,sparse_y_true=false,sparse_y_pred=false)", "TruePositives", "FalseNegatives",
        "PrecisionAtRecall(recall=0.5)", "Recall(top_k=2)", "Precision(class_id=1,thresholds=0.2)",
        "FBetaScore(beta=2)", "AUC(multi_label=true)", "AUC(thresholds=[0.2,0.3])", "PearsonCorrelation"}) {
    INFO(text);
    std::vector<NamedMetric> ranks;
    for (int i = 0; i < 2; ++i) ranks.push_back(make_metric(text, {3, TargetKind::Values}));
    ranks[0].metric->update({1, 1, 3, one_hot.data(), likely.data(), {}});
    ranks[1].metric->update({3, 1, 3, one_hot.data() + 3, likely.data() + 3, {}});
    std::vector<double> sums;
    ranks[0].metric->visit_sums(
        [&](std::span<double> some) { sums.insert(sums.end(), some.begin(), some.end()); });
    std::size_t next = 0;
    ranks[1].metric->visit_sums([&](std::span<double> some) {
      for (double& one : some) one += sums[next++];
    });
    CHECK(ranks[1].metric->result() == Approx(result(text, 3, one_hot, likely)));
  }
}
