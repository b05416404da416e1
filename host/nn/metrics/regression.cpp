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
  enum class Aggregation { Uniform, BySpread };

  /// `regressors` of the adjusted score; 0 for the plain one.
  R2Score(std::int64_t features, Aggregation aggregation, std::int64_t regressors)
      : aggregation_(aggregation),
        regressors_(static_cast<double>(regressors)),
        mean_(features),
        difference_(features),
        spread_(features),
        residual_(features) {
    R2Score::reset();
  }

  void reset() override {
    weight_ = values_ = 0;
    mean_.setZero();
    spread_.setZero();
    residual_.setZero();
  }

  void visit_sums(const SumVisitor& visit) override {
    visit({&weight_, 1});
    visit({&values_, 1});
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
      values_ += static_cast<double>(n);
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
    const Eigen::ArrayXd scores = (spread_ != 0).select(1 - residual_ / spread_, 0.0);
    const double whole = spread_.sum();
    const bool uniform = aggregation_ == Aggregation::Uniform;
    const double score = uniform ? scores.mean() : (whole == 0 ? 0 : (spread_ * scores).sum() / whole);
    // As in Keras, with too few values the score is not adjusted.
    if (regressors_ == 0 || regressors_ >= values_ - 1) return score;
    return 1 - (1 - score) * (values_ - 1) / (values_ - regressors_ - 1);
  }

 private:
  Aggregation aggregation_;
  double regressors_;
  double weight_ = 0;
  double values_ = 0;                 ///< targets, whatever their weights: Keras' number of samples
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
         const std::string aggregation = config.text("class_aggregation", "uniform_average");
         const bool by_spread = aggregation == "variance_weighted_average";
         if ((!by_spread && aggregation != "uniform_average") || config.is_null("class_aggregation"))
           config.bad_value("class_aggregation",
                            "uniform_average or variance_weighted_average, because a log is one number");
         const std::int64_t regressors = config.optional_integer("num_regressors", {0, 1e9}).value_or(0);
         return std::make_unique<R2Score>(
             site.features, by_spread ? R2Score::Aggregation::BySpread : R2Score::Aggregation::Uniform,
             regressors);
       }},
  };
}

}  // namespace kairos::host
