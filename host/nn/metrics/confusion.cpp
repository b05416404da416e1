// SPDX-License-Identifier: MIT
// Metrics of hits and misses of a yes: each value of the output says yes above a threshold, each target that
// is not 0 is one. All values of all rows count alike.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "nn/metrics/metric_types.hpp"

namespace kairos::host {

namespace {

/// Calls `count(target, output, weight)` for each value of each row.
template <class Count>
void for_each_value(const MetricBatch& batch, Count count) {
  const float* target = batch.target;
  const float* output = batch.output;
  for (std::int64_t row = 0; row < batch.samples * batch.rows_per_sample; ++row) {
    const double weight = weight_of(batch, row);
    for (std::int64_t i = 0; i < batch.features; ++i) count(*target++, *output++, weight);
  }
}

double share(double part, double whole) {
  return whole == 0 ? 0.0 : part / whole;
}

/// Weighted counts.
struct Confusion {
  double true_positives = 0;
  double false_positives = 0;
  double false_negatives = 0;

  Confusion& operator+=(const Confusion& other) {
    true_positives += other.true_positives;
    false_positives += other.false_positives;
    false_negatives += other.false_negatives;
    return *this;
  }
};

double precision(const Confusion& c) {
  return share(c.true_positives, c.true_positives + c.false_positives);
}
double recall(const Confusion& c) {
  return share(c.true_positives, c.true_positives + c.false_negatives);
}
double f1(const Confusion& c) {
  return share(2 * c.true_positives, 2 * c.true_positives + c.false_positives + c.false_negatives);
}

template <double (*measure)(const Confusion&)>
class AtThreshold final : public Metric {
 public:
  explicit AtThreshold(float threshold) : threshold_(threshold) {}
  void reset() override { counts_ = {}; }
  void update(const MetricBatch& batch) override {
    for_each_value(batch, [this](float target, float output, double weight) {
      if (output > threshold_)
        (target != 0 ? counts_.true_positives : counts_.false_positives) += weight;
      else if (target != 0)
        counts_.false_negatives += weight;
    });
  }
  [[nodiscard]] double result() const override { return measure(counts_); }

 private:
  float threshold_;
  Confusion counts_;
};

template <double (*measure)(const Confusion&)>
std::unique_ptr<Metric> make_rate(ConfigReader& config, const MetricSite&) {
  config.unsupported("top_k", nullptr, "Remove it");
  config.unsupported("class_id", nullptr, "Remove it");
  return std::make_unique<AtThreshold<measure>>(static_cast<float>(config.number("thresholds", 0.5, {0, 1})));
}

enum class Average { Micro, Macro, Weighted };

/// Of each class by itself, and of these the mean, that weighted by how often each occurs, or for `Micro` all
/// counts as one. Keras can also leave them apart, for which a log has no room.
class F1Score final : public Metric {
 public:
  /// Without a threshold the largest value of a row says yes, as in Keras.
  F1Score(std::int64_t classes, Average average, std::optional<float> threshold)
      : classes_(static_cast<std::size_t>(classes)), average_(average), threshold_(threshold) {}

  void reset() override { std::fill(classes_.begin(), classes_.end(), Confusion{}); }

  void update(const MetricBatch& batch) override {
    constexpr float no_probability = 1e-9F;  // a row of zeros says nothing
    const float* target = batch.target;
    const float* output = batch.output;
    for (std::int64_t row = 0; row < batch.samples * batch.rows_per_sample; ++row) {
      const double weight = weight_of(batch, row);
      const float largest = *std::max_element(output, output + batch.features);
      for (Confusion& c : classes_) {
        const float value = *output++;
        const bool says_yes =
            threshold_ ? value > *threshold_ : value >= largest && std::abs(value) > no_probability;
        const bool is_yes = *target++ != 0;
        if (says_yes)
          (is_yes ? c.true_positives : c.false_positives) += weight;
        else if (is_yes)
          c.false_negatives += weight;
      }
    }
  }

  [[nodiscard]] double result() const override {
    Confusion all;
    double sum = 0, weighted = 0;
    for (const Confusion& c : classes_) {
      all += c;
      sum += f1(c);
      weighted += f1(c) * (c.true_positives + c.false_negatives);
    }
    if (average_ == Average::Micro) return f1(all);
    if (average_ == Average::Macro) return sum / static_cast<double>(classes_.size());
    return share(weighted, all.true_positives + all.false_negatives);
  }

 private:
  std::vector<Confusion> classes_;
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

/// The area under the curve through evenly spaced thresholds, as Keras counts it: an output that equals a
/// threshold is below it, and those outside 0 … 1 count as the bound.
class Auc final : public Metric {
 public:
  Auc(std::int64_t thresholds, Curve curve, OutputIs output_is)
      : bins_(static_cast<std::size_t>(thresholds)), curve_(curve), output_is_(output_is) {}

  void reset() override {
    std::fill(bins_.begin(), bins_.end(), Bin{});
    saw_nan_ = false;
  }

  void update(const MetricBatch& batch) override {
    for_each_value(batch, [this](float target, float output, double weight) {
      if (std::isnan(output)) {
        saw_nan_ = true;
        return;
      }
      Bin& bin = bins_[bin_of(output)];
      (target != 0 ? bin.positives : bin.negatives) += weight;
    });
  }

  [[nodiscard]] double result() const override {
    if (saw_nan_) return std::nan("");
    Bin all;
    for (const Bin& bin : bins_) all += bin;
    double area = 0;
    // From the highest threshold down: what is above one grows. The highest is above 1 and has nothing.
    Bin above;
    for (auto bin = bins_.rbegin(); bin != bins_.rend(); ++bin) {
      const Bin before = std::exchange(above, above + *bin);
      area += curve_ == Curve::Roc ? roc_step(before, above, all) : precision_recall_step(before, above, all);
    }
    return area;
  }

 private:
  struct Bin {
    double positives = 0;
    double negatives = 0;
    Bin& operator+=(const Bin& other) {
      positives += other.positives;
      negatives += other.negatives;
      return *this;
    }
    friend Bin operator+(Bin a, const Bin& b) { return a += b; }
  };

  /// The last threshold that the output is above.
  [[nodiscard]] std::size_t bin_of(float output) const {
    const float p =
        output_is_ == OutputIs::Logits ? 1 / (1 + std::exp(-output)) : std::clamp(output, 0.0F, 1.0F);
    const float bin = std::ceil(p * static_cast<float>(bins_.size() - 1)) - 1;
    return bin < 0 ? 0 : static_cast<std::size_t>(bin);
  }

  static double roc_step(const Bin& before, const Bin& after, const Bin& all) {
    const double width = share(after.negatives - before.negatives, all.negatives);
    return width * (share(before.positives, all.positives) + share(after.positives, all.positives)) / 2;
  }

  /// The number of true positives, not the precision, is what lies on a line between two thresholds.
  static double precision_recall_step(const Bin& before, const Bin& after, const Bin& all) {
    const double said_before = before.positives + before.negatives;
    const double said_after = after.positives + after.negatives;
    const double gained = after.positives - before.positives;
    const double slope = share(gained, said_after - said_before);
    const double intercept = before.positives - slope * said_before;
    const double ratio = said_after > 0 && said_before > 0 ? said_after / said_before : 1.0;
    return share(slope * (gained + intercept * std::log(ratio)), all.positives);
  }

  std::vector<Bin> bins_;
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
