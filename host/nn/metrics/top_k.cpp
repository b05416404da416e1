// SPDX-License-Identifier: MIT
// Whether the right class is among the k that the model finds most likely.
#include "compute/vector.hpp"
#include "nn/metrics/metric_types.hpp"

namespace kairos::host {

namespace {

/// As in Keras, a class that is as likely as the k-th is among the k.
class TopK final : public Metric {
 public:
  TopK(std::int64_t k, TargetKind kind) : k_(k), kind_(kind) {}
  void reset() override { mean_.reset(); }
  void update(const MetricBatch& batch) override {
    const std::int64_t target_size = kind_ == TargetKind::Label ? 1 : batch.features;
    const float* target = batch.target;
    const float* output = batch.output;
    for (std::int64_t row = 0; row < batch.samples * batch.rows_per_sample; ++row) {
      const std::int64_t label = kind_ == TargetKind::Label ? static_cast<std::int64_t>(*target)
                                                            : index_of_largest(batch.features, target);
      mean_.add(is_hit(batch.features, label, output) ? 1 : 0, weight_of(batch, row));
      target += target_size;
      output += batch.features;
    }
  }
  [[nodiscard]] double result() const override { return mean_.result(); }

 private:
  [[nodiscard]] bool is_hit(std::int64_t n, std::int64_t label, const float* output) const {
    if (label < 0 || label >= n) return false;
    std::int64_t others = 0;
    // Written so that NaN, of the class or of another one, is no hit.
    for (std::int64_t i = 0; i < n; ++i) others += output[i] <= output[label] ? 0 : 1;
    return others < k_;
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
