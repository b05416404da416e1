// SPDX-License-Identifier: MIT
// Precision, recall, F1 and AUC. An output above the threshold says yes, a target other than 0 is a yes.
// Class labels as targets, which Keras does not accept here, count as the one-hot rows that they stand for.
#include <fmt/format.h>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compute/elementwise.hpp"
#include "compute/kernels/kernels.hpp"
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

  void visit_sums(const SumVisitor& visit) {
    for (double* const one : {&said, &actual, &hits}) visit({one, 1});
  }
};

double precision(const Counts& counts) {
  return share(counts.hits, counts.said);
}
double recall(const Counts& counts) {
  return share(counts.hits, counts.actual);
}
double f1(const Counts& counts) {
  return share(2 * counts.hits, counts.said + counts.actual);
}

/// The values of all rows count alike, as in Keras.
template <double (*measure)(const Counts&)>
class AtThreshold final : public Metric {
 public:
  explicit AtThreshold(float threshold) : threshold_(threshold) {}
  void reset() override { counts_ = {}; }
  void visit_sums(const SumVisitor& visit) override { counts_.visit_sums(visit); }
  void update(const MetricBatch& batch) override {
    for_each_run(batch, [&](std::int64_t n, const float* target, const float* output, double weight) {
      const Decisions found = kernels().count_decisions(n, threshold_, target, output);
      counts_.said += weight * static_cast<double>(found.said);
      counts_.actual += weight * static_cast<double>(found.actual);
      counts_.hits += weight * static_cast<double>(found.hits);
    });
  }
  [[nodiscard]] double result() const override { return measure(counts_); }

 private:
  float threshold_;
  Counts counts_;
};

/// How the scores of the classes, each against all others, become one. Micro: the score of the counts of all
/// classes together. Macro and weighted: the mean of the classes' scores, plain or weighted by how often each
/// class occurs. Keras' average=None, a score per class, does not fit a log.
enum class Average { Micro, Macro, Weighted };

std::optional<Average> average_of(ConfigReader& config) {
  constexpr std::pair<const char*, Average> averages[] = {
      {"micro", Average::Micro}, {"macro", Average::Macro}, {"weighted", Average::Weighted}};
  const std::string name = config.text("average", "");
  if (name.empty()) return std::nullopt;
  const auto* const average = std::find_if(std::begin(averages), std::end(averages),
                                           [&](const auto& known) { return name == known.first; });
  if (average == std::end(averages)) config.bad_value("average", "micro, macro or weighted");
  return average->second;
}

/// Whether a row's target is this class.
bool is_class(const MetricSite& site, const float* target, std::int64_t index) {
  return site.target_kind == TargetKind::Label ? target[0] == static_cast<float>(index) : target[index] != 0;
}

std::int64_t target_size(const MetricSite& site) {
  return site.target_kind == TargetKind::Label ? 1 : site.features;
}

template <double (*measure)(const Counts&)>
class ByClass final : public Metric {
 public:
  /// Without a threshold the largest value of a row is the yes, as in Keras' F1Score.
  ByClass(const MetricSite& site, Average average, std::optional<float> threshold)
      : site_(site),
        classes_(static_cast<std::size_t>(site.features)),
        average_(average),
        threshold_(threshold) {}

  void reset() override { std::fill(classes_.begin(), classes_.end(), Counts{}); }
  void visit_sums(const SumVisitor& visit) override {
    for (Counts& one : classes_) one.visit_sums(visit);
  }

  void update(const MetricBatch& batch) override {
    constexpr float no_probability = 1e-9F;  // a row of zeros says no to every class
    for_each_row(batch, target_size(site_), [&](const float* target, const float* output, double weight) {
      const Row values(output, batch.features);
      const float largest = threshold_ ? 0 : values.maxCoeff<Eigen::PropagateNaN>();
      for (Eigen::Index i = 0; i < values.size(); ++i) {
        const bool says_yes = threshold_ ? values(i) > *threshold_
                                         : values(i) >= largest && std::abs(values(i)) > no_probability;
        const double actual = is_class(site_, target, i) ? weight : 0;
        Counts& counts = classes_[static_cast<std::size_t>(i)];
        counts.actual += actual;
        if (!says_yes) continue;
        counts.said += weight;
        counts.hits += actual;
      }
    });
  }

  [[nodiscard]] double result() const override {
    Counts all;
    double sum = 0, whole = 0;
    for (const Counts& one : classes_) {
      all.said += one.said;
      all.actual += one.actual;
      all.hits += one.hits;
      const double weight = average_ == Average::Macro ? 1 : one.actual;
      sum += weight * measure(one);
      whole += weight;
    }
    return average_ == Average::Micro ? measure(all) : share(sum, whole);
  }

 private:
  MetricSite site_;
  std::vector<Counts> classes_;
  Average average_;
  std::optional<float> threshold_;
};

template <double (*measure)(const Counts&)>
std::unique_ptr<Metric> make_by_class(const MetricSite& site, std::optional<Average> average,
                                      std::optional<double> threshold) {
  // The only value of a row is always the largest.
  if (!threshold && site.features == 1) threshold = 0.5;
  return std::make_unique<ByClass<measure>>(
      site, average.value_or(Average::Macro),
      threshold ? std::optional<float>(static_cast<float>(*threshold)) : std::nullopt);
}

template <double (*measure)(const Counts&)>
std::unique_ptr<Metric> make_rate(ConfigReader& config, const MetricSite& site) {
  config.unsupported("top_k", nullptr, "Remove it");
  config.unsupported("class_id", nullptr, "Remove it");
  const std::optional<double> threshold = config.optional_number("thresholds", {0, 1});
  const std::optional<Average> average = average_of(config);
  if (average || site.target_kind == TargetKind::Label)
    return make_by_class<measure>(site, average, threshold);
  return std::make_unique<AtThreshold<measure>>(static_cast<float>(threshold.value_or(0.5)));
}

std::unique_ptr<Metric> make_f1(ConfigReader& config, const MetricSite& site) {
  const std::optional<Average> average = average_of(config);
  return make_by_class<f1>(site, average, config.optional_number("threshold", {0, 1}));
}

enum class Curve { Roc, PrecisionRecall };
enum class OutputIs { Probabilities, Logits };

/// Weights by the last threshold that an output is above.
struct Bins {
  explicit Bins(std::int64_t thresholds)
      : positives(ArrayXd::Zero(thresholds)), negatives(ArrayXd::Zero(thresholds)) {}
  ArrayXd positives, negatives;
};

/// The area under the curve through evenly spaced thresholds, as Keras computes it: an output that equals a
/// threshold is below it, and outputs outside 0 … 1 count as the bound.
class Auc final : public Metric {
 public:
  Auc(const MetricSite& site, std::int64_t thresholds, Average average, Curve curve, OutputIs output_is)
      : site_(site),
        bins_(average == Average::Micro ? 1 : static_cast<std::size_t>(site.features), Bins(thresholds)),
        average_(average),
        curve_(curve),
        output_is_(output_is) {}

  void reset() override {
    for (Bins& one : bins_) {
      one.positives.setZero();
      one.negatives.setZero();
    }
    saw_nan_ = false;
  }

  void visit_sums(const SumVisitor& visit) override {
    for (Bins& one : bins_)
      for (ArrayXd* const bins : {&one.positives, &one.negatives})
        visit({bins->data(), static_cast<std::size_t>(bins->size())});
    double saw_nan = saw_nan_ ? 1 : 0;
    visit({&saw_nan, 1});
    saw_nan_ = saw_nan != 0;
  }

  void update(const MetricBatch& batch) override {
    const bool is_micro = average_ == Average::Micro;
    const auto add = [&](std::int64_t size, const float* target, const float* output, double weight) {
      std::array<std::int32_t, 256> bins;
      for (std::int64_t first = 0; first < size; first += std::ssize(bins)) {
        const std::int64_t n = std::min<std::int64_t>(size - first, std::ssize(bins));
        find_bins(n, output + first, bins.data());
        for (std::int64_t i = 0; i < n; ++i) {
          const std::int32_t bin = bins[static_cast<std::size_t>(i)];
          if (bin < 0) {
            saw_nan_ = true;
            continue;
          }
          Bins& of_class = bins_[is_micro ? 0 : static_cast<std::size_t>(first + i)];
          (is_class(site_, target, first + i) ? of_class.positives : of_class.negatives)(bin) += weight;
        }
      }
    };
    if (is_micro && site_.target_kind == TargetKind::Values) return for_each_run(batch, add);
    for_each_row(batch, target_size(site_), [&](const float* target, const float* output, double weight) {
      add(batch.features, target, output, weight);
    });
  }

  /// Macro and weighted: the mean over the classes that have an area. One that no row or every row belongs to
  /// has none.
  [[nodiscard]] double result() const override {
    if (saw_nan_) return std::nan("");
    if (average_ == Average::Micro) return area(bins_.front());
    double sum = 0, whole = 0;
    for (const Bins& one : bins_) {
      const double positives = one.positives.sum();
      if (positives == 0 || one.negatives.sum() == 0) continue;
      const double weight = average_ == Average::Macro ? 1 : positives;
      sum += weight * area(one);
      whole += weight;
    }
    return share(sum, whole);
  }

 private:
  /// The last thresholds that the outputs are above.
  void find_bins(std::int64_t n, const float* output, std::int32_t* bins) const {
    std::array<float, 256> probabilities;
    if (output_is_ == OutputIs::Logits) {
      PointwiseFunction{Function::Sigmoid}.value(n, output, probabilities.data());
      output = probabilities.data();
    }
    kernels().bins(n, static_cast<std::int32_t>(bins_.front().positives.size()), output, bins);
  }

  [[nodiscard]] double area(const Bins& bins) const {
    const ArrayXd hits = above_each(bins.positives), misses = above_each(bins.negatives);
    return curve_ == Curve::Roc ? roc_area(hits, misses) : precision_recall_area(hits, misses);
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

  MetricSite site_;
  std::vector<Bins> bins_;  ///< of each class; Average::Micro: of all together
  Average average_;
  Curve curve_;
  OutputIs output_is_;
  bool saw_nan_ = false;
};

std::unique_ptr<Metric> make_auc(ConfigReader& config, const MetricSite& site) {
  constexpr std::int64_t most_bins = 10'000'000;
  const Average of_targets = site.target_kind == TargetKind::Label ? Average::Macro : Average::Micro;
  const Average average = average_of(config).value_or(of_targets);
  const std::int64_t thresholds = config.optional_integer("num_thresholds", {2, 1e6}).value_or(200);
  if (average != Average::Micro && thresholds > most_bins / site.features)
    config.bad_value("num_thresholds", fmt::format("no more than {} for {} classes (default 200)",
                                                   most_bins / site.features, site.features));
  const std::string curve = config.text("curve", "ROC");
  if (curve != "ROC" && curve != "PR") config.bad_value("curve", "ROC or PR");
  config.unsupported("summation_method", "interpolation", "Remove it");
  config.unsupported("multi_label", false, "Remove it");
  config.unsupported("num_labels", nullptr, "Remove it");
  config.unsupported("label_weights", nullptr, "Remove it");
  config.unsupported("thresholds", nullptr, "Give num_thresholds");
  const OutputIs output_is =
      config.boolean("from_logits", false) ? OutputIs::Logits : OutputIs::Probabilities;
  return std::make_unique<Auc>(site, thresholds, average,
                               curve == "ROC" ? Curve::Roc : Curve::PrecisionRecall, output_is);
}

}  // namespace

std::vector<MetricType> confusion_metrics() {
  constexpr Direction up = Direction::Max;
  constexpr std::nullopt_t any = std::nullopt;
  return {
      {{"precision", "Precision"}, up, any, 1, make_rate<precision>},
      {{"recall", "Recall"}, up, any, 1, make_rate<recall>},
      {{"f1_score", "F1Score"}, up, any, 1, make_f1, R"({"average": "macro"})"},
      {{"auc", "AUC"}, up, any, 1, make_auc},
  };
}

}  // namespace kairos::host
