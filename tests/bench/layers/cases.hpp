// SPDX-License-Identifier: MIT
// What kairos_layer_bench measures: each entry is one kind of work on arrays of random values.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kairos::bench {

struct Case {
  std::string kind;     ///< "activation", "layer", "loss", "metric" or "optimizer"
  std::string name;     ///< as written for Kairos: "RMSprop(momentum=0.9)"
  std::int64_t values;  ///< that the work is counted by
  double bytes;         ///< per value, that have to be moved to and from memory
  std::function<void()> work;
};

/// Sizes: layers get [batch, side, side, channels], losses and metrics [rows, features].
struct Sizes {
  std::int64_t batch, side, channels, rows, features, parameters;
};

/// Creates the cases one after the other, and frees the memory of each before the next.
void each_case(const Sizes& sizes, const std::function<void(const Case&)>& visit);

/// The same work by LibTorch's function; empty if it has none, or LibTorch was not built in. Gradients
/// included, as far as Kairos' case has them.
[[nodiscard]] std::function<void()> peer(const Case& one, const Sizes& sizes);
void set_peer_threads(int threads);

}  // namespace kairos::bench
