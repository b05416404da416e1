// SPDX-License-Identifier: MIT
// States of recurrent layers as inputs and outputs, and RNN with cells.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/functional_json.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/keras3_json.hpp"

using namespace kairos::host;
namespace k3 = kairos::tests::keras3;
using Json = nlohmann::json;
using kairos::tests::error_of;
using kairos::tests::random_values;

namespace {

Json cell_of(const char* class_name, const char* name, int units) {
  return {{"module", "keras.layers"},
          {"class_name", class_name},
          {"config", {{"name", name}, {"units", units}}},
          {"registered_name", nullptr}};
}

Json stack_of(const std::vector<Json>& cells) {
  return {{"module", "keras.layers"},
          {"class_name", "StackedRNNCells"},
          {"config", {{"name", "stacked_rnn_cells"}, {"cells", cells}}},
          {"registered_name", nullptr}};
}

/// A sequence x of (4, 3) in one layer.
Json sequence_model(const char* class_name, const Json& config, const Json& outputs) {
  return k3::model(
      {k3::input("x", {4, 3}), k3::layer(class_name, "r", config, Json::array({k3::value("x")}))}, {"x"},
      outputs);
}

Json wrapped(const char* class_name, const Json& config) {
  Json inner = config;
  inner["name"] = "inner";
  return {{"module", "keras.layers"},
          {"class_name", class_name},
          {"config", inner},
          {"registered_name", nullptr}};
}

/// An encoder whose states are those that the decoder begins with.
Json encoder_decoder(const char* class_name, int states, bool both_directions) {
  Json first{{"units", 2}, {"return_state", true}}, second{{"units", 2}, {"return_sequences", true}};
  if (both_directions) {
    first = {{"layer", wrapped(class_name, first)}};
    second = {{"layer", wrapped(class_name, second)}};
    states *= 2;
  }
  Json initial = Json::array();
  for (int i = 0; i < states; ++i) initial.push_back(k3::value("enc", 1 + i));
  const char* const name = both_directions ? "Bidirectional" : class_name;
  return k3::model(
      {k3::input("x", {4, 3}), k3::input("y", {3, 2}),
       k3::layer(name, "enc", first, Json::array({k3::value("x")})),
       k3::layer(name, "dec", second, Json::array({k3::value("y")}), {{"initial_state", initial}})},
      {"x", "y"}, {{"dec", 0, 0}});
}

}  // namespace

TEST_CASE("The state is the last output, and what a sequence goes on from", "[host][nn]") {
  for (const char* name : {"SimpleRNN", "GRU", "LSTM"}) {
    INFO(name);
    const int states = std::string(name) == "LSTM" ? 2 : 1;
    Json outputs = Json::array(), initial = Json::array();
    for (int i = 0; i <= states; ++i) outputs.push_back({"r", 0, i});
    for (int i = 0; i < states; ++i) initial.push_back(k3::value("s" + std::to_string(i)));
    const auto whole = k3::graph_of(
        sequence_model(name, {{"units", 2}, {"return_sequences", true}, {"return_state", true}}, outputs));
    CHECK(whole->outputs()[0].shape == Shape{4, 2});
    const std::vector<float> x = random_values(12, 7);
    const std::vector<float> sequence = k3::run(*whole, {x}, 1);
    const std::vector<float> last = k3::run(*whole, {x}, 1, Mode::Infer, 1);
    CHECK(last == std::vector<float>(sequence.end() - 2, sequence.end()));

    // The last two steps alone, from the states after the first two.
    Json layers = Json::array({k3::input("x", {2, 3})});
    std::vector<std::string> names{"x"};
    for (int i = 0; i < states; ++i) {
      names.push_back("s" + std::to_string(i));
      layers.push_back(k3::input(names.back(), {2}));
    }
    layers.push_back(k3::layer(name, "r", {{"units", 2}, {"return_state", true}},
                               Json::array({k3::value("x")}), {{"initial_state", initial}}));
    const auto rest = k3::graph_of(k3::model(layers, names, outputs));
    k3::copy_weights(*whole, *rest);
    const auto states_after = [&](const std::vector<float>& part,
                                  const std::vector<std::vector<float>>& before) {
      std::vector<std::vector<float>> inputs{part}, after;
      for (const auto& one : before) inputs.push_back(one);
      for (int i = 0; i < states; ++i)
        after.push_back(k3::run(*rest, inputs, 1, Mode::Infer, static_cast<std::size_t>(1 + i)));
      return after;
    };
    const std::vector<std::vector<float>> zeros(static_cast<std::size_t>(states), {0, 0});
    const auto half = states_after({x.begin(), x.begin() + 6}, zeros);
    CHECK(half[0] == std::vector<float>(sequence.begin() + 2, sequence.begin() + 4));
    const auto end = states_after({x.begin() + 6, x.end()}, half);
    for (int i = 0; i < states; ++i)
      CHECK(end[static_cast<std::size_t>(i)] ==
            k3::run(*whole, {x}, 1, Mode::Infer, static_cast<std::size_t>(1 + i)));
  }
}

TEST_CASE("Gradients pass through states", "[host][nn]") {
  for (const bool both_directions : {false, true})
    for (const char* name : {"SimpleRNN", "GRU", "LSTM"}) {
      INFO(name << both_directions);
      const int states = std::string(name) == "LSTM" ? 2 : 1;
      kairos::tests::check_gradients(*k3::graph_of(encoder_decoder(name, states, both_directions)), 3);
    }
}

TEST_CASE("A model with states is written as it was read", "[host][nn]") {
  Architecture architecture = read_keras_json(encoder_decoder("LSTM", 2, false).dump(), "model");
  const auto graph = build_graph(architecture, {}, 1);
  const std::string written = write_keras_json(architecture);
  Architecture again = read_keras_json(written, "again");
  const auto rebuilt = build_graph(again, {}, 1);
  CHECK(write_keras_json(again) == written);
  const Json decoder = Json::parse(written)["config"]["layers"].back();
  const Json initial = decoder["inbound_nodes"][0]["kwargs"]["initial_state"];
  REQUIRE(initial.size() == 2);
  CHECK(initial[1]["config"]["keras_history"] == Json({"enc", 0, 2}));
  CHECK(decoder["build_config"]["shapes_dict"]["initial_state_shape"] == Json({{nullptr, 2}, {nullptr, 2}}));
}

TEST_CASE("A layer that is called with initial states only uses a mask that the call gives", "[host][nn]") {
  const auto with = [](const Json& kwargs) {
    return k3::graph_of(
        k3::model({k3::input("x", {4, 3}), k3::input("s", {2}), k3::input("m", {4}),
                   k3::layer("Masking", "masked", Json::object(), Json::array({k3::value("x")})),
                   k3::layer("GRU", "r", {{"units", 2}}, Json::array({k3::value("masked")}), kwargs)},
                  {"x", "s", "m"}, {{"r", 0, 0}}));
  };
  const Json states{{"initial_state", Json::array({k3::value("s")})}};
  Json both = states;
  both["mask"] = k3::value("m");
  std::vector<float> x = random_values(12, 3);
  std::fill_n(x.begin() + 9, 3, 0.0F);
  const std::vector<float> s{0.5F, -0.5F};
  const auto plain = with(states), masked = with(both);
  k3::copy_weights(*plain, *masked);
  CHECK(k3::run(*plain, {x, s, {1, 1, 1, 0}}, 1) == k3::run(*masked, {x, s, {1, 1, 1, 1}}, 1));
  CHECK(k3::run(*plain, {x, s, {1, 1, 1, 0}}, 1) != k3::run(*masked, {x, s, {1, 1, 1, 0}}, 1));
}

TEST_CASE("Keras 2 writes initial states into the list of inputs", "[host][nn]") {
  const auto from = [](const char* name, int output) { return kairos::tests::of(name, 0, output); };
  const Json old = kairos::tests::FunctionalJson()
                       .input("x", {4, 3})
                       .input("y", {3, 2})
                       .layer("LSTM", "enc", {{"units", 2}, {"return_state", true}}, {{from("x", 0)}})
                       .layer("LSTM", "dec", {{"units", 2}}, {{from("y", 0), from("enc", 1), from("enc", 2)}})
                       .outputs({{"dec", 0}});
  Architecture architecture = read_keras_json(old.dump(), "model");
  const auto graph = build_graph(architecture, {}, 1);
  kairos::tests::check_gradients(*graph, 2);
  const Json call =
      Json::parse(write_keras_json(architecture))["config"]["layers"].back()["inbound_nodes"][0];
  CHECK(call["args"].size() == 1);
  CHECK(call["kwargs"]["initial_state"].size() == 2);
}

TEST_CASE("RNN of a cell is the layer of that cell", "[host][nn]") {
  const std::vector<float> x = random_values(24, 3);
  for (const char* name : {"SimpleRNN", "GRU", "LSTM"})
    for (const bool backwards : {false, true}) {
      INFO(name << backwards);
      const Json same{{"return_sequences", true}, {"go_backwards", backwards}};
      Json cell = same, plain = same;
      cell["cell"] = cell_of((std::string(name) + "Cell").c_str(), "c", 2);
      plain["units"] = 2;
      const auto a = k3::graph_of(sequence_model("RNN", cell, {{"r", 0, 0}}));
      const auto b = k3::graph_of(sequence_model(name, plain, {{"r", 0, 0}}));
      k3::copy_weights(*a, *b);
      CHECK(k3::run(*a, {x}, 2) == k3::run(*b, {x}, 2));
    }
}

TEST_CASE("Stacked cells are layers one after another, also with a mask", "[host][nn]") {
  const std::vector<Json> cells{cell_of("LSTMCell", "a", 3), cell_of("GRUCell", "b", 2)};
  const auto masked = [](std::vector<Json> layers) {
    layers.insert(layers.begin(), {k3::input("x", {4, 3}),
                                   k3::layer("Masking", "m", Json::object(), Json::array({k3::value("x")}))});
    return k3::graph_of(k3::model(layers, {"x"}, {{"r", 0, 0}}));
  };
  const Json from_mask = Json::array({k3::value("m")});
  const auto stacked = masked({k3::layer("RNN", "r", {{"cell", stack_of(cells)}}, from_mask)});
  const auto layers =
      masked({k3::layer("LSTM", "first", {{"units", 3}, {"return_sequences", true}}, from_mask),
              k3::layer("GRU", "r", {{"units", 2}}, Json::array({k3::value("first")}))});
  k3::copy_weights(*stacked, *layers);
  std::vector<float> x = random_values(24, 3);
  std::fill_n(x.begin() + 6, 3, 0.0F);
  std::fill_n(x.begin() + 21, 3, 0.0F);
  CHECK(k3::run(*stacked, {x}, 2) == k3::run(*layers, {x}, 2));
}

TEST_CASE("Gradients of stacked cells agree with finite differences", "[host][nn]") {
  const std::vector<Json> cells{cell_of("LSTMCell", "a", 3), cell_of("SimpleRNNCell", "b", 2)};
  const Json outputs = Json::array({{"r", 0, 0}, {"r", 0, 1}, {"r", 0, 2}, {"r", 0, 3}});
  for (const bool sequences : {false, true}) {
    const Json config{{"cell", stack_of(cells)}, {"return_sequences", sequences}};
    kairos::tests::check_gradients(*k3::graph_of(sequence_model("RNN", config, {{"r", 0, 0}})), 3);
    Json with_states = config;
    with_states["return_state"] = true;
    kairos::tests::check_gradients(*k3::graph_of(sequence_model("RNN", with_states, outputs)), 3);
  }
}

TEST_CASE("RNN writes its cells as Keras does", "[host][nn]") {
  const std::vector<Json> cells{cell_of("LSTMCell", "lstm_cell", 3), cell_of("LSTMCell", "lstm_cell_1", 2)};
  Architecture architecture =
      read_keras_json(sequence_model("RNN", {{"cell", stack_of(cells)}}, {{"r", 0, 0}}).dump(), "model");
  const auto graph = build_graph(architecture, {}, 1);
  const Layer& rnn = graph->layer(0);
  const Json config = rnn.config();
  CHECK(config["cell"]["class_name"] == "StackedRNNCells");
  CHECK(config["cell"]["config"]["cells"][1]["class_name"] == "LSTMCell");
  CHECK(config["cell"]["config"]["cells"][1]["config"]["units"] == 2);
  CHECK(!config["cell"]["config"]["cells"][1]["config"].contains("return_sequences"));
  CHECK(graph->layer(0).parameters()[3].name == "stacked_rnn_cells/lstm_cell_1/kernel");
  CHECK(rnn.weight_groups()[2].path == "cell/cells/lstm_cell_1");
}

TEST_CASE("Recurrent layers refuse other states and cells", "[host][nn]") {
  const auto refusal = [](const Json& layers) {
    return error_of([&] { k3::graph_of(k3::model(layers, {"x", "s"}, {{"r", 0, 0}})); });
  };
  const auto with = [&](int state_size, const char* name, const Json& config) {
    return refusal({k3::input("x", {4, 3}), k3::input("s", {state_size}),
                    k3::layer(name, "r", config, Json::array({k3::value("x")}),
                              {{"initial_state", Json::array({k3::value("s")})}})});
  };
  CHECK(with(2, "LSTM", {{"units", 2}}).find("KAIROS-M008: layer \"r\" (LSTM): ") == 0);
  CHECK(with(3, "GRU", {{"units", 2}}).find("KAIROS-M008: layer \"r\" (GRU): ") == 0);
  CHECK(with(2, "GRU", {{"units", 2}}).empty());
  CHECK(with(2, "RNN", {{"cell", stack_of({cell_of("Other", "o", 2)})}})
            .find("KAIROS-M003: layer \"r\" (RNN): \"cell\"") == 0);
  CHECK(with(2, "RNN", {{"cell", cell_of("GRUCell", "o", 2)}, {"stateful", true}})
            .find("KAIROS-M004: layer \"r\" (RNN): \"stateful\" is not supported") == 0);
}
