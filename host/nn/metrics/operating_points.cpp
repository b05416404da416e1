// SPDX-License-Identifier: MIT
// The best value of a rate among thresholds where another rate is at least as large as wanted.
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "nn/metrics/confusion.hpp"

namespace kairos::host {

namespace {

/// Weights of the answers at one threshold.
struct Answers {
  double true_positives, false_positives, true_negatives, false_negatives;
};

using Rate = double (*)(const Answers&);

double precision_at(const Answers& a) {
  return share(a.true_positives, a.true_positives + a.false_positives);
}
/// Recall, also called sensitivity.
double recall_at(const Answers& a) {
  return share(a.true_positives, a.true_positives + a.false_negatives);
}
double specificity_at(const Answers& a) {
  return share(a.true_negatives, a.true_negatives + a.false_positives);
}

/// Rates are compared in float32, as in Keras.
class OperatingPoint final : public Metric {
 public:
  struct Goal {
    Rate best, bounded;
    float least;  ///< of `bounded`
  };

  OperatingPoint(const MetricSite& site, Goal goal, std::int64_t thresholds,
                 std::optional<std::int64_t> class_id)
      : site_(site),
        goal_(goal),
        class_id_(class_id),
        positives_(Eigen::ArrayXd::Zero(thresholds + 1)),
        negatives_(Eigen::ArrayXd::Zero(thresholds + 1)) {}

  void reset() override {
    positives_.setZero();
    negatives_.setZero();
    saw_nan_ = 0;
  }

  void visit_sums(const SumVisitor& visit) override {
    for (Eigen::ArrayXd* const one : {&positives_, &negatives_})
      visit({one->data(), static_cast<std::size_t>(one->size())});
    visit({&saw_nan_, 1});
  }

  void update(const MetricBatch& batch) override {
    for_each_answer(batch, site_, class_id_, [&](bool is_positive, float output, double weight) {
      if (std::isnan(output)) {
        saw_nan_ = 1;
        return;
      }
      (is_positive ? positives_ : negatives_)(thresholds_below(output)) += weight;
    });
  }

  [[nodiscard]] double result() const override {
    if (saw_nan_ != 0) return std::nan("");
    const double actual = positives_.sum(), others = negatives_.sum();
    double best = 0, hits = 0, misses = 0;
    for (Eigen::Index threshold = positives_.size() - 2; threshold >= 0; --threshold) {
      hits += positives_(threshold + 1);
      misses += negatives_(threshold + 1);
      const Answers answers{hits, misses, others - misses, actual - hits};
      if (static_cast<float>(goal_.bounded(answers)) >= goal_.least)
        best = std::max(best, goal_.best(answers));
    }
    return best;
  }

 private:
  /// How many of the thresholds, evenly spaced from 0 to 1, an output is above; one threshold is 0.5.
  [[nodiscard]] Eigen::Index thresholds_below(float output) const {
    const Eigen::Index thresholds = positives_.size() - 1;
    if (thresholds == 1) return output > 0.5F ? 1 : 0;
    const float bounded = std::clamp(output, 0.0F, 1.0F);
    return static_cast<Eigen::Index>(std::ceil(bounded * static_cast<float>(thresholds - 1)));
  }

  MetricSite site_;
  Goal goal_;
  std::optional<std::int64_t> class_id_;
  Eigen::ArrayXd positives_, negatives_;  ///< weights by the number of thresholds that an output is above
  double saw_nan_ = 0;
};

template <Rate best, Rate bounded>
std::unique_ptr<Metric> make_point(ConfigReader& config, const MetricSite& site, const char* key) {
  const auto least = static_cast<float>(config.required_number(key, {0, 1}));
  const std::int64_t thresholds = config.optional_integer("num_thresholds", {1, 1e6}).value_or(200);
  return std::make_unique<OperatingPoint>(site, OperatingPoint::Goal{best, bounded, least}, thresholds,
                                          class_of(config, site));
}

}  // namespace

std::vector<MetricType> operating_point_metrics() {
  constexpr Direction up = Direction::Max;
  constexpr std::nullopt_t any = std::nullopt;
  return {
      {{"precision_at_recall", "PrecisionAtRecall"},
       up,
       any,
       1,
       [](ConfigReader& config, const MetricSite& site) {
         return make_point<precision_at, recall_at>(config, site, "recall");
       }},
      {{"recall_at_precision", "RecallAtPrecision"},
       up,
       any,
       1,
       [](ConfigReader& config, const MetricSite& site) {
         return make_point<recall_at, precision_at>(config, site, "precision");
       }},
      {{"sensitivity_at_specificity", "SensitivityAtSpecificity"},
       up,
       any,
       1,
       [](ConfigReader& config, const MetricSite& site) {
         return make_point<recall_at, specificity_at>(config, site, "specificity");
       }},
      {{"specificity_at_sensitivity", "SpecificityAtSensitivity"},
       up,
       any,
       1,
       [](ConfigReader& config, const MetricSite& site) {
         return make_point<specificity_at, recall_at>(config, site, "sensitivity");
       }},
  };
}

}  // namespace kairos::host
