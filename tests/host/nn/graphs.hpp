// SPDX-License-Identifier: MIT
// Graphs from shorthands, and their outputs.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "nn/architecture.hpp"
#include "nn/graph.hpp"

namespace kairos::tests {

inline std::unique_ptr<host::Graph> graph_of(const std::string& text, std::uint64_t seed = 4) {
  return host::build_graph(host::read_shorthand(text), {}, seed);
}

/// The first output for one input.
inline std::vector<float> forward(host::Graph& graph, const std::vector<float>& x, std::int64_t batch,
                                  host::Mode mode = host::Mode::Infer, std::uint64_t step = 0) {
  graph.forward({batch, mode, step}, std::vector<const float*>{x.data()});
  return {graph.output(0), graph.output(0) + batch * host::size_of(graph.outputs()[0].shape)};
}

}  // namespace kairos::tests
