// SPDX-License-Identifier: MIT
// A NaN is never the best value.
#include "cli/best_epoch.hpp"

#include <cmath>
#include <vector>

#include "nn/metrics.hpp"

namespace kairos::host::cli {

std::string monitored_key(std::span<const PluginSpec> plugins, const History& history) {
  for (const PluginSpec& spec : plugins)
    for (const PluginOption& option : spec.options)
      if ((option.key == "monitor" || option.key.empty()) && history.find(option.value) != nullptr)
        return option.value;
  for (const char* key : {"val_loss", "loss"})
    if (history.find(key) != nullptr) return key;
  return "";
}

std::optional<std::size_t> best_epoch(const History& history, std::string_view key) {
  const Direction direction = log_direction(key);
  const std::vector<std::optional<double>>* const values = history.find(key);
  std::optional<std::size_t> best;
  if (values == nullptr || direction == Direction::Unknown) return best;
  for (std::size_t i = 0; i < values->size(); ++i) {
    const std::optional<double>& value = (*values)[i];
    if (!value || std::isnan(*value)) continue;
    const bool better =
        best && (direction == Direction::Max ? *value > *(*values)[*best] : *value < *(*values)[*best]);
    if (!best || better) best = i;
  }
  return best;
}

}  // namespace kairos::host::cli
