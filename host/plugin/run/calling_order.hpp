// SPDX-License-Identifier: MIT
// The order that callbacks ask for among those of their phase.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// An instance, as far as its place depends on it.
struct Ordered {
  const CallbackManifest* callback;
  std::string name;
};

/// The instances as numbers of `given`, which is the user's order: each one after those that its callback, or
/// theirs, puts before it. Otherwise the order stays. Throws Error(Plugin) KAIROS-O061 if there is no such
/// order.
[[nodiscard]] std::vector<std::size_t> calling_order(std::span<const Ordered> given);

}  // namespace kairos::host
