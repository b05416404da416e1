// SPDX-License-Identifier: MIT
// Precision, recall and F scores. An output above the threshold says yes, a target other than 0 is a yes.
// Class labels as targets, which Keras does not accept here, count as the one-hot rows that they stand for.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "compute/kernels/kernels.hpp"
#include "nn/metrics/confusion.hpp"

namespace kairos::host {

namespace {

using Row = Eigen::Map<const Eigen::ArrayXf>;

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
/// Without Keras' epsilons of 1e-7. `square` is that of beta.
double f_beta(const Counts& counts, double square) {
  return share((1 + square) * counts.hits, counts.said + square * counts.actual);
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

/// As in Keras, the threshold is not compared with the outputs that are not among the k largest.
class Selected final : public Metric {
 public:
  struct Choice {
    std::optional<std::int64_t> class_id;  ///< the only class that counts
    std::optional<std::int64_t> top_k;     ///< how many outputs of a row may say yes
    float threshold;
  };
  using Measure = double (*)(const Counts&);

  Selected(const MetricSite& site, Choice choice, Measure measure)
      : site_(site),
        choice_(choice),
        measure_(measure),
        order_(static_cast<std::size_t>(site.features)),
        is_top_(static_cast<std::size_t>(site.features), true) {}

  void reset() override { counts_ = {}; }
  void visit_sums(const SumVisitor& visit) override { counts_.visit_sums(visit); }

  void update(const MetricBatch& batch) override {
    const std::int64_t first = choice_.class_id.value_or(0);
    const std::int64_t end = choice_.class_id ? first + 1 : batch.features;
    for_each_row(batch, target_size(site_), [&](const float* target, const float* output, double weight) {
      if (choice_.top_k) find_top(output, *choice_.top_k);
      for (std::int64_t i = first; i < end; ++i) {
        const double actual = is_class(site_, target, i) ? weight : 0;
        counts_.actual += actual;
        if (!(output[i] > choice_.threshold) || !is_top_[static_cast<std::size_t>(i)]) continue;
        counts_.said += weight;
        counts_.hits += actual;
      }
    });
  }

  [[nodiscard]] double result() const override { return measure_(counts_); }

 private:
  /// Of equal outputs the first ones are taken.
  void find_top(const float* output, std::int64_t k) {
    const auto number = [=](std::int64_t i) {
      return std::isnan(output[i]) ? -std::numeric_limits<float>::infinity() : output[i];
    };
    std::iota(order_.begin(), order_.end(), 0);
    std::nth_element(order_.begin(), order_.begin() + (k - 1), order_.end(),
                     [&](std::int64_t a, std::int64_t b) {
                       return number(a) != number(b) ? number(a) > number(b) : a < b;
                     });
    std::fill(is_top_.begin(), is_top_.end(), false);
    for (auto one = order_.begin(); one != order_.begin() + k; ++one)
      is_top_[static_cast<std::size_t>(*one)] = true;
  }

  MetricSite site_;
  Choice choice_;
  Measure measure_;
  Counts counts_;
  std::vector<std::int64_t> order_;
  std::vector<bool> is_top_;
};

class ByClass final : public Metric {
 public:
  using Measure = std::function<double(const Counts&)>;

  /// Without a threshold the largest value of a row is the yes, as in Keras' F1Score.
  ByClass(const MetricSite& site, Measure measure, Average average, std::optional<float> threshold)
      : site_(site),
        measure_(std::move(measure)),
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
      sum += weight * measure_(one);
      whole += weight;
    }
    return average_ == Average::Micro ? measure_(all) : share(sum, whole);
  }

 private:
  MetricSite site_;
  Measure measure_;
  std::vector<Counts> classes_;
  Average average_;
  std::optional<float> threshold_;
};

std::unique_ptr<Metric> make_by_class(const MetricSite& site, ByClass::Measure measure,
                                      std::optional<Average> average, std::optional<float> threshold) {
  // The only value of a row is always the largest.
  if (!threshold && site.features == 1) threshold = 0.5F;
  return std::make_unique<ByClass>(site, std::move(measure), average.value_or(Average::Macro), threshold);
}

template <double (*measure)(const Counts&)>
std::unique_ptr<Metric> make_rate(ConfigReader& config, const MetricSite& site) {
  constexpr float any_output = -1e10F;  // Keras' threshold of the k largest
  const std::optional<float> threshold = threshold_of(config, "thresholds");
  const std::optional<Average> average = average_of(config);
  const std::optional<std::int64_t> class_id = class_of(config, site);
  const std::optional<std::int64_t> top_k =
      config.optional_integer("top_k", {1, static_cast<double>(site.features)});
  if (class_id || top_k) {
    if (average) config.bad_value("average", "null, because class_id or top_k is given");
    return std::make_unique<Selected>(
        site, Selected::Choice{class_id, top_k, threshold.value_or(top_k ? any_output : 0.5F)}, measure);
  }
  if (average || site.target_kind == TargetKind::Label)
    return make_by_class(site, measure, average, threshold);
  return std::make_unique<AtThreshold<measure>>(threshold.value_or(0.5F));
}

std::unique_ptr<Metric> make_f_beta(ConfigReader& config, const MetricSite& site, double beta) {
  const std::optional<Average> average = average_of(config);
  const double square = beta * beta;
  return make_by_class(
      site, [square](const Counts& counts) { return f_beta(counts, square); }, average,
      threshold_of(config, "threshold"));
}

}  // namespace

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

std::optional<float> threshold_of(ConfigReader& config, std::string_view key) {
  const nlohmann::json* value = config.take(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_array() && value->size() > 1)
    config.bad_value(key, "one number from 0 to 1, because a log is one number",
                     "Name the metric once for each threshold, such as Precision(thresholds=0.3,name=low)");
  const nlohmann::json& one = value->is_array() && !value->empty() ? value->front() : *value;
  if (!one.is_number() || !(one.get<double>() >= 0 && one.get<double>() <= 1))
    config.bad_value(key, range_text("a number", {0, 1}));
  return static_cast<float>(one.get<double>());
}

std::optional<std::int64_t> class_of(ConfigReader& config, const MetricSite& site) {
  return config.optional_integer("class_id", {0, static_cast<double>(site.features - 1)});
}

std::vector<MetricType> confusion_metrics() {
  constexpr Direction up = Direction::Max;
  constexpr std::nullopt_t any = std::nullopt;
  return {
      {{"precision", "Precision"}, up, any, 1, make_rate<precision>},
      {{"recall", "Recall"}, up, any, 1, make_rate<recall>},
      {{"f1_score", "F1Score"},
       up,
       any,
       1,
       [](ConfigReader& config, const MetricSite& site) { return make_f_beta(config, site, 1); },
       R"({"average": "macro"})"},
      {{"fbeta_score", "FBetaScore"},
       up,
       any,
       1,
       [](ConfigReader& config, const MetricSite& site) {
         return make_f_beta(config, site, config.number("beta", 1, {1e-6, 1e6}));
       },
       R"({"average": "macro"})"},
  };
}

}  // namespace kairos::host
