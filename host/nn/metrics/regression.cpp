// SPDX-License-Identifier: MIT
// How well numbers are predicted.
#include <cmath>
#include <nlohmann/json.hpp>

#include "nn/metrics/metric_types.hpp"

namespace kairos::host {

namespace {

/// The root is taken of the mean over the epoch, not of each batch.
class RootMeanSquaredError final : public Metric {
 public:
  void reset() override { mean_.reset(); }
  void update(const MetricBatch& batch) override {
    const float* target = batch.target;
    const float* output = batch.output;
    for (std::int64_t row = 0; row < batch.samples * batch.rows_per_sample; ++row) {
      double sum = 0;
      for (std::int64_t i = 0; i < batch.features; ++i, ++target, ++output) {
        const double error = static_cast<double>(*output) - static_cast<double>(*target);
        sum += error * error;
      }
      mean_.add(sum / static_cast<double>(batch.features), weight_of(batch, row));
    }
  }
  [[nodiscard]] double result() const override { return std::sqrt(mean_.result()); }

 private:
  Mean mean_;
};

/// 1 - residual / spread for each output, and of these the mean. As in Keras an output whose targets do not
/// differ counts as 0.
class R2Score final : public Metric {
 public:
  explicit R2Score(std::int64_t features) : outputs_(static_cast<std::size_t>(features)) {}

  void reset() override {
    for (Output& output : outputs_) output = {};
  }

  void update(const MetricBatch& batch) override {
    const float* target = batch.target;
    const float* output = batch.output;
    for (std::int64_t row = 0; row < batch.samples * batch.rows_per_sample; ++row) {
      const double weight = weight_of(batch, row);
      for (Output& one : outputs_)
        one.add(static_cast<double>(*target++), static_cast<double>(*output++), weight);
    }
  }

  [[nodiscard]] double result() const override {
    double sum = 0;
    for (const Output& output : outputs_)
      if (output.spread != 0) sum += 1 - output.residual / output.spread;
    return sum / static_cast<double>(outputs_.size());
  }

 private:
  struct Output {
    double weight = 0;
    double mean = 0;
    double spread = 0;  ///< weighted squares around the mean
    double residual = 0;

    /// The running mean keeps the digits that a difference of large sums would lose.
    void add(double target, double predicted, double w) {
      if (w == 0) return;
      weight += w;
      const double before = target - mean;
      mean += before * w / weight;
      spread += w * before * (target - mean);
      residual += w * (target - predicted) * (target - predicted);
    }
  };

  std::vector<Output> outputs_;
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
