// SPDX-License-Identifier: MIT
// Means of a value per row; accuracies and losses are such values.
#include "train/metrics.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "compute/buffer.hpp"
#include "compute/vector.hpp"
#include "kairos/host/error.hpp"
#include "train/call_text.hpp"

namespace kairos::host {

namespace {

using RowValue = float (*)(std::int64_t features, const float* target, const float* output);

float binary_accuracy(std::int64_t features, const float* target, const float* output) {
  std::int64_t hits = 0;
  for (std::int64_t i = 0; i < features; ++i) hits += target[i] == (output[i] > 0.5F ? 1.0F : 0.0F) ? 1 : 0;
  return static_cast<float>(hits) / static_cast<float>(features);
}

float categorical_accuracy(std::int64_t features, const float* target, const float* output) {
  return index_of_largest(features, target) == index_of_largest(features, output) ? 1.0F : 0.0F;
}

float sparse_categorical_accuracy(std::int64_t features, const float* target, const float* output) {
  return target[0] == static_cast<float>(index_of_largest(features, output)) ? 1.0F : 0.0F;
}

/// Σ(w·value) / Σw over all rows since the reset, in double.
class Mean {
 public:
  void reset() { sum_ = weight_ = 0; }
  void add(const MetricBatch& batch, const float* each) {
    const std::int64_t rows = batch.samples * batch.rows_per_sample;
    const std::int64_t rows_per_weight = batch.rows_per_sample / batch.weights.per_sample;
    for (std::int64_t row = 0; row < rows; ++row) {
      const double w = batch.weights.values == nullptr
                           ? 1.0
                           : static_cast<double>(batch.weights.values[row / rows_per_weight]);
      sum_ += w * static_cast<double>(each[row]);
      weight_ += w;
    }
  }
  [[nodiscard]] double result() const { return weight_ == 0 ? 0.0 : sum_ / weight_; }

 private:
  double sum_ = 0;
  double weight_ = 0;
};

class AccuracyMetric final : public Metric {
 public:
  AccuracyMetric(RowValue value, TargetKind kind) : value_(value), kind_(kind) {}
  void reset() override { mean_.reset(); }
  void update(const MetricBatch& batch) override {
    const std::int64_t rows = batch.samples * batch.rows_per_sample;
    const std::int64_t target_size = kind_ == TargetKind::Label ? 1 : batch.features;
    each_.reserve(rows);
    for (std::int64_t row = 0; row < rows; ++row)
      each_.data()[row] =
          value_(batch.features, batch.target + row * target_size, batch.output + row * batch.features);
    mean_.add(batch, each_.data());
  }
  [[nodiscard]] double result() const override { return mean_.result(); }

 private:
  RowValue value_;
  TargetKind kind_;
  FloatBuffer each_;
  Mean mean_;
};

class LossMetric final : public Metric {
 public:
  explicit LossMetric(std::unique_ptr<Loss> loss) : loss_(std::move(loss)) {}
  void reset() override { mean_.reset(); }
  void update(const MetricBatch& batch) override {
    const std::int64_t rows = batch.samples * batch.rows_per_sample;
    each_.reserve(rows);
    loss_->values(rows, batch.features, batch.target, batch.output, each_.data());
    mean_.add(batch, each_.data());
  }
  [[nodiscard]] double result() const override { return mean_.result(); }

 private:
  std::unique_ptr<Loss> loss_;
  FloatBuffer each_;
  Mean mean_;
};

struct AccuracyType {
  std::array<std::string_view, 2> names;
  RowValue value;
  TargetKind target_kind;
  std::int64_t least_features;
};

constexpr std::array<AccuracyType, 3> accuracies{{
    {{"binary_accuracy", "BinaryAccuracy"}, binary_accuracy, TargetKind::Values, 1},
    {{"categorical_accuracy", "CategoricalAccuracy"}, categorical_accuracy, TargetKind::Values, 2},
    {{"sparse_categorical_accuracy", "SparseCategoricalAccuracy"},
     sparse_categorical_accuracy,
     TargetKind::Label,
     2},
}};

bool is_plain_accuracy(std::string_view name) {
  return name == "accuracy" || name == "acc" || name == "Accuracy" || name == "ACC";
}

const AccuracyType* find_accuracy(std::string_view name, const MetricSite& site) {
  if (is_plain_accuracy(name)) {
    if (site.features == 1)
      name = "binary_accuracy";
    else
      name = site.target_kind == TargetKind::Label ? "sparse_categorical_accuracy" : "categorical_accuracy";
  }
  for (const AccuracyType& type : accuracies)
    if (std::find(type.names.begin(), type.names.end(), name) != type.names.end()) return &type;
  return nullptr;
}

[[noreturn]] void refuse_metric(std::string_view name, const std::string& found,
                                const std::string& expected) {
  throw Error(ErrorKind::Model, {"KAIROS-M041", "metric " + std::string(name),
                                 "it cannot be computed from this output and these targets", found, expected,
                                 "Use accuracy, which chooses by itself, or change the loss"});
}

void check_site(std::string_view name, TargetKind wanted, std::int64_t least_features,
                const MetricSite& site) {
  if (wanted != site.target_kind)
    refuse_metric(name,
                  site.target_kind == TargetKind::Label ? "targets that are class numbers"
                                                        : "targets of a value per unit",
                  wanted == TargetKind::Label ? "class numbers" : "a value per unit");
  if (site.features < least_features) refuse_metric(name, "one unit in the last layer", "one unit per class");
}

std::vector<std::string> metric_names() {
  std::vector<std::string> names{"accuracy"};
  for (const AccuracyType& type : accuracies) names.emplace_back(type.names[0]);
  for (std::string& loss : loss_names()) names.push_back(std::move(loss));
  names.insert(names.end(), {"mse", "mae"});
  return names;
}

}  // namespace

NamedMetric make_metric(std::string_view text, const MetricSite& site) {
  const CallText call = parse_call(text, "metric");
  LogKey key{call.name == "acc" ? "accuracy" : call.name, Direction::Unknown};
  if (const AccuracyType* type = find_accuracy(call.name, site)) {
    if (!call.arguments.empty())
      throw Error(ErrorKind::Model, {"KAIROS-M002", "metric " + call.name, "it takes no arguments",
                                     "\"" + call.arguments.front().value + "\"", "", "Remove the brackets"});
    check_site(call.name, type->target_kind, type->least_features, site);
    key.direction = Direction::Max;
    return {std::move(key), std::make_unique<AccuracyMetric>(type->value, type->target_kind)};
  }
  if (is_loss_name(call.name)) {
    std::unique_ptr<Loss> loss = make_loss(text);
    check_site(call.name, loss->target_kind(), 1, site);
    loss->check_output(site.features);
    key.direction = Direction::Min;
    return {std::move(key), std::make_unique<LossMetric>(std::move(loss))};
  }
  throw Error(ErrorKind::Model, {"KAIROS-M040", "metric", "there is no metric \"" + call.name + "\"", "", "",
                                 suggest(call.name, metric_names())});
}

Direction metric_direction(std::string_view name) {
  const bool is_accuracy =
      is_plain_accuracy(name) ||
      std::any_of(accuracies.begin(), accuracies.end(), [name](const AccuracyType& type) {
        return std::find(type.names.begin(), type.names.end(), name) != type.names.end();
      });
  if (is_accuracy) return Direction::Max;
  return name == "loss" || is_loss_name(name) ? Direction::Min : Direction::Unknown;
}

void name_metrics(std::vector<NamedMetric>& plain, std::vector<NamedMetric>& weighted) {
  std::map<std::string, int> seen{{"loss", 1}};
  const auto numbered = [&seen](const std::string& name) {
    const int before = seen[name]++;
    return before == 0 ? name : name + "_" + std::to_string(before);
  };
  for (NamedMetric& metric : plain) metric.key.name = numbered(metric.key.name);
  for (NamedMetric& metric : weighted) {
    const bool taken = seen.contains(metric.key.name);
    metric.key.name = numbered(taken ? "weighted_" + metric.key.name : metric.key.name);
  }
}

}  // namespace kairos::host
