// SPDX-License-Identifier: MIT
// keras.ops nodes that change shapes, select, reduce or multiply matrices.
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

namespace {

struct OperationResult {
  std::vector<float> values;
  Shape shape;
};

/// The operation of one sample of the given shape, whose values are 1, 2, 3, …
OperationResult result_of(const std::string& class_name, const Json& config, const Json& shape,
                          const Json& more_args = Json::array()) {
  Json args = Json::array({k3::value("x")});
  for (const Json& one : more_args) args.push_back(one);
  const auto graph = k3::graph_of(
      k3::model({k3::input("x", shape), k3::operation(class_name, "y", args, config)}, {"x"}, {{"y", 0, 0}}));
  std::vector<float> x(static_cast<std::size_t>(size_of(graph->inputs()[0].shape)));
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i + 1);
  return {k3::run(*graph, {x}, 1), graph->outputs()[0].shape};
}

Json slice(const Json& start, const Json& stop, const Json& step = nullptr) {
  return {{"class_name", "__slice__"}, {"config", {{"start", start}, {"stop", stop}, {"step", step}}}};
}
Json tuple(const Json& items) {
  return {{"class_name", "__tuple__"}, {"items", items}};
}
const Json everything = slice(nullptr, nullptr);
const Json ellipsis{{"class_name", "__ellipsis__"}, {"config", Json::object()}};

}  // namespace

TEST_CASE("Reductions are over axes of the sample", "[host][nn]") {
  const auto values = [](const char* name, const Json& axis) {
    return result_of(name, {{"axis", axis}, {"keepdims", false}}, {2, 3}).values;
  };
  CHECK(values("Mean", 1) == std::vector<float>{2.5F, 3.5F, 4.5F});
  CHECK(values("Mean", -1) == std::vector<float>{2, 5});
  CHECK(values("Sum", {1, 2}) == std::vector<float>{21});
  CHECK(values("Sum", tuple({1, 2})) == std::vector<float>{21});
  CHECK(values("Max", 1) == std::vector<float>{4, 5, 6});
  CHECK(values("Min", 2) == std::vector<float>{1, 4});
  CHECK(values("Prod", 2) == std::vector<float>{6, 120});
  CHECK(values("Var", 1) == std::vector<float>{2.25F, 2.25F, 2.25F});
  CHECK(values("Std", 1) == std::vector<float>{1.5F, 1.5F, 1.5F});
  CHECK(values("Logsumexp", 1)[0] == Approx(std::log(std::exp(1) + std::exp(4))));
  CHECK(result_of("Mean", {{"axis", 1}, {"keepdims", true}}, {2, 3}).shape == Shape{1, 3});
  CHECK(error_of([] {
          result_of("Mean", {{"axis", nullptr}}, {2});
        }).find("KAIROS-M003: layer \"y\" (Mean): \"axis\"") == 0);
  CHECK(error_of([] { result_of("Mean", {{"axis", 0}}, {2}); }).find("KAIROS-M003: ") == 0);
  CHECK(error_of([] { result_of("Mean", {{"axis", 3}}, {2}); }).find("KAIROS-M008: ") == 0);
}

TEST_CASE("Shapes change as in NumPy, with the batch first", "[host][nn]") {
  CHECK(result_of("Reshape", {{"newshape", {-1, 3, 2}}}, {2, 3}).shape == Shape{3, 2});
  CHECK(result_of("Reshape", {{"newshape", tuple({-1, 6})}}, {2, 3}).shape == Shape{6});
  CHECK(result_of("Reshape", {{"newshape", {4, 2, -1}}}, {2, 3}).shape == Shape{2, 3});
  CHECK(result_of("ExpandDims", {{"axis", 1}}, {2, 3}).shape == Shape{1, 2, 3});
  CHECK(result_of("Squeeze", {{"axis", nullptr}}, {1, 3, 1}).shape == Shape{3});
  CHECK(result_of("Squeeze", {{"axis", 1}}, {1, 3, 1}).shape == Shape{3, 1});
  const OperationResult turned = result_of("Transpose", {{"axes", {0, 2, 1}}}, {2, 3});
  CHECK(turned.shape == Shape{3, 2});
  CHECK(turned.values == std::vector<float>{1, 4, 2, 5, 3, 6});
  CHECK(result_of("Swapaxes", {{"axis1", 1}, {"axis2", -1}}, {2, 3}).values == turned.values);
  CHECK(result_of("Moveaxis", {{"source", -1}, {"destination", 1}}, {2, 3}).values == turned.values);
  CHECK(error_of([] { result_of("Reshape", {{"newshape", {-1, 4}}}, {2, 3}); }).find("KAIROS-M008: ") == 0);
  CHECK(error_of([] { result_of("Transpose", {{"axes", {1, 0, 2}}}, {2, 3}); }).find("KAIROS-M003: ") == 0);
  CHECK(error_of([] { result_of("Squeeze", {{"axis", 2}}, {1, 3}); }).find("KAIROS-M008: ") == 0);
}

TEST_CASE("An index selects as in NumPy", "[host][nn]") {
  const auto item = [](const Json& key) {
    return result_of("GetItem", Json::object(), {2, 3}, Json::array({key}));
  };
  CHECK(item(tuple({everything, 0})).values == std::vector<float>{1, 2, 3});
  CHECK(item(tuple({everything, -1})).shape == Shape{3});
  CHECK(item(tuple({everything, everything, slice(1, nullptr)})).values == std::vector<float>{2, 3, 5, 6});
  CHECK(item(tuple({everything, everything, slice(nullptr, nullptr, -2)})).values ==
        std::vector<float>{3, 1, 6, 4});
  CHECK(item(tuple({ellipsis, 1})).values == std::vector<float>{2, 5});
  CHECK(item(tuple({everything, nullptr})).shape == Shape{1, 2, 3});
  CHECK(item(everything).shape == Shape{2, 3});
  for (const Json& key :
       {Json(0), tuple({slice(1, nullptr), 0}), tuple({everything, "a"}), tuple(Json::array())})
    CHECK(error_of([&] { item(key); }).find("KAIROS-M102: layer \"y\" (GetItem): the index") == 0);
  for (const std::int64_t huge : {INT64_MIN, INT64_MAX}) {
    CHECK(error_of([&] {
            item(tuple({everything, slice(nullptr, nullptr, huge)}));
          }).find("KAIROS-M102: ") == 0);
    CHECK(error_of([&] { item(tuple({everything, huge})); }).find("KAIROS-M102: ") == 0);
  }
  CHECK(error_of([&] { item(tuple({everything, 2})); }).find("KAIROS-M008: ") == 0);
  CHECK(error_of([&] { item(tuple({everything, slice(2, 2)})); }).find("KAIROS-M008: ") == 0);
}

TEST_CASE("An operation may have a constant array", "[host][nn]") {
  const Json column{{"class_name", "__numpy__"}, {"config", {{"value", {{1}, {-1}}}, {"dtype", "float32"}}}};
  CHECK(result_of("Multiply", Json::object(), {2, 3}, Json::array({column})).values ==
        std::vector<float>{1, 2, 3, -4, -5, -6});
  CHECK(result_of("Add", Json::object(), {3}, Json::array({Json{10, 20, 30}})).values ==
        std::vector<float>{11, 22, 33});
  CHECK(result_of("Power", Json::object(), {3}, Json::array({2})).values == std::vector<float>{1, 4, 9});
  CHECK(error_of([] {
          result_of("Add", Json::object(), {2}, Json::array({Json::array({{1, 2}, {3, 4}})}));
        }).find("KAIROS-M008: ") == 0);
  CHECK(error_of([] {
          result_of("Add", Json::object(), {2}, Json::array({Json::array({{1, 2}, 3})}));
        }).find("KAIROS-M102: ") == 0);
}

TEST_CASE("Clip and where choose values", "[host][nn]") {
  CHECK(result_of("Clip", {{"x_min", 2}, {"x_max", 3}}, {4}).values == std::vector<float>{2, 2, 3, 3});
  CHECK(error_of([] { result_of("Clip", {{"x_min", 2}}, {4}); }).find("KAIROS-M003: ") == 0);
  const Json condition = k3::operation("Greater", "c", {k3::value("x"), 2});
  const auto graph =
      k3::graph_of(k3::model({k3::input("x", {2, 2}), k3::input("w", {1, 2}), condition,
                              k3::operation("Where", "y", {k3::value("c"), k3::value("w"), -1})},
                             {"x", "w"}, {{"y", 0, 0}}));
  CHECK(k3::run(*graph, {{1, 4, 3, 2}, {7, 8}}, 1) == std::vector<float>{-1, 8, 7, -1});
  CHECK(error_of([] { result_of("Where", Json::object(), {2}, {1}); }).find("KAIROS-M102: ") == 0);
}

TEST_CASE("A result of broadcasting that fills the memory is refused", "[host][nn]") {
  const int many = 1 << 20;
  for (const char* name : {"Add", "Where"}) {
    Json args = Json::array({k3::value("a"), k3::value("b")});
    if (std::string(name) == "Where") args.push_back(1);
    const std::string refusal = error_of([&] {
      k3::graph_of(
          k3::model({k3::input("a", {many, 1}), k3::input("b", {1, many}), k3::operation(name, "y", args)},
                    {"a", "b"}, {{"y", 0, 0}}));
    });
    CHECK(refusal.find(std::string("KAIROS-M008: layer \"y\" (") + name + "): ") == 0);
  }
}

TEST_CASE("A node is written as it was read", "[host][nn]") {
  const Json key = tuple({everything, slice(0, 1), 0});
  const Json read = k3::model(
      {k3::input("x", {2, 3}), k3::operation("GetItem", "item", {k3::value("x"), key}),
       k3::operation("Mean", "y", Json::array({k3::value("item")}), {{"axis", {1}}, {"keepdims", true}})},
      {"x"}, {{"y", 0, 0}});
  Architecture architecture = read_keras_json(read.dump(), "model");
  const auto graph = build_graph(architecture, {}, 1);
  const Json written = Json::parse(write_keras_json(architecture));
  for (std::size_t i = 1; i < 3; ++i) {
    const Json &mine = written["config"]["layers"][i], &original = read["config"]["layers"][i];
    for (const char* name : {"module", "class_name", "registered_name", "name", "config"})
      CHECK(mine[name] == original[name]);
  }
  CHECK(written["config"]["layers"][1]["inbound_nodes"][0]["args"][1] == key);
}

TEST_CASE("Gradients of operations on shapes agree with finite differences", "[host][nn]") {
  const Json middle = Json::array({k3::value("d")});
  std::vector<Json> operations;
  for (const char* name : {"Mean", "Sum", "Max", "Min", "Prod", "Var", "Std", "Logsumexp"})
    operations.push_back(k3::operation(name, "y", middle, {{"axis", 1}, {"keepdims", false}}));
  operations.push_back(k3::operation("Transpose", "y", middle, {{"axes", {0, 2, 1}}}));
  operations.push_back(k3::operation("Reshape", "y", middle, {{"newshape", {-1, 12}}}));
  operations.push_back(k3::operation(
      "GetItem", "y", {k3::value("d"), tuple({everything, everything, slice(nullptr, nullptr, 2)})}));
  for (const char* name :
       {"Power", "Reciprocal", "Rsqrt", "Expm1", "Log1p", "Sin", "Cos", "Erf", "Gelu", "Sqrt"}) {
    const Json args = std::string(name) == "Power" ? Json::array({k3::value("d"), 2.5}) : middle;
    operations.push_back(k3::operation(name, "y", args));
  }
  // Bounds that no value is near, because differences are wrong where one is crossed.
  operations.push_back(k3::operation("Clip", "y", middle, {{"x_min", 0}, {"x_max", 2}}));
  operations.push_back(k3::operation("Clip", "y", middle, {{"x_min", 1}, {"x_max", 2}}));
  operations.push_back(k3::operation("Where", "y", {k3::value("d"), k3::value("d"), 2}));
  operations.push_back(k3::operation("Matmul", "y", {k3::value("d"), k3::value("t")}));
  for (const Json& one : operations) {
    INFO(one["class_name"]);
    Json layers{
        k3::input("x", {3, 2}),
        k3::layer("Dense", "d", {{"units", 4}, {"activation", "sigmoid"}, {"bias_initializer", "ones"}},
                  Json::array({k3::value("x")})),
        one};
    if (one["class_name"] == "Matmul")
      layers.push_back(k3::operation("Transpose", "t", middle, {{"axes", {0, 2, 1}}}));
    const auto graph = k3::graph_of(k3::model(layers, {"x"}, {{"y", 0, 0}}));
    kairos::tests::check_gradients(*graph, 2, 4e-3F);
  }
}
