// SPDX-License-Identifier: MIT
// Empty batches: fit never creates one, but another training loop may.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::forward;
using kairos::tests::graph_of;
using kairos::tests::random_values;

TEST_CASE("An empty batch has zero gradients and changes no state", "[host][nn]") {
  for (
      const char* text :
      {"input(4) dense(3,tanh) dropout(0.5) dense(2,softmax)",
       "input(4) dense(300,relu) dense(200,gelu) dense(2,log_softmax)",
       "input(7,6,2) zeropad(1) conv2d(4,3,relu) batchnorm maxpool conv2d(2,2,padding=same) flatten dense(1)",
       "input(40,40,8) conv2d(32,3,relu,strides=2) conv2d(16,5,groups=2,padding=same) globalavgpool dense(1)",
       "input(7,6,2) dwconv2d(3,depth_multiplier=2) layernorm LeakyReLU avgpool Softmax globalmaxpool",
       "input(9,3) conv1d(4,3,padding=causal) maxpool1d avgpool1d reshape((8,-1)) ELU dense(1)",
       "input(9,3) masking dwconv1d(2) globalavgpool1d dense(1)",
       "input(5,3) lstm(4,return_sequences=true) gru(3,return_sequences=true,dropout=0.3) simplernn(2)",
       "input(5,3) gru(4,reset_after=false,return_sequences=true) batchnorm globalmaxpool1d",
       "input(6) embedding(5,40,mask_zero=true) lstm(48) dense(1)"}) {
    INFO(text);
    const auto graph = graph_of(text);
    const bool indices = std::string(text).find("embedding") != std::string::npos;
    std::vector<float> x = random_values(3 * size_of(graph->inputs()[0].shape), 5);
    if (indices)
      for (float& value : x) value = std::floor(std::abs(value) * 4);
    const std::int64_t outputs = size_of(graph->outputs()[0].shape);
    const auto train = [&](std::int64_t batch) {
      forward(*graph, x, batch, Mode::Train, 2);
      std::fill_n(graph->output_gradient(0), batch * outputs, 0.5F);
      graph->backward({batch, Mode::Train, 2});
    };
    train(3);
    const std::vector<float> before = forward(*graph, x, 3);
    train(0);
    for (std::size_t layer = 0; layer < graph->layer_count(); ++layer)
      for (const Parameter& parameter : graph->layer(layer).parameters()) {
        INFO(graph->layer(layer).name() << " " << parameter.name);
        if (parameter.trainable)
          CHECK(std::all_of(parameter.gradient.data(), parameter.gradient.data() + parameter.size(),
                            [](float value) { return value == 0; }));
      }
    CHECK(forward(*graph, x, 3) == before);
  }
}
