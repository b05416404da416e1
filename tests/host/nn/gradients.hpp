// SPDX-License-Identifier: MIT
// Compares the gradients of a graph with finite differences.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

#include "compute/random.hpp"
#include "nn/graph.hpp"

namespace kairos::tests {

inline std::vector<float> random_values(std::int64_t n, std::uint64_t key) {
  host::RandomStream random(key);
  std::vector<float> values(static_cast<std::size_t>(n));
  for (float& value : values) value = static_cast<float>(random.uniform() * 2 - 1);
  return values;
}

/// Σ coefficient · output over all outputs, plus the activity penalties. Its gradient is compared with finite
/// differences.
class Objective {
 public:
  /// If `inputs` is empty, they are random.
  Objective(host::Graph& graph, std::int64_t batch, std::vector<std::vector<float>> inputs = {})
      : graph_(graph), pass_{batch, host::Mode::Train, 5}, x_(std::move(inputs)) {
    for (std::size_t i = x_.size(); i < graph.inputs().size(); ++i)
      x_.push_back(random_values(batch * host::size_of(graph.inputs()[i].shape), 1));
    for (const auto& x : x_) inputs_.push_back(x.data());
    for (std::size_t i = 0; i < graph.outputs().size(); ++i)
      coefficients_.push_back(random_values(batch * host::size_of(graph.outputs()[i].shape), 2 + i));
  }

  double value() {
    graph_.forward(pass_, inputs_);
    double sum = graph_.output_penalties(pass_.batch);
    for (std::size_t i = 0; i < coefficients_.size(); ++i)
      for (std::size_t k = 0; k < coefficients_[i].size(); ++k)
        sum += static_cast<double>(coefficients_[i][k]) * static_cast<double>(graph_.output(i)[k]);
    return sum;
  }

  void backward() {
    graph_.forward(pass_, inputs_);
    for (std::size_t i = 0; i < coefficients_.size(); ++i)
      std::copy(coefficients_[i].begin(), coefficients_[i].end(), graph_.output_gradient(i));
    graph_.backward(pass_);
  }

 private:
  host::Graph& graph_;
  host::GraphPass pass_;
  std::vector<std::vector<float>> x_, coefficients_;
  std::vector<const float*> inputs_;
};

/// In float32 through several layers, differences with a step of 1e-2 are accurate to about 1e-3 for smooth
/// functions. Functions with kinks need a smaller step, which is less likely to cross one. Checks only every
/// `stride`-th weight.
inline void check_gradients(host::Graph& graph, std::int64_t batch, float h = 1e-2F,
                            std::vector<std::vector<float>> inputs = {}, std::int64_t stride = 1) {
  Objective objective(graph, batch, std::move(inputs));
  std::set<const float*> seen;
  for (std::size_t l = 0; l < graph.layer_count(); ++l)
    for (host::Parameter& parameter : graph.layer(l).parameters()) {
      // The calls of a shared layer have one set of values; the first has the sum of the gradients.
      if (!parameter.trainable || !seen.insert(parameter.values.data()).second) continue;
      for (std::int64_t i = 0; i < parameter.size(); i += stride) {
        float& weight = parameter.values.data()[i];
        const float before = weight;
        weight = before + h;
        const double up = objective.value();
        weight = before - h;
        const double down = objective.value();
        weight = before;
        objective.backward();
        INFO(graph.layer(l).name() << " " << parameter.name << " " << i);
        REQUIRE(static_cast<double>(parameter.gradient.data()[i]) ==
                Approx((up - down) / (2 * static_cast<double>(h))).epsilon(4e-3).margin(4e-3));
      }
    }
}

}  // namespace kairos::tests