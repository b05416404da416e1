// SPDX-License-Identifier: MIT
// Which target belongs to an output: outputs without a loss have none.
#pragma once

#include <cstdint>
#include <kairos/event.hpp>
#include <optional>
#include <string>

namespace kairos::plugins {

/// The index of the tensor of role `to` that has the name of one of role `from`; empty if there is none.
[[nodiscard]] inline std::optional<std::uint32_t> find_partner(const Event& event, Role from,
                                                               std::uint32_t index, Role to) {
  if (event.tensor_count(Role::Target) == event.tensor_count(Role::Output)) return index;
  const std::string name(event.tensor(from, index).name());
  for (std::uint32_t i = 0; i < event.tensor_count(to); ++i)
    if (event.tensor(to, i).name() == name) return i;
  return {};
}
/// The target of an output; empty if it has none.
[[nodiscard]] inline std::optional<std::uint32_t> find_target(const Event& event, std::uint32_t output) {
  return find_partner(event, Role::Output, output, Role::Target);
}
/// The output of a target.
[[nodiscard]] inline std::uint32_t output_of(const Event& event, std::uint32_t target) {
  return find_partner(event, Role::Target, target, Role::Output).value_or(target);
}

}  // namespace kairos::plugins
