// SPDX-License-Identifier: MIT
// The seed of layers that draw random numbers in training.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>

#include "compute/random.hpp"
#include "nn/layer.hpp"

namespace kairos::host {

/// Draws depend only on seed, step and position, so a resumed run needs no stored state.
class DrawSeed {
 public:
  explicit DrawSeed(ConfigReader& config) : seed_(config.optional_integer("seed", any_integer)) {}

  void build(const BuildContext& context) {
    key_ = seed_ ? mixed_bits(static_cast<std::uint64_t>(*seed_) + 1) : context.key;
  }
  /// The key of the numbers of one pass.
  [[nodiscard]] std::uint64_t key(const GraphPass& pass) const { return joined_key(key_, pass.batch_number); }
  [[nodiscard]] nlohmann::json json() const {
    return seed_ ? nlohmann::json(*seed_) : nlohmann::json(nullptr);
  }

 private:
  std::optional<std::int64_t> seed_;
  std::uint64_t key_ = 0;
};

}  // namespace kairos::host
