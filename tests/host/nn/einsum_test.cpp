// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::error_of;
using kairos::tests::graph_of;
using kairos::tests::made;
using kairos::tests::random_values;

namespace {

nlohmann::json einsum(const char* equation, const nlohmann::json& output_shape,
                      const nlohmann::json& bias_axes) {
  return {{"name", "e"}, {"equation", equation}, {"output_shape", output_shape}, {"bias_axes", bias_axes}};
}

struct EinsumCase {
  const char* equation;
  nlohmann::json output_shape;
  nlohmann::json bias_axes;
  Shape input, kernel, bias, output;
};

const std::vector<EinsumCase>& einsum_cases() {
  static const std::vector<EinsumCase> cases{
      {"ab,bc->ac", 5, "c", {3}, {3, 5}, {5}, {5}},
      {"abc,cd->abd", {nullptr, 5}, "d", {2, 3}, {3, 5}, {5}, {2, 5}},
      {"...x,xy->...y", 5, "y", {2, 3}, {3, 5}, {5}, {2, 5}},
      {"...x,xy->...y", 5, "y", {3}, {3, 5}, {5}, {5}},
      {"ab...,bc->ac...", 4, "c", {3, 2}, {3, 4}, {4, 1}, {4, 2}},
      {"abc,cde->abde", {2, 3, 4}, "de", {2, 5}, {5, 3, 4}, {3, 4}, {2, 3, 4}},
      {"abcd,cde->abe", {2, 3}, "e", {2, 4, 3}, {4, 3, 3}, {3}, {2, 3}},
      {"abc,bd->adc", {4, 3}, "d", {2, 3}, {2, 4}, {4, 1}, {4, 3}},
      {"abc,bcd->abd", {2, 4}, "bd", {2, 3}, {2, 3, 4}, {2, 4}, {2, 4}},
      {"abc,dcb->acbd", {3, 2, 4}, "d", {2, 3}, {4, 3, 2}, {4}, {3, 2, 4}},
      {"abc,dc->abd", {2, 4}, nullptr, {2, 3}, {4, 3}, {}, {2, 4}},
      {"ab,cd->abcd", {3, 2, 2}, "bc", {3}, {2, 2}, {3, 2, 1}, {3, 2, 2}},
  };
  return cases;
}

/// The sum over all dimensions that the output does not have, letter by letter.
std::vector<double> expected_einsum(std::string equation, const EinsumCase& c, const std::vector<float>& x,
                                    std::int64_t batch, const float* kernel) {
  const auto dots = equation.find("...");
  if (dots != std::string::npos) {  // an unused letter for each dimension
    const std::size_t letters = equation.find(',') - 3, missing = c.input.size() + 1 - letters;
    const std::string names = std::string("PQR").substr(0, missing);
    for (std::size_t at = dots; at != std::string::npos; at = equation.find("..."))
      equation.replace(at, 3, names);
  }
  const std::size_t comma = equation.find(','), arrow = equation.find("->");
  const std::string in = equation.substr(0, comma), by = equation.substr(comma + 1, arrow - comma - 1),
                    out = equation.substr(arrow + 2);
  std::map<char, std::int64_t> size;
  for (std::size_t i = 0; i < in.size(); ++i) size[in[i]] = i == 0 ? batch : c.input[i - 1];
  for (std::size_t i = 0; i < by.size(); ++i) size[by[i]] = c.kernel[i];
  std::int64_t places = 1, results = 1;
  for (const auto& [letter, n] : size) places *= n;
  for (const char letter : out) results *= size[letter];
  std::vector<double> y(static_cast<std::size_t>(results), 0);
  for (std::int64_t place = 0; place < places; ++place) {
    std::map<char, std::int64_t> at;
    std::int64_t rest = place;
    for (const auto& [letter, n] : size) {
      at[letter] = rest % n;
      rest /= n;
    }
    const auto offset = [&](const std::string& letters) {
      std::int64_t position = 0;
      for (const char letter : letters) position = position * size[letter] + at[letter];
      return static_cast<std::size_t>(position);
    };
    y[offset(out)] += static_cast<double>(x[offset(in)]) * static_cast<double>(kernel[offset(by)]);
  }
  return y;
}

}  // namespace

TEST_CASE("EinsumDense computes the sums that its equation names", "[host][nn]") {
  constexpr std::int64_t batch = 3;
  for (const EinsumCase& c : einsum_cases()) {
    INFO(c.equation << " of rank " << c.input.size());
    Graph graph(1);
    const auto input = graph.add_input("x", c.input);
    graph.add_output(
        "y", graph.add(made("EinsumDense", einsum(c.equation, c.output_shape, c.bias_axes)), {input}));
    REQUIRE(graph.outputs()[0].shape == c.output);
    const auto parameters = graph.layer(0).parameters();
    REQUIRE(parameters[0].shape == c.kernel);
    if (!c.bias_axes.is_null()) {
      REQUIRE(parameters[1].shape == c.bias);
      std::fill_n(parameters[1].values.data(), size_of(c.bias), 0.5F);
    }
    const std::vector<float> x = random_values(batch * size_of(c.input), 2);
    const std::vector<float> y = kairos::tests::forward(graph, x, batch);
    const std::vector<double> expected =
        expected_einsum(c.equation, c, x, batch, parameters[0].values.data());
    REQUIRE(y.size() == expected.size());
    for (std::size_t i = 0; i < y.size(); ++i)
      REQUIRE(static_cast<double>(y[i]) ==
              Approx(expected[i] + (!c.bias_axes.is_null() ? 0.5 : 0.0)).margin(1e-5));
  }
}

TEST_CASE("The gradients of EinsumDense agree with finite differences", "[host][nn]") {
  for (const EinsumCase& c : einsum_cases())
    for (const std::int64_t batch : {1, 3}) {
      INFO(c.equation << " of rank " << c.input.size() << ", batch " << batch);
      Graph graph(1);
      const auto input = graph.add_input("x", c.input);
      const auto dense = graph.add(
          made("Dense", {{"name", "d"}, {"units", c.input.back()}, {"activation", "tanh"}}), {input});
      nlohmann::json config = einsum(c.equation, c.output_shape, c.bias_axes);
      config["activation"] = "gelu";
      graph.add_output("y", graph.add(made("EinsumDense", config), {dense}));
      check_gradients(graph, batch);
    }
}

TEST_CASE("EinsumDense refuses equations that are no matrix products", "[host][nn]") {
  const auto refusal = [](const char* equation, const nlohmann::json& shape,
                          const nlohmann::json& bias = nullptr) {
    return error_of([&] {
      Graph graph(1);
      return graph.add(made("EinsumDense", einsum(equation, shape, bias)), {graph.add_input("x", {2, 3})});
    });
  };
  CHECK(refusal("abc,cd->ad", 5) ==
        "KAIROS-M003: e: \"equation\" has a value that cannot be used; found \"abc,cd->ad\", expected \"b\" "
        "in two of "
        "the parts, because sums over one are not supported. Give \"equation\" such a value.");
  CHECK(refusal("abc,cd->abe", {2, 5}).find("in two of the parts") != std::string::npos);
  CHECK(refusal("abc,cd->bad", nlohmann::json::array({2, 5})).find("the batch as the first dimension") !=
        std::string::npos);
  CHECK(
      refusal("abc,cd->abd", {4, 5}).find("found shape (2, 3), expected 4 for \"b\", as output_shape has.") !=
      std::string::npos);
  CHECK(refusal("abc,cd->abd", {2, nullptr}).find("a size for \"d\" in output_shape") != std::string::npos);
  CHECK(refusal("abc,cd->abd", 5).find("the 1 dimensions of output_shape") != std::string::npos);
  CHECK(refusal("ab,bc->ac", 5).find("a dimension for each letter") != std::string::npos);
  CHECK(refusal("abc,cd->abd", {2, 5}, "c").find("\"bias_axes\"") != std::string::npos);
  CHECK(refusal("abc,cde->abde", {2, 2147483647, 2147483647}).find("at most 2147483648 values") !=
        std::string::npos);
  const std::string of_vector = error_of([] {
    Graph graph(1);
    graph.add(made("EinsumDense", einsum("...ab,ac->...bc", nlohmann::json::array({5}), nullptr)),
              {graph.add_input("x", {3})});
  });
  CHECK(of_vector.find("the dots of the equation stand for the batch") != std::string::npos);
  for (const char* equation : {"abc", "abb,bc->ac", "abc,cd", "...bc,cd->bd", "a1,1c->ac"})
    CHECK(refusal(equation, {2, 5}).find("KAIROS-M003") != std::string::npos);
}

TEST_CASE("Permute and RepeatVector place the values", "[host][nn]") {
  CHECK(kairos::tests::forward(*graph_of("input(2,3) permute((2,1))"), {1, 2, 3, 4, 5, 6}, 1) ==
        std::vector<float>{1, 4, 2, 5, 3, 6});
  CHECK(graph_of("input(2,3,4) permute((3,1,2))")->outputs()[0].shape == Shape{4, 2, 3});
  CHECK(kairos::tests::forward(*graph_of("input(2) repeatvector(3)"), {1, 2, 5, 6}, 2) ==
        std::vector<float>{1, 2, 1, 2, 1, 2, 5, 6, 5, 6, 5, 6});
  CHECK(kairos::tests::forward(*graph_of("input(2) identity"), {1, 2}, 1) == std::vector<float>{1, 2});
  for (const char* layer :
       {"permute((2,1,3))", "permute((3,2,1))", "permute((2,3,1))", "flatten repeatvector(3)", "identity"})
    check_gradients(
        *graph_of(std::string("input(3,4,2) dense(2,tanh) ") + layer + " dense(3,tanh) flatten dense(2)"), 2);
  CHECK(error_of([] { graph_of("input(2,3) permute((1,1))"); }).find("all dimensions in the new order") !=
        std::string::npos);
  CHECK(error_of([] { graph_of("input(2) permute((1,2))"); }).find("2 dimensions") != std::string::npos);
  CHECK(error_of([] { graph_of("input(2,3) repeatvector(2)"); }).find("(features)") != std::string::npos);
  const std::string json = keras_json({"", "input(2,3) permute((2,1)) identity flatten repeatvector(2)", {}});
  CHECK(keras_json({"", json, {}}) == json);
}

namespace {

/// The output shape of a Dot of two inputs, with its graph.
std::unique_ptr<Graph> dot_graph(const nlohmann::json& axes, bool normalize, const Shape& a, const Shape& b) {
  auto graph = std::make_unique<Graph>(1);
  std::vector<Graph::Value> inputs;
  for (const auto& [name, shape] : {std::pair{"a", a}, std::pair{"b", b}}) {
    const auto input = graph->add_input(name, shape);
    inputs.push_back(graph->add(
        made("Dense", {{"name", name}, {"units", shape.back()}, {"activation", "tanh"}}), {input}));
  }
  graph->add_output("y", graph->add(made("Dot", {{"name", "dot"}, {"axes", axes}, {"normalize", normalize}}),
                                    std::move(inputs)));
  return graph;
}

}  // namespace

TEST_CASE("Dot multiplies its inputs along the axes, sample by sample", "[host][nn]") {
  Graph graph(1);
  const auto a = graph.add_input("a", {2, 2}), b = graph.add_input("b", {2, 3});
  graph.add_output("y", graph.add(made("Dot", {{"name", "dot"}, {"axes", {2, 1}}}), {a, b}));
  const std::vector<float> x{1, 2, 3, 4}, z{1, 0, 2, 0, 1, 3};
  graph.forward({1, Mode::Infer, 0}, std::vector<const float*>{x.data(), z.data()});
  CHECK(std::vector<float>(graph.output(0), graph.output(0) + 6) == std::vector<float>{1, 2, 8, 3, 4, 18});
  CHECK(dot_graph(1, false, {4}, {4})->outputs()[0].shape == Shape{1});
  CHECK(dot_graph({1, 2}, false, {4}, {3, 4})->outputs()[0].shape == Shape{3});
  CHECK(dot_graph(-1, false, {2, 3, 4}, {5, 4})->outputs()[0].shape == Shape{2, 3, 5});
}

TEST_CASE("The gradients of Dot agree with finite differences", "[host][nn]") {
  for (const bool normalize : {false, true})
    for (const std::int64_t batch : {1, 3}) {
      check_gradients(*dot_graph(1, normalize, {4}, {4}), batch);
      check_gradients(*dot_graph({1, 1}, normalize, {3, 4}, {3, 2}), batch);
      check_gradients(*dot_graph({2, 1}, normalize, {3, 4}, {4, 2}), batch);
      check_gradients(*dot_graph(-1, normalize, {2, 3, 4}, {5, 4}), batch);
    }
}

TEST_CASE("Dot refuses inputs that do not fit", "[host][nn]") {
  CHECK(error_of([] { dot_graph(1, false, {3}, {4}); }) ==
        "KAIROS-M008: layer \"dot\" (Dot): the input shape is not supported; found shape (4), expected an "
        "axis of 3, "
        "as the first input has. Change the layer before it.");
  CHECK(error_of([] { dot_graph(2, false, {3}, {4}); }).find("an input that has axis 2") !=
        std::string::npos);
  const Shape many(16, 1);
  CHECK(error_of([&] { dot_graph(-1, false, many, many); }).find("at most 15 dimensions") !=
        std::string::npos);
  CHECK(error_of([] { dot_graph(0, false, {3}, {3}); }).find("not the batch") != std::string::npos);
}
