// SPDX-License-Identifier: MIT
// The output that a target belongs to. Outputs without a loss have no target, so their numbers differ.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>

#include "kairos/host/model.hpp"

namespace kairos::host {

/// Index of the output that target number `target` is compared with; empty if no output has its name.
[[nodiscard]] inline std::optional<std::size_t> output_of_target(const Model& model, std::size_t target) {
  const auto outputs = model.outputs();
  const auto found = std::ranges::find(outputs, model.targets()[target].name, &Port::name);
  if (found == outputs.end()) return std::nullopt;
  return static_cast<std::size_t>(found - outputs.begin());
}

}  // namespace kairos::host
