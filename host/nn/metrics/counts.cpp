// SPDX-License-Identifier: MIT
// The four cells of a confusion matrix: true and false positives and negatives.
#include <nlohmann/json.hpp>

#include "compute/kernels/kernels.hpp"
#include "nn/metrics/confusion.hpp"

namespace kairos::host {

namespace {

/// What is counted: outputs that say yes (positives) or no, and are right (true) or wrong.
struct Cell {
  bool says_yes, is_right;
};

class ConfusionCount final : public Metric {
 public:
  ConfusionCount(const MetricSite& site, Cell cell, float threshold)
      : site_(site), cell_(cell), threshold_(threshold) {}
  void reset() override { count_ = 0; }
  void visit_sums(const SumVisitor& visit) override { visit({&count_, 1}); }

  void update(const MetricBatch& batch) override {
    if (site_.target_kind == TargetKind::Values)
      return for_each_run(
          batch, [&](std::int64_t n, const float* target, const float* output, double weight) {
            const Decisions found = kernels().count_decisions(n, threshold_, target, output);
            const std::int64_t positives = cell_.is_right ? found.hits : found.said - found.hits;
            const std::int64_t negatives =
                cell_.is_right ? n - found.said - found.actual + found.hits : found.actual - found.hits;
            count_ += weight * static_cast<double>(cell_.says_yes ? positives : negatives);
          });
    for_each_answer(batch, site_, std::nullopt, [&](bool is_positive, float output, double weight) {
      const bool says_yes = output > threshold_;
      if (says_yes == cell_.says_yes && (says_yes == is_positive) == cell_.is_right) count_ += weight;
    });
  }

  [[nodiscard]] double result() const override { return count_; }

 private:
  MetricSite site_;
  Cell cell_;
  float threshold_;
  double count_ = 0;
};

template <bool says_yes, bool is_right>
std::unique_ptr<Metric> make_count(ConfigReader& config, const MetricSite& site) {
  return std::make_unique<ConfusionCount>(site, Cell{says_yes, is_right},
                                          threshold_of(config, "thresholds").value_or(0.5F));
}

}  // namespace

std::vector<MetricType> count_metrics() {
  constexpr std::nullopt_t any = std::nullopt;
  return {
      {{"true_positives", "TruePositives"}, Direction::Max, any, 1, make_count<true, true>},
      {{"true_negatives", "TrueNegatives"}, Direction::Max, any, 1, make_count<false, true>},
      {{"false_positives", "FalsePositives"}, Direction::Min, any, 1, make_count<true, false>},
      {{"false_negatives", "FalseNegatives"}, Direction::Min, any, 1, make_count<false, false>},
  };
}

}  // namespace kairos::host
