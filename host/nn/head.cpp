// SPDX-License-Identifier: MIT
// Computes loss, metrics and gradient of an output.
#include "nn/head.hpp"

#include "compute/vector.hpp"
#include "nn/call_text.hpp"
#include "nn/losses/loss_types.hpp"
#include "nn/parameter.hpp"

namespace kairos::host {

namespace {

Shape target_shape(Shape output, TargetKind kind) {
  if (kind == TargetKind::Label) output.pop_back();
  return output;
}

std::int64_t width_of(const Port& output, const Loss& loss) {
  if (!output.shape.empty()) return output.shape.back();
  refuse_output(loss.name(), "one number per sample, without a dimension",
                "at least one dimension after the batch",
                "Leave out the last squeeze, or put reshape(1) behind it");
}

}  // namespace

Head::Head(const Port& output, const CompileOptions& options)
    : loss_(make_loss(options.loss)),
      soft_loss_(loss_->of_probabilities()),
      reduction_(own_reduction(parse_call(options.loss, "loss")).value_or(options.loss_reduction)),
      features_(width_of(output, *loss_)),
      rows_per_sample_(size_of(output.shape) / features_),
      steps_(output.shape.size() < 2 ? 1 : output.shape.front()),
      target_{output.name, target_shape(output.shape, loss_->target_kind())} {
  loss_->check_output(features_);
  loss_->take_shape(output.shape);
  const MetricSite site{features_, loss_->target_kind(), output.shape, ignores_rows()};
  for (const std::string& text : options.metrics) metrics_.push_back(make_metric(text, site));
  for (const std::string& text : options.weighted_metrics)
    weighted_metrics_.push_back(make_metric(text, site));
  name_metrics(metrics_, weighted_metrics_);
}

std::string Head::target_fault(const float* target) const {
  const std::int64_t step = loss_->target_kind() == TargetKind::Label ? 1 : features_;
  for (std::int64_t row = 0; row < rows_per_sample_; ++row)
    if (std::string fault = loss_->target_fault(features_, target + row * step); !fault.empty()) return fault;
  return "";
}

std::string Head::soft_target_fault(const float* target) const {
  for (std::int64_t row = 0; row < rows_per_sample_; ++row)
    if (std::string fault = soft_loss_->target_fault(features_, target + row * features_); !fault.empty())
      return fault;
  return "";
}

std::vector<LogKey> Head::metric_keys() const {
  std::vector<LogKey> keys;
  for (const auto* list : {&metrics_, &weighted_metrics_})
    for (const NamedMetric& metric : *list) keys.push_back(metric.key);
  return keys;
}

const std::string* Head::coupling_metric() const {
  for (const auto* list : {&metrics_, &weighted_metrics_})
    for (const NamedMetric& metric : *list)
      if (metric.metric->couples_samples()) return &metric.key.name;
  return nullptr;
}

void Head::reset() {
  for (auto* list : {&metrics_, &weighted_metrics_})
    for (NamedMetric& metric : *list) metric.metric->reset();
}

void Head::visit_sums(const SumVisitor& visit) {
  for (auto* list : {&metrics_, &weighted_metrics_})
    for (NamedMetric& metric : *list) metric.metric->visit_sums(visit);
}

void Head::align_sums(const SumVisitor& add) {
  for (auto* list : {&metrics_, &weighted_metrics_})
    for (NamedMetric& metric : *list) metric.metric->align_sums(add);
}

double Head::evaluate(std::int64_t samples, const Goal& goal, const float* output, const float* logits,
                      const float* mask) {
  const std::int64_t rows = samples * rows_per_sample_;
  each_.reserve(rows);
  scale_.reserve(rows);
  by_logits_ = logits != nullptr;
  last_loss_ = goal.soft ? soft_loss_.get() : loss_.get();
  if (by_logits_)
    last_loss_->values_from_logits(rows, features_, goal.target, logits, output, each_.data());
  else
    last_loss_->values(rows, features_, goal.target, output, each_.data());
  const WeightView known{mask, steps_};
  const WeightView counted = ignores_rows() ? rows_that_count(samples, goal.target, known) : known;
  ReducedLoss reduced = reduce_losses(reduction_, samples, rows_per_sample_, each_.data(), goal.weights,
                                      scale_.data(), counted);
  if (reduction_ == LossReduction::Sum) sum_groups(samples, goal.weights.values != nullptr, reduced);
  update_metrics(samples, goal, output, known);
  divisor_ = reduced.divisor;
  return reduced.loss;
}

WeightView Head::rows_that_count(std::int64_t samples, const float* target, const WeightView& mask) {
  const float ignored = *loss_->ignored_label();
  const std::int64_t rows = samples * rows_per_sample_, rows_per_step = rows_per_sample_ / steps_;
  counted_rows_.reserve(rows);
  for (std::int64_t row = 0; row < rows; ++row)
    counted_rows_.data()[row] =
        target[row] == ignored ? 0.0F : (mask.values == nullptr ? 1.0F : mask.values[row / rows_per_step]);
  return {counted_rows_.data(), rows_per_sample_};
}

/// Makes a sum over rows one over the groups of values that have a loss in Keras.
void Head::sum_groups(std::int64_t samples, bool weighted, ReducedLoss& reduced) {
  const std::int64_t rows = samples * rows_per_sample_;
  const double factor =
      rows == 0 ? 1 : last_loss_->values_of_rows(samples, rows, weighted) / static_cast<double>(rows);
  if (factor == 1) return;
  reduced.loss *= factor;
  for (std::int64_t row = 0; row < rows; ++row) scale_.data()[row] *= static_cast<float>(factor);
}

void Head::update_metrics(std::int64_t samples, const Goal& goal, const float* output,
                          const WeightView& mask) {
  MetricBatch batch{samples, rows_per_sample_, features_, goal.target, output, mask};
  if (goal.soft) {
    batch.probabilities = goal.target;
    batch.target = likeliest_classes(samples * rows_per_sample_, goal.target);
  }
  for (NamedMetric& metric : metrics_) metric.metric->update(batch);
  batch.weights = weights_with_mask(samples, goal.weights, mask);
  for (NamedMetric& metric : weighted_metrics_) metric.metric->update(batch);
}

const float* Head::likeliest_classes(std::int64_t rows, const float* probabilities) {
  labels_.reserve(rows);
  for (std::int64_t row = 0; row < rows; ++row)
    labels_.data()[row] = static_cast<float>(index_of_largest(features_, probabilities + row * features_));
  return labels_.data();
}

float* Head::sample_losses(std::int64_t samples, const float* mask) {
  sample_losses_.reserve(samples);
  const std::int64_t rows_per_step = rows_per_sample_ / steps_;
  for (std::int64_t sample = 0; sample < samples; ++sample) {
    double sum = 0, counted = 0;
    for (std::int64_t i = 0; i < rows_per_sample_; ++i) {
      const std::int64_t row = sample * rows_per_sample_ + i;
      if (mask != nullptr && mask[sample * steps_ + i / rows_per_step] == 0) continue;
      if (ignores_rows() && counted_rows_.data()[row] == 0) continue;
      sum += static_cast<double>(each_.data()[row]);
      ++counted;
    }
    sample_losses_.data()[sample] = counted == 0 ? 0.0F : static_cast<float>(sum / counted);
  }
  return sample_losses_.data();
}

WeightView Head::weights_with_mask(std::int64_t samples, const WeightView& weights, const WeightView& mask) {
  if (mask.values == nullptr) return weights;
  if (weights.values == nullptr) return mask;
  const std::int64_t rows_per_weight = rows_per_sample_ / weights.per_sample;
  const std::int64_t rows_per_step = rows_per_sample_ / mask.per_sample;
  masked_weights_.reserve(samples * rows_per_sample_);
  for (std::int64_t row = 0; row < samples * rows_per_sample_; ++row)
    masked_weights_.data()[row] = weights.values[row / rows_per_weight] * mask.values[row / rows_per_step];
  return {masked_weights_.data(), rows_per_sample_};
}

void Head::gradient(std::int64_t samples, const float* target, const float* output, float* gradient) {
  const std::int64_t rows = samples * rows_per_sample_;
  if (by_logits_)
    last_loss_->gradient_by_logits(rows, features_, target, output, scale_.data(), gradient);
  else
    last_loss_->gradient(rows, features_, target, output, scale_.data(), gradient);
}

double* Head::read_metrics(double* values) const {
  for (const auto* list : {&metrics_, &weighted_metrics_})
    for (const NamedMetric& metric : *list) *values++ = metric.metric->result();
  return values;
}

}  // namespace kairos::host
