// SPDX-License-Identifier: MIT
// Metrics of regression: root mean squared error and R².
#include <Eigen/Core>
#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/metrics/metric_types.hpp"

namespace kairos::host {

namespace {

using Row = Eigen::Map<const Eigen::ArrayXf>;

/// The root is taken of the mean over the epoch, not of each batch.
class RootMeanSquaredError final : public Metric {
 public:
  void reset() override { mean_.reset(); }
  void visit_sums(const SumVisitor& visit) override { mean_.visit_sums(visit); }
  void update(const MetricBatch& batch) override {
    const std::int64_t n = batch.features;
    for_each_row(batch, n, [&](const float* target, const float* output, double weight) {
      const auto error = Row(output, n).cast<double>() - Row(target, n).cast<double>();
      mean_.add(error.square().mean(), weight);
    });
  }
  [[nodiscard]] double result() const override { return std::sqrt(mean_.result()); }

 private:
  Mean mean_;
};

/// The mean over the outputs of 1 - residual / spread. As in Keras, an output whose targets are all equal
/// counts as 0.
class R2Score final : public Metric {
 public:
  explicit R2Score(std::int64_t features)
      : mean_(features), difference_(features), spread_(features), residual_(features) {
    R2Score::reset();
  }

  void reset() override {
    weight_ = 0;
    mean_.setZero();
    spread_.setZero();
    residual_.setZero();
  }

  void visit_sums(const SumVisitor& visit) override {
    visit({&weight_, 1});
    for (Eigen::ArrayXd* const one : {&mean_, &spread_, &residual_})
      visit({one->data(), static_cast<std::size_t>(one->size())});
  }

  /// All ranks take the mean of all as theirs, each a share of it, so that the sum is that mean.
  void align_sums(const SumVisitor& add) override {
    const double own_weight = weight_;
    const Eigen::ArrayXd own_mean = mean_;
    double weight = weight_;
    mean_ *= own_weight;
    add({&weight, 1});
    add({mean_.data(), static_cast<std::size_t>(mean_.size())});
    if (weight == 0) return;
    mean_ /= weight;
    spread_ += own_weight * (own_mean - mean_).square();
    mean_ *= own_weight / weight;
  }

  /// The running mean keeps the digits that a difference of large sums would lose.
  void update(const MetricBatch& batch) override {
    const std::int64_t n = batch.features;
    for_each_row(batch, n, [&](const float* target, const float* output, double weight) {
      if (weight == 0) return;
      const auto wanted = Row(target, n).cast<double>();
      weight_ += weight;
      difference_ = wanted - mean_;
      mean_ += difference_ * (weight / weight_);
      spread_ += weight * difference_ * (wanted - mean_);
      residual_ += weight * (wanted - Row(output, n).cast<double>()).square();
    });
  }

  [[nodiscard]] double result() const override {
    return (spread_ != 0).select(1 - residual_ / spread_, 0.0).mean();
  }

 private:
  double weight_ = 0;
  Eigen::ArrayXd mean_, difference_;  ///< of the targets; between a row's target and the mean before it
  Eigen::ArrayXd spread_, residual_;  ///< weighted squares around the mean, and around the outputs
};

}  // namespace

std::vector<MetricType> regression_metrics() {
  return {
      {{"root_mean_squared_error", "rmse", "RootMeanSquaredError"},
       Direction::Min,
       TargetKind::Values,
       1,
       [](ConfigReader&, const MetricSite&) -> std::unique_ptr<Metric> {
         return std::make_unique<RootMeanSquaredError>();
       }},
      {{"r2_score", "R2Score"},
       Direction::Max,
       TargetKind::Values,
       1,
       [](ConfigReader& config, const MetricSite& site) -> std::unique_ptr<Metric> {
         config.unsupported("class_aggregation", "uniform_average", "Remove it");
         config.unsupported("num_regressors", 0, "Remove it");
         return std::make_unique<R2Score>(site.features);
       }},
  };
}

}  // namespace kairos::host
