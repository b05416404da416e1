// SPDX-License-Identifier: MIT
// Functional models used by several tests.
#pragma once

#include <memory>
#include <string>

#include "host/error_text.hpp"
#include "host/nn/functional_json.hpp"
#include "kairos/host/compile.hpp"
#include "nn/architecture.hpp"

namespace kairos::tests {

inline std::unique_ptr<host::Graph> functional_graph(const json& model) {
  return host::build_graph(host::read_keras_json(model.dump(), "model"), {}, 3);
}

/// in → a → b → c and a → c: a value that feeds several layers.
inline json diamond() {
  return FunctionalJson()
      .input("in", {3})
      .layer("Dense", "a", {{"units", 4}, {"activation", "tanh"}}, {{of("in")}})
      .layer("Dense", "b", {{"units", 4}, {"activation", "sigmoid"}}, {{of("a")}})
      .layer("Multiply", "c", json::object(), {{of("a"), of("b"), of("a")}})
      .outputs({{"c", 0}, {"a", 0}});
}

}  // namespace kairos::tests
