// SPDX-License-Identifier: MIT
// Checks before the first batch: ports, shapes, labels, weights.
#include "train/prepare.hpp"

#include <catch2/catch.hpp>

#include "host/error_text.hpp"
#include "kairos/host/compile.hpp"
#include "train/data_source.hpp"
#include "train/prepared.hpp"

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
  data.inputs = {{"", {{n, 2}, std::vector<float>(static_cast<std::size_t>(2 * n), 0.5F)}}};
  data.targets = {{"", {{n}, std::move(labels)}}};
  return data;
}

std::string refusal_of(const Model& model, const Dataset& data, FitOptions options = {}) {
  MemoryData source(model, data);
  return error_of([&] { return Prepared(model, source, options), 0; });
}

}  // namespace

TEST_CASE("A label outside the output's range is rejected with its row", "[host][train]") {
  CHECK_THAT(refusal_of(*classifier(), labelled({0, 1, 3})),
             Contains("KAIROS-D103: d.npz: row 2 (counted from 0)") && Contains("label 3 is outside 0 … 2"));
}

TEST_CASE("The error for a shape that does not fit names the port and both shapes", "[host][train]") {
  Dataset data = labelled({0, 1});
  data.inputs[0].array = {{2, 5}, std::vector<float>(10, 1.0F)};
  CHECK_THAT(refusal_of(*classifier(), data),
             Contains("KAIROS-D101: d.npz: the input does not fit the model's input") &&
                 Contains("found (5) per sample, expected (2)"));
}

TEST_CASE("Labels are rejected for a loss that expects one-hot rows", "[host][train]") {
  CHECK_THAT(refusal_of(*classifier("categorical_crossentropy"), labelled({0, 1})),
             Contains("KAIROS-D101") && Contains("expected (3)"));
}

TEST_CASE("Data without samples, targets or the right number of arrays are rejected", "[host][train]") {
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
  const auto weights = combined_weights(*model, data, columns, {{0, 1}, {1, 10}, {2, 0.5}}, {0, 4, {}});
  REQUIRE(weights.size() == 1);
  CHECK(weights[0].values == std::vector<float>{1, 20, 1.5F, 40});
  CHECK(combined_weights(*model, labelled({0}), match_columns(*model, labelled({0}), Targets::Needed), {}, {})
            .empty());
}

TEST_CASE("Balanced class weights are counted over the training samples", "[host][train]") {
  const auto losses = [](FitOptions options) {
    options.validation_split = 0.2;
    options.epochs = 2;
    const auto model = classifier();
    return fit(*model, labelled({0, 1, 1, 1, 2, 2, 0, 1, 2, 2}), options).json();
  };
  FitOptions balanced, given;
  balanced.balances_classes = true;
  given.class_weight = {{0, 8.0 / (3 * 2)}, {1, 8.0 / (3 * 4)}, {2, 8.0 / (3 * 2)}};
  CHECK(losses(balanced) == losses(given));
  CHECK(losses(balanced) != losses({}));
  balanced.class_weight = {{0, 1}};
  CHECK(
      refusal_of(*classifier(), labelled({0, 2}), balanced) ==
      "KAIROS-U019: `class_weight`: weights are given and to be computed too; found 1 weights, expected one "
      "of the two. Leave one of the two out.");
}

TEST_CASE("The class of a one-hot row is its largest entry", "[host][train]") {
  Dataset data = labelled({});
  data.inputs[0].array = {{2, 2}, {1, 1, 1, 1}};
  data.targets = {{"", {{2, 3}, {0, 0, 1, 1, 0, 0}}}};
  const auto model = classifier("categorical_crossentropy");
  const Columns columns = match_columns(*model, data, Targets::Needed);
  CHECK(combined_weights(*model, data, columns, {{0, 2}, {2, 4}}, {0, 2, {}})[0].values ==
        std::vector<float>{4, 2});
}

TEST_CASE("A class that occurs only in held-out samples needs no weight", "[host][train]") {
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

TEST_CASE("The error for a class without a weight uses the class names of the data", "[host][train]") {
  FitOptions options;
  options.class_weight = {{0, 1}, {1, 2}};
  Dataset data = labelled({0, 2});
  data.class_names = {"ant", "bee, wild", "cow, brown"};
  CHECK_THAT(refusal_of(*classifier(), data, options),
             Contains("found class \"cow, brown\", expected one of ant, \"bee, wild\". Add \"cow, "
                      "brown\"=… to `class_weight`."));
  data.class_names[2] = "a \"cow\"";
  CHECK_THAT(refusal_of(*classifier(), data, options), Contains("Add 'a \"cow\"'=… to `class_weight`."));
}

TEST_CASE("Weights that are neither per sample nor per timestep are rejected", "[host][train]") {
  Dataset data = labelled({0, 1});
  data.sample_weights = {{"", {{2, 3}, {1, 1, 1, 1, 1, 1}}}};
  CHECK_THAT(refusal_of(*classifier(), data),
             Contains("KAIROS-D105") && Contains("found (2, 3), expected (2,)"));
}

namespace {

/// Only has ports, to match data to.
class TwoInTwoOut final : public Model {
 public:
  /// The first `without_loss` outputs have no loss, and so no target.
  explicit TwoInTwoOut(std::size_t without_loss = 0)
      : targets_(all_targets_.begin() + static_cast<std::ptrdiff_t>(without_loss), all_targets_.end()) {}
  std::span<const TensorRef> tensors(Role) override { return {}; }
  void tensors_written(Role) override {}
  [[nodiscard]] std::optional<double> hyper(std::string_view) const override { return {}; }
  bool set_hyper(std::string_view, double) override { return false; }
  [[nodiscard]] std::int64_t iterations() const override { return 0; }
  void save(const std::filesystem::path&, SaveContent) override {}
  [[nodiscard]] std::string save_fault(const std::filesystem::path&, SaveContent) const override {
    return "";
  }
  void load_weights(const std::filesystem::path&) override {}
  [[nodiscard]] std::string architecture() const override { return ""; }
  [[nodiscard]] std::span<const Port> inputs() const override { return inputs_; }
  [[nodiscard]] std::span<const Port> outputs() const override { return outputs_; }
  [[nodiscard]] std::span<const Port> targets() const override { return targets_; }
  [[nodiscard]] std::string target_fault(std::size_t, const float*) const override { return ""; }
  [[nodiscard]] std::span<const LogKey> log_keys() const override { return {}; }
  void reset_logs() override {}
  void read_logs(std::span<double>) override {}
  void train_batch(const Batch&, GradientObserver*) override {}
  void test_batch(const Batch&) override {}
  void predict_batch(const Batch&, std::span<const float*>) override {}

 private:
  std::vector<Port> inputs_{{"left", {2}}, {"right", {}}};
  std::vector<Port> outputs_{{"kind", {3}}, {"amount", {4, 1}}};
  std::vector<Port> all_targets_{{"kind", {}}, {"amount", {4, 1}}};
  std::vector<Port> targets_;
};

/// Two samples.
Dataset two_by_name() {
  Dataset data;
  data.origin = "d.npz";
  data.inputs = {{"right", {{2}, {5, 6}}}, {"left", {{2, 2}, {1, 2, 3, 4}}}};
  data.targets = {{"amount", {{2, 4, 1}, {1, 2, 3, 4, 5, 6, 7, 8}}}, {"kind", {{2}, {0, 2}}}};
  return data;
}

}  // namespace

TEST_CASE("Named arrays are matched to ports by name, in any order", "[host][train]") {
  const TwoInTwoOut model;
  const Dataset data = two_by_name();
  const Columns columns = match_columns(model, data, Targets::Needed);
  CHECK(columns.inputs == std::vector<const Array*>{&data.inputs[1].array, &data.inputs[0].array});
  CHECK(columns.targets == std::vector<const Array*>{&data.targets[1].array, &data.targets[0].array});
}

TEST_CASE("Sample weights without a name apply to all outputs, named ones to one output", "[host][train]") {
  using Values = std::vector<float>;
  const TwoInTwoOut model;
  Dataset data = two_by_name();
  const auto combined = [&] {
    std::vector<Values> values;
    for (Array& one : combined_weights(model, data, match_columns(model, data, Targets::Needed), {}, {}))
      values.push_back(std::move(one.values));
    return values;
  };
  data.sample_weights = {{"", {{2}, {1, 3}}}};
  CHECK(combined() == std::vector<Values>{{1, 3}, {1, 3}});
  data.sample_weights = {{"kind", {{2}, {1, 3}}}};
  CHECK(combined() == std::vector<Values>{{1, 3}, {1, 1}});
  data.sample_weights = {{"amount", {{2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}}}};
  CHECK(combined() == std::vector<Values>{{1, 1}, {1, 2, 3, 4, 5, 6, 7, 8}});
  data.sample_weights = {{"", {{2}, {1, 3}}}, {"", {{2}, {2, 4}}}};
  CHECK(combined() == std::vector<Values>{{1, 3}, {2, 4}});
}

TEST_CASE("Sample weights are matched to an output after one without a loss", "[host][train]") {
  const TwoInTwoOut model(1);
  Dataset data = two_by_name();
  data.targets.pop_back();
  const auto combined = [&] {
    return combined_weights(model, data, match_columns(model, data, Targets::Needed), {}, {}).at(0).values;
  };
  data.sample_weights = {{"amount", {{2}, {2, 4}}}};
  CHECK(combined() == std::vector<float>{2, 4});
  data.sample_weights = {{"", {{2}, {1, 3}}}, {"", {{2}, {2, 4}}}};
  CHECK(combined() == std::vector<float>{2, 4});
  data.sample_weights = {{"kind", {{2}, {1, 3}}}};
  CHECK(error_of([&] { return combined(); }) ==
        "KAIROS-D110: d.npz: there is a sample weight for an output without a loss; found \"kind\". Give the "
        "output a loss, or remove its sample weight.");
}

TEST_CASE("A target for an output without a loss is rejected", "[host][train]") {
  const TwoInTwoOut model(1);
  CHECK(
      error_of([&] { return match_columns(model, two_by_name(), Targets::Needed).targets.size(); }) ==
      "KAIROS-D110: d.npz: there is a target for an output without a loss; found \"kind\". Give the output a "
      "loss, or remove its target.");
}

TEST_CASE("Class weights are rejected for targets with a class per timestep", "[host][train]") {
  const TwoInTwoOut model(1);
  Dataset data = two_by_name();
  data.targets.pop_back();
  CHECK(error_of([&] {
          return combined_weights(model, data, match_columns(model, data, Targets::Needed), {{0, 1}, {1, 2}},
                                  {0, 2, {}})
              .size();
        }) ==
        "KAIROS-U019: `class_weight`: class weights need one class per sample; found an output \"amount\" of "
        "shape (4, 1) per sample, expected one dimension. Weight its timesteps with `sample_weights`.");
}

TEST_CASE("Unknown and duplicate names are rejected, with the nearest known name", "[host][train]") {
  struct Case {
    void (*spoil)(Dataset&);
    const char* sentence;
  };
  const Case cases[] = {
      {[](Dataset& d) { d.inputs[0].name = "rigth"; },
       "KAIROS-D102: d.npz: the model has no port for the input; found \"rigth\". Did you mean \"right\"?"},
      {[](Dataset& d) { d.inputs[0].name = d.inputs[1].name = "other"; },
       "KAIROS-D102: d.npz: the model has no port for the input; found \"other\""},
      {[](Dataset& d) { d.inputs[0].name = ""; }, "KAIROS-D102: d.npz: the model has no port for the input"},
      {[](Dataset& d) { d.inputs[0].name = "left"; },
       "KAIROS-D106: d.npz: two inputs have the same name; found \"left\", expected each name once. Remove "
       "or rename one of them."},
      {[](Dataset& d) { d.targets[1].name = "knd"; },
       "KAIROS-D102: d.npz: the model has no port for the target; found \"knd\". Did you mean \"kind\"?"},
      {[](Dataset& d) { d.targets.pop_back(); },
       "KAIROS-D100: d.npz: the number of targets does not fit the model; found 1, expected 2"},
      {[](Dataset& d) {
         d.sample_weights = {{"kimd", {{2}, {1, 1}}}};
       },
       "KAIROS-D102: d.npz: the model has no port for the sample weight; found \"kimd\". Did you mean "
       "\"kind\"?"},
      {[](Dataset& d) {
         d.sample_weights.assign(3, {"", {{2}, {1, 1}}});
       },
       "KAIROS-D100: d.npz: the number of sample weights does not fit the model; found 3, expected 1 or 2"},
      {[](Dataset& d) {
         d.sample_weights = {{"kind", {{2, 4}, std::vector<float>(8, 1.0F)}}};
       },
       "KAIROS-D105: d.npz: the sample weights are neither per sample nor per timestep"},
  };
  const TwoInTwoOut model;
  for (const Case& c : cases) {
    Dataset data = two_by_name();
    c.spoil(data);
    CHECK_THAT(refusal_of(model, data), Catch::Matchers::StartsWith(c.sentence));
  }
}

TEST_CASE("Class weights are rejected for several outputs", "[host][train]") {
  FitOptions options;
  options.class_weight = {{0, 1}, {1, 2}};
  CHECK(
      refusal_of(TwoInTwoOut(), two_by_name(), options) ==
      "KAIROS-U019: `class_weight`: class weights need a model with one output; found 2 outputs, expected 1. "
      "Weight the samples of each output with `sample_weights`.");
}
