// SPDX-License-Identifier: MIT
// The area under the curve of true against false positives, or of precision against recall.
#include <fmt/format.h>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "compute/elementwise.hpp"
#include "compute/kernels/kernels.hpp"
#include "nn/metrics/confusion.hpp"

namespace kairos::host {

namespace {

using Eigen::ArrayXd;

enum class Curve { Roc, PrecisionRecall };
enum class OutputIs { Probabilities, Logits };
/// The height of a strip between two points of the curve; between two points of precision and recall, the
/// number of true positives is interpolated.
enum class Summation { Interpolation, Minoring, Majoring };

struct AucOptions {
  std::int64_t count = 200;       ///< of thresholds
  std::vector<float> thresholds;  ///< those between 0 and 1, sorted; empty: evenly spaced
  Average average;
  bool by_label = false;              ///< Keras' multi_label: the mean over all labels
  std::vector<double> label_weights;  ///< one per value of a row, or empty
  Curve curve;
  Summation summation;
  OutputIs output_is;
};

/// Weights by the last threshold that an output is above.
struct Bins {
  explicit Bins(std::int64_t thresholds)
      : positives(ArrayXd::Zero(thresholds)), negatives(ArrayXd::Zero(thresholds)) {}
  ArrayXd positives, negatives;
};

/// The area under the curve through points at thresholds, as Keras computes it: an output that equals a
/// threshold is below it, and outputs outside 0 … 1 count as the bound.
class Auc final : public Metric {
 public:
  Auc(const MetricSite& site, AucOptions options)
      : site_(site),
        options_(std::move(options)),
        by_class_(options_.by_label || options_.average != Average::Micro),
        bins_(by_class_ ? static_cast<std::size_t>(site.features) : 1, Bins(options_.count)) {}

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
          Bins& of_class = bins_[by_class_ ? static_cast<std::size_t>(first + i) : 0];
          (is_class(site_, target, first + i) ? of_class.positives : of_class.negatives)(bin) +=
              weight * weight_of_value(first + i);
        }
      }
    };
    if (!by_class_ && options_.label_weights.empty() && site_.target_kind == TargetKind::Values)
      return for_each_run(batch, add);
    for_each_row(batch, target_size(site_), [&](const float* target, const float* output, double weight) {
      add(batch.features, target, output, weight);
    });
  }

  /// Macro and weighted: the mean over the classes that have an area. One that no row or every row belongs to
  /// has none. Keras' multi_label counts its area as 0.
  [[nodiscard]] double result() const override {
    if (saw_nan_) return std::nan("");
    if (!by_class_) return area(bins_.front());
    double sum = 0, whole = 0;
    for (std::size_t i = 0; i < bins_.size(); ++i) {
      const double positives = bins_[i].positives.sum();
      const bool has_area = positives != 0 && bins_[i].negatives.sum() != 0;
      if (!options_.by_label && !has_area) continue;
      const double weight = options_.by_label
                                ? (options_.label_weights.empty() ? 1 : options_.label_weights[i])
                            : options_.average == Average::Macro ? 1
                                                                 : positives;
      sum += weight * area(bins_[i]);
      whole += weight;
    }
    return share(sum, whole);
  }

 private:
  [[nodiscard]] double weight_of_value(std::int64_t index) const {
    return by_class_ || options_.label_weights.empty()
               ? 1
               : options_.label_weights[static_cast<std::size_t>(index)];
  }

  /// The last thresholds that the outputs are above; -1 for NaN.
  void find_bins(std::int64_t n, const float* output, std::int32_t* bins) const {
    std::array<float, 256> probabilities;
    if (options_.output_is == OutputIs::Logits) {
      PointwiseFunction{Function::Sigmoid}.value(n, output, probabilities.data());
      output = probabilities.data();
    }
    const std::vector<float>& thresholds = options_.thresholds;
    if (thresholds.empty()) return kernels().bins(n, static_cast<std::int32_t>(options_.count), output, bins);
    for (std::int64_t i = 0; i < n; ++i)
      bins[i] =
          std::isnan(output[i])
              ? -1
              : static_cast<std::int32_t>(std::lower_bound(thresholds.begin(), thresholds.end(), output[i]) -
                                          thresholds.begin());
  }

  [[nodiscard]] double area(const Bins& bins) const {
    const ArrayXd hits = above_each(bins.positives), misses = above_each(bins.negatives);
    const bool is_roc = options_.curve == Curve::Roc;
    if (options_.summation == Summation::Interpolation)
      return is_roc ? roc_area(hits, misses) : precision_recall_area(hits, misses);
    const Eigen::Index n = hits.size() - 1;
    const ArrayXd said = hits + misses;
    const ArrayXd recall = hits * share(1, hits(n));
    const ArrayXd x = is_roc ? ArrayXd(misses * share(1, misses(n))) : recall;
    const ArrayXd y = is_roc ? recall : ArrayXd((said > 0).select(hits / said, 0.0));
    const auto before = y.head(n), after = y.tail(n);
    const ArrayXd heights =
        options_.summation == Summation::Minoring ? ArrayXd(before.min(after)) : ArrayXd(before.max(after));
    return ((x.tail(n) - x.head(n)) * heights).sum();
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
  AucOptions options_;
  bool by_class_;
  std::vector<Bins> bins_;  ///< of each class, or one of all together
  bool saw_nan_ = false;
};

/// A list of numbers from 0, at most `most`; empty if the key is absent.
std::vector<double> read_numbers(ConfigReader& config, const char* key, double most,
                                 const std::string& expected) {
  std::vector<double> numbers;
  const nlohmann::json* list = config.take(key);
  if (list == nullptr) return numbers;
  if (!list->is_array() || list->empty()) config.bad_value(key, expected);
  for (const nlohmann::json& one : *list) {
    if (!one.is_number() || !(one.get<double>() >= 0 && one.get<double>() <= most))
      config.bad_value(key, expected);
    numbers.push_back(one.get<double>());
  }
  return numbers;
}

template <typename Choice, std::size_t count>
Choice read_choice(ConfigReader& config, const char* key,
                   const std::pair<const char*, Choice> (&choices)[count], const std::string& expected) {
  const std::string name = config.text(key, choices[0].first);
  for (const auto& [text, choice] : choices)
    if (name == text) return choice;
  config.bad_value(key, expected);
}

void read_thresholds(ConfigReader& config, AucOptions& options) {
  options.count = config.optional_integer("num_thresholds", {2, 1e6}).value_or(options.count);
  for (const double one : read_numbers(config, "thresholds", 1, "a list of numbers from 0 to 1"))
    options.thresholds.push_back(static_cast<float>(one));
  if (options.thresholds.empty()) return;
  std::sort(options.thresholds.begin(), options.thresholds.end());
  options.count = std::ssize(options.thresholds) + 2;  // one below 0 and one above 1
}

void read_labels(ConfigReader& config, const MetricSite& site, AucOptions& options) {
  options.by_label = config.boolean("multi_label", false);
  const std::optional<std::int64_t> labels = config.optional_integer("num_labels", {1, 1e9});
  if (labels && !options.by_label) config.bad_value("num_labels", "null, because multi_label is not set");
  if (labels && *labels != site.features)
    config.bad_value("num_labels", fmt::format("{}, the values of an output", site.features));
  if (options.by_label && site.shape.size() > 1)
    config.bad_value("multi_label", "false, because a sample has more than one row of labels");
  options.label_weights = read_numbers(config, "label_weights", 3e38, "a list of numbers from 0");
  if (!options.label_weights.empty() && std::ssize(options.label_weights) != site.features)
    config.bad_value("label_weights", fmt::format("{} numbers, one per value of an output", site.features));
}

std::unique_ptr<Metric> make_auc(ConfigReader& config, const MetricSite& site) {
  constexpr std::int64_t most_bins = 10'000'000;
  AucOptions options{};
  const std::optional<Average> average = average_of(config);
  options.average = average.value_or(site.target_kind == TargetKind::Label ? Average::Macro : Average::Micro);
  read_thresholds(config, options);
  read_labels(config, site, options);
  if (options.by_label && average) config.bad_value("average", "null, because multi_label is set");
  if ((options.by_label || options.average != Average::Micro) && options.count > most_bins / site.features)
    config.bad_value("num_thresholds", fmt::format("no more than {} for {} classes (default 200)",
                                                   most_bins / site.features, site.features));
  constexpr std::pair<const char*, Curve> curves[] = {{"ROC", Curve::Roc},
                                                      {"roc", Curve::Roc},
                                                      {"PR", Curve::PrecisionRecall},
                                                      {"pr", Curve::PrecisionRecall}};
  options.curve = read_choice(config, "curve", curves, "ROC or PR");
  constexpr std::pair<const char*, Summation> summations[] = {{"interpolation", Summation::Interpolation},
                                                              {"minoring", Summation::Minoring},
                                                              {"majoring", Summation::Majoring}};
  options.summation =
      read_choice(config, "summation_method", summations, "interpolation, minoring or majoring");
  options.output_is = config.boolean("from_logits", false) ? OutputIs::Logits : OutputIs::Probabilities;
  return std::make_unique<Auc>(site, std::move(options));
}

}  // namespace

std::vector<MetricType> auc_metrics() {
  return {{{"auc", "AUC"}, Direction::Max, std::nullopt, 1, make_auc}};
}

}  // namespace kairos::host
