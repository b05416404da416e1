// SPDX-License-Identifier: MIT
// Correlations of the values of each row with their targets, and their mean over all rows.
#include <Eigen/Core>
#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/metrics/metric_types.hpp"

namespace kairos::host {

namespace {

constexpr double correlation_epsilon = 1e-7;  ///< Keras' epsilon

/// Means, variances and covariance of the targets and the outputs of a row.
struct Moments {
  Moments(std::int64_t n, const float* target, const float* output) {
    const auto t = Eigen::Map<const Eigen::ArrayXf>(target, n).cast<double>();
    const auto o = Eigen::Map<const Eigen::ArrayXf>(output, n).cast<double>();
    mean_of_targets = t.mean();
    mean_of_outputs = o.mean();
    of_targets = (t - mean_of_targets).square().mean();
    of_outputs = (o - mean_of_outputs).square().mean();
    of_both = ((t - mean_of_targets) * (o - mean_of_outputs)).mean();
  }
  double mean_of_targets, mean_of_outputs, of_targets, of_outputs, of_both;
};

double pearson(const Moments& m) {
  return m.of_both /
         ((std::sqrt(m.of_targets) + correlation_epsilon) * (std::sqrt(m.of_outputs) + correlation_epsilon));
}

double concordance(const Moments& m) {
  const double apart = m.mean_of_targets - m.mean_of_outputs;
  return 2 * m.of_both / (m.of_targets + m.of_outputs + apart * apart + correlation_epsilon);
}

template <double (*correlation)(const Moments&)>
class RowCorrelation final : public Metric {
 public:
  void reset() override { mean_.reset(); }
  void visit_sums(const SumVisitor& visit) override { mean_.visit_sums(visit); }
  void update(const MetricBatch& batch) override {
    for_each_row(batch, batch.features, [&](const float* target, const float* output, double weight) {
      mean_.add(correlation(Moments(batch.features, target, output)), weight);
    });
  }
  [[nodiscard]] double result() const override { return mean_.result(); }

 private:
  Mean mean_;
};

template <double (*correlation)(const Moments&)>
std::unique_ptr<Metric> make_correlation(ConfigReader& config, const MetricSite&) {
  config.unsupported("axis", -1, "Remove it");
  return std::make_unique<RowCorrelation<correlation>>();
}

}  // namespace

std::vector<MetricType> correlation_metrics() {
  return {
      {{"pearson_correlation", "PearsonCorrelation"},
       Direction::Max,
       TargetKind::Values,
       1,
       make_correlation<pearson>},
      {{"concordance_correlation", "ConcordanceCorrelation"},
       Direction::Max,
       TargetKind::Values,
       1,
       make_correlation<concordance>},
  };
}

}  // namespace kairos::host
