// SPDX-License-Identifier: MIT
// MultiHeadAttention, Attention and AdditiveAttention: masks, outputs and gradients.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/keras3_json.hpp"

using namespace kairos::host;
namespace k3 = kairos::tests::keras3;
using Json = nlohmann::json;
using kairos::tests::error_of;
using kairos::tests::random_values;

namespace {

const Json heads{{"num_heads", 2}, {"key_dim", 3}, {"value_dim", 2}};

/// A query of (3, 4) and a value of (5, 4), each after a Dense layer, in an attention layer.
Json attention_model(const std::string& class_name, const Json& config, const Json& kwargs = Json::object(),
                     bool separate = true, const Json& outputs = Json::array({{"att", 0, 0}})) {
  const auto dense = [](const char* name, const char* from) {
    return k3::layer("Dense", name, {{"units", 4}}, Json::array({k3::value(from)}));
  };
  const Json both = Json::array({k3::value("dq"), k3::value("dv")});
  return k3::model({k3::input("q", {3, 4}), k3::input("v", {5, 4}), dense("dq", "q"), dense("dv", "v"),
                    k3::layer(class_name, "att", config, separate ? both : Json::array({both}), kwargs)},
                   {"q", "v"}, outputs);
}

/// A sequence of words 0 … 4, masked where it is 0, that attends to itself.
Json self_attention(const std::string& class_name, const Json& config, bool separate, const Json& kwargs) {
  const Json both = Json::array({k3::value("e"), k3::value("e")});
  return k3::model({k3::input("words", {4}),
                    k3::layer("Embedding", "e", {{"input_dim", 5}, {"output_dim", 4}, {"mask_zero", true}},
                              Json::array({k3::value("words")})),
                    k3::layer(class_name, "att", config, separate ? both : Json::array({both}), kwargs)},
                   {"words"}, {{"att", 0, 0}});
}

}  // namespace

TEST_CASE("Gradients of attention agree with finite differences", "[host][nn]") {
  const Json scores = {{"return_attention_scores", true}};
  const Json both = Json::array({{"att", 0, 0}, {"att", 0, 1}});
  std::vector<Json> models{attention_model("MultiHeadAttention", heads),
                           attention_model("MultiHeadAttention", heads, {{"use_causal_mask", true}}),
                           attention_model("MultiHeadAttention", heads, scores, true, both)};
  Json shaped = heads;
  shaped["output_shape"] = 2;
  shaped["use_bias"] = false;
  shaped["dropout"] = 0.3;
  models.push_back(attention_model("MultiHeadAttention", shaped));
  for (const bool scaled : {false, true})
    for (const char* mode : {"dot", "concat"}) {
      const Json config{{"use_scale", scaled}, {"score_mode", mode}, {"dropout", scaled ? 0.3 : 0.0}};
      models.push_back(attention_model("Attention", config, {{"use_causal_mask", scaled}}, false));
    }
  models.push_back(attention_model("Attention", {{"use_scale", true}}, scores, false, both));
  for (const bool scaled : {false, true})
    models.push_back(attention_model("AdditiveAttention", {{"use_scale", scaled}}, Json::object(), false));
  for (const Json& model : models) {
    INFO(model["config"]["layers"].back().dump());
    kairos::tests::check_gradients(*k3::graph_of(model), 2);
  }
}

TEST_CASE("Gradients of attention of a masked sequence to itself agree with finite differences",
          "[host][nn]") {
  for (const Json& model : {self_attention("MultiHeadAttention", heads, true, {{"use_causal_mask", true}}),
                            self_attention("Attention", {{"use_scale", true}}, false, Json::object()),
                            self_attention("AdditiveAttention", Json::object(), false, Json::object())})
    kairos::tests::check_gradients(*k3::graph_of(model), 2, 1e-2F, {{1, 2, 3, 0, 4, 1, 0, 0}});
}

TEST_CASE("Masked values do not change the result of attention", "[host][nn]") {
  for (const char* name : {"MultiHeadAttention", "Attention", "AdditiveAttention"}) {
    INFO(name);
    const bool multi = std::string(name) == "MultiHeadAttention";
    const auto graph =
        k3::graph_of(self_attention(name, multi ? heads : Json::object(), multi, Json::object()));
    const std::vector<float> before = k3::run(*graph, {{3, 1, 0, 0}}, 1);
    Parameter& words = graph->layer(0).parameters()[0];
    for (std::int64_t i = 0; i < 4; ++i) words.values.data()[i] += 5;  // word 0
    const std::vector<float> after = k3::run(*graph, {{3, 1, 0, 0}}, 1);
    const auto valid = static_cast<std::ptrdiff_t>(before.size() / 2);
    CHECK(std::equal(before.begin(), before.begin() + valid, after.begin()));
    CHECK(graph->output_mask(0) != nullptr);
    if (!multi) CHECK(std::all_of(before.begin() + valid, before.end(), [](float y) { return y == 0; }));
  }
}

TEST_CASE("Layers after MultiHeadAttention do not see the mask of its input", "[host][nn]") {
  const auto masked = [](const char* from) {
    const Json both = Json::array({k3::value("e"), k3::value("e")});
    return k3::graph_of(
        k3::model({k3::input("words", {4}),
                   k3::layer("Embedding", "e", {{"input_dim", 5}, {"output_dim", 4}, {"mask_zero", true}},
                             Json::array({k3::value("words")})),
                   k3::layer("MultiHeadAttention", "att", heads, both),
                   k3::layer("Add", "sum", Json::object(),
                             Json::array({Json::array({k3::value("e"), k3::value("att")})})),
                   k3::layer("Activation", "y", {{"activation", "tanh"}}, Json::array({k3::value(from)}))},
                  {"words"}, {{"sum", 0, 0}, {"y", 0, 0}}));
  };
  CHECK(masked("att")->masks_output(1));
  const auto graph = masked("sum");
  k3::run(*graph, {{3, 1, 0, 0}}, 1);
  const Mask mask = graph->output_mask(1);
  CHECK((mask == nullptr || (mask[2] == 1 && mask[3] == 1)));
}

TEST_CASE("A causal mask hides what comes later", "[host][nn]") {
  for (const char* name : {"MultiHeadAttention", "Attention", "AdditiveAttention"}) {
    const bool multi = std::string(name) == "MultiHeadAttention";
    const auto graph = k3::graph_of(
        self_attention(name, multi ? heads : Json::object(), multi, {{"use_causal_mask", true}}));
    const std::vector<float> one = k3::run(*graph, {{3, 1, 2, 4}}, 1),
                             other = k3::run(*graph, {{3, 1, 4, 1}}, 1);
    CHECK(std::equal(one.begin(), one.begin() + 8, other.begin()));
    CHECK(one[8] != other[8]);
  }
}

TEST_CASE("The scores of attention are an output, and an attention_mask makes them 0", "[host][nn]") {
  const Json call{{"return_attention_scores", true}, {"attention_mask", k3::value("m")}};
  const Json model =
      k3::model({k3::input("q", {3, 4}), k3::input("v", {5, 4}), k3::input("m", {3, 5}),
                 k3::layer("MultiHeadAttention", "att", heads, {k3::value("q"), k3::value("v")}, call)},
                {"q", "v", "m"}, {{"att", 0, 0}, {"att", 0, 1}});
  const auto graph = k3::graph_of(model);
  CHECK(graph->outputs()[0].shape == Shape{3, 4});
  REQUIRE(graph->outputs()[1].shape == Shape{2, 3, 5});
  const std::vector<float> mask{1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0};
  const std::vector<float> scores =
      k3::run(*graph, {random_values(12, 1), random_values(20, 2), mask}, 1, Mode::Infer, 1);
  for (std::size_t head = 0; head < 2; ++head)
    for (std::size_t query = 0; query < 3; ++query) {
      float sum = 0;
      for (std::size_t key = 0; key < 5; ++key) {
        const float score = scores[(head * 3 + query) * 5 + key];
        sum += score;
        if (query == 2) CHECK(score == Approx(0.2F));  // Nothing is allowed: as in Keras, all alike.
        if (query < 2) CHECK((score != 0) == (mask[query * 5 + key] != 0));
      }
      CHECK(sum == Approx(1));
    }
  // What is written is read again as the same.
  Architecture architecture = read_keras_json(model.dump(), "model");
  const auto built = build_graph(architecture, {}, 1);
  const std::string written = write_keras_json(architecture);
  Architecture again = read_keras_json(written, "again");
  const auto rebuilt = build_graph(again, {}, 1);
  CHECK(write_keras_json(again) == written);
  const Json attention = Json::parse(written)["config"]["layers"].back();
  CHECK(attention["build_config"]["shapes_dict"]["value_shape"] == Json({nullptr, 5, 4}));
  CHECK(attention["inbound_nodes"][0]["kwargs"]["return_attention_scores"] == true);
}

TEST_CASE("An attention_mask may be made of masks by nodes", "[host][nn]") {
  // mask[:, None, :] & mask[:, :, None], as for padding in both directions.
  const Json all{{"class_name", "__slice__"},
                 {"config", {{"start", nullptr}, {"stop", nullptr}, {"step", nullptr}}}};
  const auto index = [&](const Json& items) { return Json{{"class_name", "__tuple__"}, {"items", items}}; };
  const auto graph = k3::graph_of(
      k3::model({k3::input("q", {3, 4}), k3::input("m", {3}),
                 k3::operation("GetItem", "row", {k3::value("m"), index({all, nullptr, all})}),
                 k3::operation("GetItem", "column", {k3::value("m"), index({all, all, nullptr})}),
                 k3::operation("LogicalAnd", "both", {k3::value("row"), k3::value("column")}),
                 k3::layer("MultiHeadAttention", "att", heads, {k3::value("q"), k3::value("q")},
                           {{"attention_mask", k3::value("both")}, {"return_attention_scores", true}})},
                {"q", "m"}, {{"att", 0, 0}, {"att", 0, 1}}));
  const std::vector<float> scores = k3::run(*graph, {random_values(12, 1), {1, 1, 0}}, 1, Mode::Infer, 1);
  CHECK(scores[2] == 0);
  CHECK(scores[0] + scores[1] == Approx(1));
}

TEST_CASE("Attention of one key returns its value", "[host][nn]") {
  const auto graph = k3::graph_of(
      k3::model({k3::input("q", {2, 3}), k3::input("v", {1, 2}), k3::input("k", {1, 3}),
                 k3::layer("Attention", "att", Json::object(),
                           Json::array({Json::array({k3::value("q"), k3::value("v"), k3::value("k")})}))},
                {"q", "v", "k"}, {{"att", 0, 0}}));
  CHECK(k3::run(*graph, {{1, 2, 3, 4, 5, 6}, {7, 8}, {1, 1, 1}}, 1) == std::vector<float>{7, 8, 7, 8});
}

TEST_CASE("Attention refuses what it cannot do", "[host][nn]") {
  const auto refusal = [](const std::string& class_name, Json config, const Json& args,
                          const Json& kwargs = Json::object()) {
    return error_of([&] {
      k3::graph_of(k3::model({k3::input("q", {3, 4}), k3::input("v", {5, 2}),
                              k3::layer(class_name, "a", std::move(config), args, kwargs)},
                             {"q", "v"}, {{"a", 0, 0}}));
    });
  };
  const Json q = k3::value("q"), v = k3::value("v");
  CHECK(refusal("MultiHeadAttention", {{"num_heads", 2}, {"key_dim", 2}, {"use_gate", true}}, {q, v})
            .find("KAIROS-M004: layer \"a\" (MultiHeadAttention): \"use_gate\" is not supported") == 0);
  CHECK(refusal("MultiHeadAttention", {{"num_heads", 2}, {"key_dim", 2}, {"sliding_window", 4}}, {q, v})
            .find("KAIROS-M004: ") == 0);
  CHECK(refusal("MultiHeadAttention", {{"num_heads", 2}, {"key_dim", 2}, {"attention_axes", {2}}}, {q, v})
            .find("KAIROS-M008: ") == 0);
  CHECK(refusal("MultiHeadAttention", {{"num_heads", 2}, {"key_dim", 2}}, {q}).find("KAIROS-M005: ") == 0);
  CHECK(refusal("MultiHeadAttention", {{"num_heads", 2}, {"key_dim", 2}}, {q, v}, {{"attention_mask", q}})
            .find("KAIROS-M008: ") == 0);
  CHECK(
      refusal("Attention", Json::object(), Json::array({Json::array({q, v})}))
          .find("KAIROS-M008: layer \"a\" (Attention): the input shape is not supported; found shape (5, 2), "
                "expected keys as wide as the query: 4") == 0);
  CHECK(refusal("Attention", {{"score_mode", "cosine"}}, Json::array({Json::array({q, v})}))
            .find("KAIROS-M003: ") == 0);
  CHECK(refusal("Attention", Json::object(), Json::array({q})).find("KAIROS-M008: ") == 0);
}
