// SPDX-License-Identifier: MIT
// StochasticDepth and CustomScaleLayer of keras.applications.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/keras3_json.hpp"

using namespace kairos::host;
namespace k3 = kairos::tests::keras3;
using Json = nlohmann::json;

namespace {

/// As Keras writes them: with the module in which the class is, and the name of the class.
Json application_layer(const char* module, const char* class_name, const Json& config, const Json& args) {
  Json layer = k3::layer(class_name, class_name, config, args);
  layer["module"] = std::string("keras.src.applications.") + module;
  layer["registered_name"] = class_name;
  return layer;
}

/// x + scale · depth(dense(x))
Json residual_block(double drop_rate) {
  return k3::model(
      {k3::input("x", {2, 3}), k3::layer("Dense", "d", {{"units", 3}}, Json::array({k3::value("x")})),
       application_layer("convnext", "StochasticDepth", {{"drop_path_rate", drop_rate}},
                         Json::array({k3::value("d")})),
       application_layer("inception_resnet_v2", "CustomScaleLayer", {{"scale", 0.2}},
                         Json::array({Json::array({k3::value("x"), k3::value("StochasticDepth")})}))},
      {"x"}, {{"CustomScaleLayer", 0, 0}});
}

}  // namespace

TEST_CASE("Gradients of layers of keras.applications agree with finite differences", "[host][nn]") {
  for (const double rate : {0.0, 0.4}) kairos::tests::check_gradients(*k3::graph_of(residual_block(rate)), 5);
}

TEST_CASE("StochasticDepth drops whole samples in training only", "[host][nn]") {
  const auto graph = k3::graph_of(k3::model(
      {k3::input("x", {3}), application_layer("convnext", "StochasticDepth", {{"drop_path_rate", 0.5}},
                                              Json::array({k3::value("x")}))},
      {"x"}, {{"StochasticDepth", 0, 0}}));
  const std::vector<float> ones(60, 1.0F);
  CHECK(k3::run(*graph, {ones}, 20) == ones);
  const std::vector<float> trained = k3::run(*graph, {ones}, 20, Mode::Train);
  int dropped = 0;
  for (std::size_t row = 0; row < 20; ++row) {
    CHECK((trained[row * 3] == 0 || trained[row * 3] == 2));
    CHECK((trained[row * 3] == trained[row * 3 + 1] && trained[row * 3] == trained[row * 3 + 2]));
    dropped += trained[row * 3] == 0 ? 1 : 0;
  }
  CHECK((dropped > 2 && dropped < 18));
}

TEST_CASE("Layers of keras.applications are written with their module", "[host][nn]") {
  const Json read = residual_block(0.1);
  Architecture architecture = read_keras_json(read.dump(), "model");
  const auto graph = build_graph(architecture, {}, 1);
  const Json written = Json::parse(write_keras_json(architecture));
  for (std::size_t i = 2; i < 4; ++i)
    for (const char* key : {"module", "class_name", "registered_name"})
      CHECK(written["config"]["layers"][i][key] == read["config"]["layers"][i][key]);
}

TEST_CASE("CustomScaleLayer refuses inputs of different shapes", "[host][nn]") {
  const std::string refusal = kairos::tests::error_of([] {
    k3::graph_of(k3::model({k3::input("x", {4}), k3::input("y", {3}),
                            application_layer("inception_resnet_v2", "CustomScaleLayer", {{"scale", 1}},
                                              Json::array({Json::array({k3::value("x"), k3::value("y")})}))},
                           {"x", "y"}, {{"CustomScaleLayer", 0, 0}}));
  });
  CHECK(refusal.find("KAIROS-M008: layer \"CustomScaleLayer\" (CustomScaleLayer): ") == 0);
}
