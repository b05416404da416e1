// SPDX-License-Identifier: MIT
// The batches of one update step, and the sum of their gradients.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "compute/buffer.hpp"
#include "nn/parameter.hpp"

namespace kairos::host {

class ByteReader;
class ByteWriter;

/// What the gradients of a batch count in the sum of a step, and what that sum is divided by.
struct GradientShare {
  double factor;   ///< of the gradients, which were divided by it
  double divisor;  ///< added to the divisor of the sum
};

/// A group of one batch costs nothing. Allocates when the first larger group begins.
class GradientGroup {
 public:
  /// Borrows the parameters. To be called once.
  void build(std::span<Parameter* const> trained) { trained_ = trained; }

  /// The size of the groups that begin from now on.
  void set_size(std::int64_t batches) noexcept { next_size_ = batches; }
  /// Begins a group, with at most `left` batches. An open one is dropped.
  void begin(std::int64_t left);
  /// Whether batches were added since the last complete group.
  [[nodiscard]] bool is_open() const noexcept { return batches_ > 0; }

  /// Adds the gradients in the parameters. True if the group is complete: the parameters then have the
  /// gradients of the whole group.
  [[nodiscard]] bool add(GradientShare share) {
    if (size_ == 1) return true;
    return add_to_sum(share);
  }

  /// An open group with its sums.
  void save_state(ByteWriter& out) const;
  /// What `save_state` wrote, as views of its bytes.
  struct State {
    std::int64_t size = 1;
    std::int64_t batches = 0;
    double divisor = 0;
    std::vector<std::string_view> sums;
  };
  /// Changes nothing; empty for other bytes.
  [[nodiscard]] std::optional<State> read_state(ByteReader& in) const;
  void apply(const State& state);

 private:
  bool add_to_sum(GradientShare share);
  void reserve();

  std::span<Parameter* const> trained_;
  std::vector<FloatBuffer> sums_;  ///< one per parameter, or empty
  std::int64_t next_size_ = 1;
  std::int64_t size_ = 1;     ///< of the current group
  std::int64_t batches_ = 0;  ///< of it that were added
  double divisor_ = 0;
};

}  // namespace kairos::host
