// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::graph_of;
using kairos::tests::made;

namespace {

/// Copies its input and masks the steps whose first value is above a limit.
class MaskMaker final : public Layer {
 public:
  static std::unique_ptr<Layer> make(float limit) {
    const nlohmann::json json{{"name", "mask"}};
    ConfigReader config(json, "mask");
    return std::make_unique<MaskMaker>(config, limit);
  }
  MaskMaker(ConfigReader& config, float limit) : Layer(config, "MaskMaker"), limit_(limit) {}

  Shape build(std::span<const Shape> inputs, const BuildContext&) override { return shape_ = inputs.front(); }
  [[nodiscard]] MaskRule mask_rule(bool) const override { return MaskRule::Make; }
  void forward(const GraphPass& pass, const LayerValues& v) override {
    std::copy_n(v.inputs.front(), pass.batch * size_of(shape_), v.output);
    for (std::int64_t i = 0; i < pass.batch * shape_[0]; ++i)
      v.output_mask[i] = v.output[i * shape_[1]] > limit_ ? 0.0F : 1.0F;
  }
  void backward(const GraphPass&, const LayerGradients&) override {}

 protected:
  void write_config(nlohmann::json&) const override {}

 private:
  float limit_;
  Shape shape_;
};

/// The result for a masked sequence of (steps, channels); `x` holds whole samples.
std::vector<float> pooled(const char* class_name, float limit, const Shape& shape,
                          const std::vector<float>& x) {
  Graph graph(1);
  const auto input = graph.add_input("x", shape);
  const auto masked = graph.add(MaskMaker::make(limit), {input});
  const auto output = graph.add(made(class_name, {{"name", "pool"}}), {masked});
  graph.add_output("pool", output);
  const auto batch = static_cast<std::int64_t>(x.size()) / size_of(shape);
  graph.forward({batch, Mode::Train, 0}, std::vector<const float*>{x.data()});
  CHECK(graph.output_mask(0) == nullptr);
  return {graph.output(0), graph.output(0) + batch * shape.back()};
}

}  // namespace

TEST_CASE("Global pooling over one dimension computes the maximum or the mean of the steps", "[host][nn]") {
  const auto forward = [](const char* text, const std::vector<float>& x) {
    const auto graph = graph_of(text);
    graph->forward({1, Mode::Train, 0}, std::vector<const float*>{x.data()});
    return std::vector<float>{graph->output(0), graph->output(0) + size_of(graph->outputs()[0].shape)};
  };
  CHECK(forward("input(3,2) globalmaxpool1d", {1, -2, 5, -4, 3, -6}) == std::vector<float>{5, -2});
  CHECK(forward("input(3,2) globalavgpool1d", {1, -2, 5, -4, 3, -6}) == std::vector<float>{3, -4});
  CHECK(graph_of("input(3,2) globalavgpool1d(keepdims=true)")->outputs()[0].shape == Shape{1, 2});
  CHECK(graph_of("input(3,2) globalmaxpool1d(keepdims=true)")->outputs()[0].shape == Shape{1, 2});
  CHECK(graph_of("input(3,2) globalmaxpool1d(keepdims=true)")->layer(0).config()["keepdims"] == true);
}

TEST_CASE("GlobalAveragePooling1D ignores masked steps, as in Keras", "[host][nn]") {
  // Two samples of three steps; the first has one step masked, the second none.
  const std::vector<float> x{1, 10, 9, 90, 3, 30, 1, 2, 3, 4, 5, 9};
  CHECK(pooled("GlobalAveragePooling1D", 8, {3, 2}, x) == std::vector<float>{2, 20, 3, 5});
  CHECK(pooled("GlobalMaxPooling1D", 8, {3, 2}, x) == std::vector<float>{9, 90, 5, 9});
  CHECK(std::isnan(pooled("GlobalAveragePooling1D", 0, {3, 2}, x)[0]));  // 0 / 0, as in Keras
}

TEST_CASE("The gradients of global pooling agree with finite differences", "[host][nn]") {
  for (const char* pool : {"globalavgpool1d", "globalmaxpool1d", "globalavgpool1d(keepdims=true)"})
    for (const std::int64_t batch : {1, 3})
      check_gradients(*graph_of(std::string("input(5,2) dense(3,tanh) ") + pool + " flatten dense(2)"), batch,
                      1e-3F);
}

TEST_CASE("The gradient of a masked mean goes to the steps that count", "[host][nn]") {
  Graph graph(1);
  const auto input = graph.add_input("x", {4, 2});
  // The mask depends on the data only, so it does not change with the weights.
  const auto masked = graph.add(MaskMaker::make(0.2F), {input});
  const auto dense =
      graph.add(made("Dense", {{"name", "d"}, {"units", 3}, {"activation", "tanh"}}), {masked});
  graph.add_output("pool", graph.add(made("GlobalAveragePooling1D", {{"name", "pool"}}), {dense}));
  check_gradients(graph, 3);
}
