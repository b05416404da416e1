// SPDX-License-Identifier: MIT
// Common parts of metrics that compare answers of yes and no with their targets.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "nn/metrics/metric_types.hpp"

namespace kairos::host {

[[nodiscard]] inline double share(double part, double whole) {
  return whole == 0 ? 0.0 : part / whole;
}

/// How the scores of the classes, each against all others, become one. Micro: the score of the counts of all
/// classes together. Macro and weighted: the mean of the classes' scores, plain or weighted by how often each
/// class occurs. Keras' average=None, a score per class, does not fit a log.
enum class Average { Micro, Macro, Weighted };
[[nodiscard]] std::optional<Average> average_of(ConfigReader& config);

/// A threshold from 0 to 1, alone or in a list of one: a log is one number.
[[nodiscard]] std::optional<float> threshold_of(ConfigReader& config, std::string_view key);

/// The argument `class_id`, an index of the output's last dimension.
[[nodiscard]] std::optional<std::int64_t> class_of(ConfigReader& config, const MetricSite& site);

/// Whether a row's target is this class.
[[nodiscard]] inline bool is_class(const MetricSite& site, const float* target, std::int64_t index) {
  return site.target_kind == TargetKind::Label ? target[0] == static_cast<float>(index) : target[index] != 0;
}

[[nodiscard]] inline std::int64_t target_size(const MetricSite& site) {
  return site.target_kind == TargetKind::Label ? 1 : site.features;
}

/// Calls `visit(is_positive, output, weight)` for each value of all rows, or for that of one class in each.
template <class Visit>
void for_each_answer(const MetricBatch& batch, const MetricSite& site, std::optional<std::int64_t> class_id,
                     Visit visit) {
  for_each_row(batch, target_size(site), [&](const float* target, const float* output, double weight) {
    const std::int64_t first = class_id.value_or(0), end = class_id ? first + 1 : batch.features;
    for (std::int64_t i = first; i < end; ++i) visit(is_class(site, target, i), output[i], weight);
  });
}

}  // namespace kairos::host
