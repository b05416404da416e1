// SPDX-License-Identifier: MIT
// The model as TensorBoard's graph of operations.
#pragma once

#include <span>
#include <string>

#include "../common/keras_layers.hpp"

namespace kairos::plugins::tensorboard {

/// The bytes of a GraphDef. Each use of a layer is a node "model/dense/Dense" of the layer's class. Each
/// weight is a node "model/dense/kernel", an input of the layer's first node. TensorBoard shows models and
/// layers as boxes that can be opened.
[[nodiscard]] std::string graph_def(const Architecture& architecture, std::span<const Weight> weights);

}  // namespace kairos::plugins::tensorboard
