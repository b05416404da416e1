// SPDX-License-Identifier: MIT
// Top-k accuracy: whether the target's class is among the k largest outputs.
#include <Eigen/Core>

#include "compute/vector.hpp"
#include "nn/metrics/metric_types.hpp"

namespace kairos::host {

namespace {

/// As in Keras, ties with the k-th largest output are hits.
class TopK final : public Metric {
 public:
  TopK(std::int64_t k, TargetKind kind) : k_(k), kind_(kind) {}
  void reset() override { mean_.reset(); }
  void visit_sums(const SumVisitor& visit) override { mean_.visit_sums(visit); }
  void update(const MetricBatch& batch) override {
    const bool is_label = kind_ == TargetKind::Label;
    for_each_row(
        batch, is_label ? 1 : batch.features, [&](const float* target, const float* output, double weight) {
          const std::int64_t label =
              is_label ? static_cast<std::int64_t>(*target) : index_of_largest(batch.features, target);
          mean_.add(is_hit({output, batch.features}, label) ? 1 : 0, weight);
        });
  }
  [[nodiscard]] double result() const override { return mean_.result(); }

 private:
  [[nodiscard]] bool is_hit(const Eigen::Map<const Eigen::ArrayXf>& output, std::int64_t label) const {
    if (label < 0 || label >= output.size()) return false;
    // NaN, of the class or of another one, is never a hit.
    return output.size() - (output <= output(label)).count() < k_;
  }

  std::int64_t k_;
  TargetKind kind_;
  Mean mean_;
};

template <TargetKind kind>
std::unique_ptr<Metric> make(ConfigReader& config, const MetricSite& site) {
  const std::int64_t k = config.optional_integer("k", {1, 1e9}).value_or(5);
  if (k > site.features)
    config.bad_value("k",
                     "no more than the output's " + std::to_string(site.features) + " units (default 5)");
  return std::make_unique<TopK>(k, kind);
}

}  // namespace

std::vector<MetricType> top_k_metrics() {
  return {
      {{"top_k_categorical_accuracy", "TopKCategoricalAccuracy"},
       Direction::Max,
       TargetKind::Values,
       2,
       make<TargetKind::Values>},
      {{"sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy"},
       Direction::Max,
       TargetKind::Label,
       2,
       make<TargetKind::Label>},
  };
}

}  // namespace kairos::host
