// SPDX-License-Identifier: MIT
#include "nn/constraint.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "kairos/host/compile.hpp"
#include "nn/architecture.hpp"
#include "nn/optimizer.hpp"

using namespace kairos::host;
using kairos::tests::error_of;
using kairos::tests::Rows;
using kairos::tests::weights_of;

namespace {

Constraint constraint(const nlohmann::json& value) {
  const nlohmann::json config{{"kernel_constraint", value}};
  ConfigReader reader(config, "layer");
  Constraint result = read_constraint(reader, "kernel_constraint");
  reader.finish();
  return result;
}

nlohmann::json object(const char* class_name, nlohmann::json config) {
  return {{"class_name", class_name}, {"config", std::move(config)}};
}

std::vector<float> held(const nlohmann::json& value, const Shape& shape, std::vector<float> values) {
  ConstraintKeeper(constraint(value), shape, "w").apply(values.data());
  return values;
}

void check_near(const std::vector<float>& found, const std::vector<float>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(found[i] == Approx(expected[i]).epsilon(1e-5));
}

}  // namespace

TEST_CASE("A constraint brings weights where Keras' formula puts them", "[host][nn]") {
  // Columns (3, 4) and (0.6, 0.8): norms 5 and 1.
  const std::vector<float> w{3, 0.6F, 4, 0.8F};
  check_near(held("max_norm", {2, 2}, w), {1.2F, 0.6F, 1.6F, 0.8F});
  check_near(held(object("MaxNorm", {{"max_value", 0.5}, {"axis", 0}}), {2, 2}, w), {0.3F, 0.3F, 0.4F, 0.4F});
  check_near(held("unit_norm", {2, 2}, w), {0.6F, 0.6F, 0.8F, 0.8F});
  check_near(held(object("MinMaxNorm", {{"min_value", 2}, {"max_value", 4}}), {2, 2}, w),
             {2.4F, 1.2F, 3.2F, 1.6F});
  // Half of the way: from 5 to 4.5, from 1 to 1.5.
  check_near(held(object("MinMaxNorm", {{"min_value", 2}, {"max_value", 4}, {"rate", 0.5}}), {2, 2}, w),
             {2.7F, 0.9F, 3.6F, 1.2F});
  CHECK(held("non_neg", {2, 2}, {-1, 0, 2, -3}) == std::vector<float>{-0.0F, 0, 2, -0.0F});
  CHECK(held(nullptr, {2, 2}, w) == w);
}

TEST_CASE("A constraint takes its norms over the axes that it names", "[host][nn]") {
  // [2, 2, 3]: the values 1 to 12.
  std::vector<float> w(12);
  for (std::size_t i = 0; i < w.size(); ++i) w[i] = static_cast<float>(i + 1);
  const auto unit = [&](const nlohmann::json& axis) {
    return held(object("UnitNorm", {{"axis", axis}}), {2, 2, 3}, w);
  };
  const auto expected = [&](const std::vector<std::size_t>& group_of) {
    std::vector<double> squares(12, 0.0);
    for (std::size_t i = 0; i < w.size(); ++i)
      squares[group_of[i]] += static_cast<double>(w[i]) * static_cast<double>(w[i]);
    std::vector<float> out;
    for (std::size_t i = 0; i < w.size(); ++i)
      out.push_back(w[i] / static_cast<float>(std::sqrt(squares[group_of[i]])));
    return out;
  };
  check_near(unit(0), expected({0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5}));
  check_near(unit(1), expected({0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5}));
  check_near(unit(-1), expected({0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3}));
  check_near(unit({0, 1}), expected({0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 1, 2}));
  check_near(unit({0, 2}), expected({0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1}));
  check_near(unit({0, 1, 2}), expected(std::vector<std::size_t>(12, 0)));
}

TEST_CASE("A constraint does not hide that a weight is NaN", "[host][nn]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const char* name : {"max_norm", "unit_norm", "min_max_norm", "non_neg"})
    CHECK(std::isnan(held(name, {2}, {nan, 1})[0]));
}

TEST_CASE("A constraint is written as Keras 3 writes it", "[host][nn]") {
  const auto written = [](const nlohmann::json& value) { return constraint_json(constraint(value)); };
  CHECK(written(nullptr).is_null());
  CHECK(written("max_norm") == nlohmann::json{{"module", "keras.constraints"},
                                              {"class_name", "MaxNorm"},
                                              {"config", {{"max_value", 2.0}, {"axis", 0}}},
                                              {"registered_name", nullptr}});
  CHECK(written(object("NonNeg", {}))["config"] == nlohmann::json::object());
  CHECK(written(object("UnitNorm", {{"axis", {0, 1}}}))["config"] == nlohmann::json{{"axis", {0, 1}}});
  CHECK(written("MinMaxNorm")["config"] ==
        nlohmann::json{{"min_value", 0.0}, {"max_value", 1.0}, {"rate", 1.0}, {"axis", 0}});
}

TEST_CASE("A constraint that cannot be is refused by name", "[host][nn]") {
  CHECK(error_of([] { (void)constraint("max_nrm"); }) ==
        "KAIROS-M014: layer kernel_constraint: there is no constraint \"max_nrm\". Did you mean "
        "\"max_norm\"?");
  CHECK(error_of([] {
          (void)constraint(object("MaxNorm", {{"max", 2}}));
        }) ==
        "KAIROS-M002: layer kernel_constraint: there is no argument \"max\". Known names: max_value, axis.");
  CHECK(error_of([] {
          (void)constraint(object("MinMaxNorm", {{"min_value", 2}}));
        }) ==
        "KAIROS-M003: layer kernel_constraint: \"min_value\" has a value that cannot be used; found 2, "
        "expected at most max_value. Give \"min_value\" such a value.");
  CHECK(error_of([] {
          held(object("UnitNorm", {{"axis", 2}}), {2, 2}, {1, 2, 3, 4});
        }) ==
        "KAIROS-M019: weight \"w\": its constraint has an axis that the weight does not have; found 2, "
        "expected an axis of the shape (2, 2). Change the axis of the constraint.");
}

TEST_CASE("Weights are held to their constraints after every step, biases to theirs", "[host][nn]") {
  const char* const model =
      "input(3) dense(4,tanh,kernel_constraint=unit_norm,bias_constraint=non_neg) "
      "dense(1,kernel_constraint=MaxNorm(max_value=0.1))";
  CompileOptions options;
  options.loss = "mse";
  options.optimizer = "SGD(learning_rate=0.5)";
  options.seed = 3;
  const auto compiled = compile(ModelSource{{}, model, {}}, options);
  Rows rows{{{6, 3}, {}}, {{6, 1}, {}}, {}};
  for (int i = 0; i < 18; ++i) rows.x.values.push_back(static_cast<float>(std::sin(i * 1.7)));
  for (int i = 0; i < 6; ++i) rows.y.values.push_back(static_cast<float>(std::cos(i * 2.3)) * 3);
  for (int step = 0; step < 3; ++step) {
    compiled->train_batch(rows.batch(0, 6), nullptr);
    const std::vector<float> w = weights_of(*compiled);  // kernel [3, 4], bias [4], kernel [4, 1], bias
    double last = 0;
    for (std::size_t unit = 0; unit < 4; ++unit) {
      CHECK(std::hypot(w[unit], w[4 + unit], w[8 + unit]) == Approx(1).epsilon(1e-5));
      CHECK(w[12 + unit] >= 0);
      last += static_cast<double>(w[16 + unit]) * static_cast<double>(w[16 + unit]);
    }
    CHECK(std::sqrt(last) <= 0.1 + 1e-6);
  }
}

TEST_CASE("Constraints of a model survive being written and read", "[host][nn]") {
  const char* const text =
      "input(4,4,2) conv2d(3,2,kernel_constraint=MaxNorm(max_value=3,axis=(0,1,2)),bias_constraint=non_neg) "
      "batchnorm(gamma_constraint=unit_norm) layernorm(beta_constraint=min_max_norm) flatten dense(2)";
  const auto graph = build_graph(read_shorthand(text), {}, 1);
  const std::string once = keras_json({"", text, {}});
  const std::string twice = keras_json({"", once, {}});
  CHECK(once == twice);
  CHECK(graph->layer(0).config()["kernel_constraint"]["config"]["axis"] == nlohmann::json{0, 1, 2});
  CHECK(graph->layer(1).config()["gamma_constraint"]["class_name"] == "UnitNorm");
  CHECK(graph->layer(2).config()["beta_constraint"]["class_name"] == "MinMaxNorm");
}
