// SPDX-License-Identifier: MIT
// Precision, recall, F1 and AUC. An output above the threshold says yes, a target other than 0 is a yes; the
// values of all rows count alike.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "nn/metrics/metric_types.hpp"

namespace kairos::host {

namespace {

using Eigen::ArrayXd;
using Row = Eigen::Map<const Eigen::ArrayXf>;

double share(double part, double whole) {
  return whole == 0 ? 0.0 : part / whole;
}

/// Weighted counts of the outputs that say yes, of the targets that are a yes, and of those where both are.
struct Counts {
  double said = 0, actual = 0, hits = 0;
};

double precision(const Counts& counts) {
  return share(counts.hits, counts.said);
}
double recall(const Counts& counts) {
  return share(counts.hits, counts.actual);
}

template <double (*measure)(const Counts&)>
class AtThreshold final : public Metric {
 public:
  explicit AtThreshold(float threshold) : threshold_(threshold) {}
  void reset() override { counts_ = {}; }
  void update(const MetricBatch& batch) override {
    const std::int64_t n = batch.features;
    for_each_row(batch, n, [&](const float* target, const float* output, double weight) {
      const auto said = Row(output, n) > threshold_;
      const auto actual = Row(target, n) != 0;
      counts_.said += weight * static_cast<double>(said.count());
      counts_.actual += weight * static_cast<double>(actual.count());
      counts_.hits += weight * static_cast<double>((said && actual).count());
    });
  }
  [[nodiscard]] double result() const override { return measure(counts_); }

 private:
  float threshold_;
  Counts counts_;
};

template <double (*measure)(const Counts&)>
std::unique_ptr<Metric> make_rate(ConfigReader& config, const MetricSite&) {
  config.unsupported("top_k", nullptr, "Remove it");
  config.unsupported("class_id", nullptr, "Remove it");
  return std::make_unique<AtThreshold<measure>>(static_cast<float>(config.number("thresholds", 0.5, {0, 1})));
}

enum class Average { Micro, Macro, Weighted };

/// Micro: the score of the counts of all classes together. Macro and weighted: the mean of the classes'
/// scores, plain or weighted by how often each class occurs. Keras' average=None, a score per class, does not
/// fit a log.
class F1Score final : public Metric {
 public:
  /// Without a threshold the largest value of a row is the yes, as in Keras.
  F1Score(std::int64_t classes, Average average, std::optional<float> threshold)
      : said_(classes), actual_(classes), hits_(classes), average_(average), threshold_(threshold) {
    F1Score::reset();
  }

  void reset() override {
    said_.setZero();
    actual_.setZero();
    hits_.setZero();
  }

  void update(const MetricBatch& batch) override {
    constexpr float no_probability = 1e-9F;  // a row of zeros says no to every class
    for_each_row(batch, batch.features, [&](const float* target, const float* output, double weight) {
      const Row values(output, batch.features);
      const float largest = threshold_ ? 0 : values.maxCoeff<Eigen::PropagateNaN>();
      for (Eigen::Index i = 0; i < values.size(); ++i) {
        const bool says_yes = threshold_ ? values(i) > *threshold_
                                         : values(i) >= largest && std::abs(values(i)) > no_probability;
        const double said = says_yes ? weight : 0, actual = target[i] != 0 ? weight : 0;
        said_(i) += said;
        actual_(i) += actual;
        if (says_yes) hits_(i) += actual;
      }
    });
  }

  [[nodiscard]] double result() const override {
    if (average_ == Average::Micro) return share(2 * hits_.sum(), said_.sum() + actual_.sum());
    const ArrayXd scores = (said_ + actual_ > 0).select(2 * hits_ / (said_ + actual_), 0.0);
    return average_ == Average::Macro ? scores.mean() : share((scores * actual_).sum(), actual_.sum());
  }

 private:
  ArrayXd said_, actual_, hits_;  ///< weighted counts of each class
  Average average_;
  std::optional<float> threshold_;
};

std::unique_ptr<Metric> make_f1(ConfigReader& config, const MetricSite& site) {
  constexpr std::pair<const char*, Average> averages[] = {
      {"micro", Average::Micro}, {"macro", Average::Macro}, {"weighted", Average::Weighted}};
  const std::string name = config.text("average", "macro");
  const auto* const average = std::find_if(std::begin(averages), std::end(averages),
                                           [&](const auto& known) { return name == known.first; });
  if (average == std::end(averages)) config.bad_value("average", "micro, macro or weighted");
  std::optional<double> threshold = config.optional_number("threshold", {0, 1});
  // The only value of a row is always the largest.
  if (!threshold && site.features == 1) threshold = 0.5;
  return std::make_unique<F1Score>(
      site.features, average->second,
      threshold ? std::optional<float>(static_cast<float>(*threshold)) : std::nullopt);
}

enum class Curve { Roc, PrecisionRecall };
enum class OutputIs { Probabilities, Logits };

/// The area under the curve through evenly spaced thresholds, as Keras computes it: an output that equals a
/// threshold is below it, and outputs outside 0 … 1 count as the bound.
class Auc final : public Metric {
 public:
  Auc(std::int64_t thresholds, Curve curve, OutputIs output_is)
      : positives_(thresholds), negatives_(thresholds), curve_(curve), output_is_(output_is) {
    Auc::reset();
  }

  void reset() override {
    positives_.setZero();
    negatives_.setZero();
    saw_nan_ = false;
  }

  void update(const MetricBatch& batch) override {
    for_each_row(batch, batch.features, [&](const float* target, const float* output, double weight) {
      for (std::int64_t i = 0; i < batch.features; ++i)
        if (std::isnan(output[i]))
          saw_nan_ = true;
        else
          (target[i] != 0 ? positives_ : negatives_)(bin_of(output[i])) += weight;
    });
  }

  [[nodiscard]] double result() const override {
    if (saw_nan_) return std::nan("");
    const ArrayXd hits = above_each(positives_), misses = above_each(negatives_);
    return curve_ == Curve::Roc ? roc_area(hits, misses) : precision_recall_area(hits, misses);
  }

 private:
  /// The last threshold that the output is above.
  [[nodiscard]] Eigen::Index bin_of(float output) const {
    const float p =
        output_is_ == OutputIs::Logits ? 1 / (1 + std::exp(-output)) : std::clamp(output, 0.0F, 1.0F);
    const float bin = std::ceil(p * static_cast<float>(positives_.size() - 1)) - 1;
    return bin < 0 ? 0 : static_cast<Eigen::Index>(bin);
  }

  /// The weight above each threshold, from the highest threshold, which has nothing above it, to the lowest.
  static ArrayXd above_each(const ArrayXd& bins) {
    ArrayXd above(bins.size() + 1);
    above << 0, bins.reverse();
    std::partial_sum(above.begin(), above.end(), above.begin());
    return above;
  }

  static double roc_area(const ArrayXd& hits, const ArrayXd& misses) {
    const Eigen::Index n = hits.size() - 1;
    const double area = ((misses.tail(n) - misses.head(n)) * (hits.tail(n) + hits.head(n))).sum() / 2;
    return share(area, hits(n) * misses(n));
  }

  /// Between two thresholds the number of true positives is interpolated, not the precision.
  static double precision_recall_area(const ArrayXd& hits, const ArrayXd& misses) {
    const Eigen::Index n = hits.size() - 1;
    const ArrayXd yes = hits + misses;
    const auto before = yes.head(n), after = yes.tail(n);
    const ArrayXd gained = hits.tail(n) - hits.head(n);
    const ArrayXd slope = (after > before).select(gained / (after - before), 0.0);
    const ArrayXd intercept = hits.head(n) - slope * before;
    const ArrayXd log_ratio = (before > 0).select((after / before).log(), 0.0);
    return share((slope * (gained + intercept * log_ratio)).sum(), hits(n));
  }

  ArrayXd positives_, negatives_;  ///< by the last threshold that they are above
  Curve curve_;
  OutputIs output_is_;
  bool saw_nan_ = false;
};

std::unique_ptr<Metric> make_auc(ConfigReader& config, const MetricSite&) {
  const std::int64_t thresholds = config.optional_integer("num_thresholds", {2, 1e6}).value_or(200);
  const std::string curve = config.text("curve", "ROC");
  if (curve != "ROC" && curve != "PR") config.bad_value("curve", "ROC or PR");
  config.unsupported("summation_method", "interpolation", "Remove it");
  config.unsupported("multi_label", false, "Remove it");
  config.unsupported("num_labels", nullptr, "Remove it");
  config.unsupported("label_weights", nullptr, "Remove it");
  config.unsupported("thresholds", nullptr, "Give num_thresholds");
  const OutputIs output_is =
      config.boolean("from_logits", false) ? OutputIs::Logits : OutputIs::Probabilities;
  return std::make_unique<Auc>(thresholds, curve == "ROC" ? Curve::Roc : Curve::PrecisionRecall, output_is);
}

}  // namespace

std::vector<MetricType> confusion_metrics() {
  constexpr Direction up = Direction::Max;
  constexpr TargetKind values = TargetKind::Values;
  return {
      {{"precision", "Precision"}, up, values, 1, make_rate<precision>},
      {{"recall", "Recall"}, up, values, 1, make_rate<recall>},
      {{"f1_score", "F1Score"}, up, values, 1, make_f1, R"({"average": "macro"})"},
      {{"auc", "AUC"}, up, values, 1, make_auc},
  };
}

}  // namespace kairos::host
