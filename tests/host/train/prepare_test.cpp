// SPDX-License-Identifier: MIT
// What is settled and refused before the first batch: ports, shapes, labels, weights.
#include "train/prepare.hpp"

#include <catch2/catch.hpp>

#include "host/error_text.hpp"
#include "kairos/host/compile.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

std::unique_ptr<Model> classifier(const std::string& loss = "sparse_categorical_crossentropy") {
  CompileOptions options;
  options.loss = loss;
  return compile({{}, "dense(3,softmax)", {2}}, options);
}

Dataset labelled(std::vector<float> labels) {
  Dataset data;
  const auto n = static_cast<std::int64_t>(labels.size());
  data.origin = "d.npz";
  data.inputs = {{"x", {{n, 2}, std::vector<float>(static_cast<std::size_t>(2 * n), 0.5F)}}};
  data.targets = {{"y", {{n}, std::move(labels)}}};
  return data;
}

std::string refusal_of(const Model& model, const Dataset& data, FitOptions options = {}) {
  return error_of([&] { return Prepared(model, data, options), 0; });
}

}  // namespace

TEST_CASE("A label outside the output's range is refused with its row", "[host][train]") {
  CHECK_THAT(refusal_of(*classifier(), labelled({0, 1, 3})),
             Contains("KAIROS-D103: d.npz: row 2 (counted from 0)") && Contains("label 3 is outside 0 … 2"));
}

TEST_CASE("A shape that does not fit names the port and both shapes", "[host][train]") {
  Dataset data = labelled({0, 1});
  data.inputs[0].array = {{2, 5}, std::vector<float>(10, 1.0F)};
  CHECK_THAT(refusal_of(*classifier(), data),
             Contains("KAIROS-D101: d.npz: the input \"x\" does not fit the model's input") &&
                 Contains("found (5) per sample, expected (2)"));
}

TEST_CASE("Labels for a loss that wants one-hot rows are refused", "[host][train]") {
  CHECK_THAT(refusal_of(*classifier("categorical_crossentropy"), labelled({0, 1})),
             Contains("KAIROS-D101") && Contains("expected (3)"));
}

TEST_CASE("Data without samples, targets or the right number of arrays are refused", "[host][train]") {
  Dataset data = labelled({0, 1});
  std::string expected;
  SECTION("no samples") {
    data = labelled({});
    expected = "KAIROS-D013: d.npz: there are no samples";
  }
  SECTION("no target") {
    data.targets.clear();
    expected = "KAIROS-D107: d.npz: there is no target to learn from";
  }
  SECTION("two inputs") {
    data.inputs.push_back(data.inputs[0]);
    expected = "KAIROS-D100: d.npz: the number of inputs does not fit the model; found 2, expected 1";
  }
  CHECK_THAT(refusal_of(*classifier(), data), Contains(expected));
}

TEST_CASE("Class weights multiply sample weights", "[host][train]") {
  Dataset data = labelled({0, 1, 2, 1});
  data.sample_weights = {{"", {{4}, {1, 2, 3, 4}}}};
  const auto model = classifier();
  const Columns columns = match_columns(*model, data, Targets::Needed);
  const auto weights = combined_weights(*model, data, columns, {{0, 1}, {1, 10}, {2, 0.5}}, 4);
  REQUIRE(weights.size() == 1);
  CHECK(weights[0].values == std::vector<float>{1, 20, 1.5F, 40});
  CHECK(combined_weights(*model, labelled({0}), match_columns(*model, labelled({0}), Targets::Needed), {}, 0)
            .empty());
}

TEST_CASE("The class of a one-hot row is its largest entry", "[host][train]") {
  Dataset data = labelled({});
  data.inputs[0].array = {{2, 2}, {1, 1, 1, 1}};
  data.targets = {{"y", {{2, 3}, {0, 0, 1, 1, 0, 0}}}};
  const auto model = classifier("categorical_crossentropy");
  const Columns columns = match_columns(*model, data, Targets::Needed);
  CHECK(combined_weights(*model, data, columns, {{0, 2}, {2, 4}}, 2)[0].values == std::vector<float>{4, 2});
}

TEST_CASE("A class that only the held-out samples have needs no weight", "[host][train]") {
  FitOptions options;
  options.class_weight = {{0, 1}, {1, 2}};
  options.validation_split = 0.25;
  CHECK(refusal_of(*classifier(), labelled({0, 1, 0, 2}), options).empty());
}

TEST_CASE("A class without a weight is an error that names it", "[host][train]") {
  FitOptions options;
  options.class_weight = {{0, 1}, {1, 2}};
  CHECK_THAT(refusal_of(*classifier(), labelled({0, 2}), options),
             Contains("KAIROS-D104: d.npz: row 1 (counted from 0): the class has no weight; found class 2, "
                      "expected one of 0, 1"));
}

TEST_CASE("Weights that are neither per sample nor per timestep are refused", "[host][train]") {
  Dataset data = labelled({0, 1});
  data.sample_weights = {{"", {{2, 3}, {1, 1, 1, 1, 1, 1}}}};
  CHECK_THAT(refusal_of(*classifier(), data),
             Contains("KAIROS-D105") && Contains("found (2, 3), expected (2,)"));
}
