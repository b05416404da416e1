// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::Role;
using kairos::testing::Fit;
using kairos::tests::loaded;

namespace {

const kairos_callback& smoothing() {
  return loaded("label_smoothing", "kairos.LabelSmoothing");
}

struct Case {
  std::vector<std::int64_t> shape;
  std::vector<float> target;
  std::int64_t classes;
  std::vector<std::int64_t> shape_after;
  std::vector<double> after;  ///< with the factor 0.3
};

}  // namespace

TEST_CASE("LabelSmoothing divides its factor among the classes", "[plugins]") {
  const Case one = GENERATE(values<Case>({
      {{2}, {0, 2}, 3, {2, 3}, {0.8, 0.1, 0.1, 0.1, 0.1, 0.8}},                       // class numbers
      {{1, 2}, {1, 0}, 2, {1, 2, 2}, {0.15, 0.85, 0.85, 0.15}},                       // of timesteps
      {{2, 3}, {1, 0, 0, 0.5, 0.5, 0}, 0, {2, 3}, {0.8, 0.1, 0.1, 0.45, 0.45, 0.1}},  // probabilities
      {{3, 1}, {0, 1, 0.5}, 0, {3, 1}, {0.15, 0.85, 0.5}},                            // one unit: yes or no
      {{2}, {0, 1}, 0, {2}, {0.15, 0.85}},
  }));
  Fit fit(smoothing(), {{"factor", 0.3}});
  for (int batch = 0; batch < 2; ++batch) {
    fit.host().tensors[Role::Target] = {{"y", one.shape, one.target}};
    fit.host().target_classes = {one.classes};
    fit.batch();
    const auto& target = fit.host().tensors[Role::Target][0];
    CHECK(target.shape == one.shape_after);
    REQUIRE(target.values.size() == one.after.size());
    for (std::size_t i = 0; i < one.after.size(); ++i)
      CHECK(static_cast<double>(target.values[i]) == Approx(one.after[i]));
  }
}

TEST_CASE("LabelSmoothing smooths every target, and nothing but targets", "[plugins]") {
  Fit fit(smoothing(), {{"label_smoothing", 0.2}});
  fit.host().tensors[Role::Input] = {{"x", {1}, {5}}};
  fit.host().tensors[Role::Target] = {{"y", {1, 2}, {1, 0}}, {"z", {1, 1}, {1}}};
  fit.batch();
  CHECK(fit.host().tensors[Role::Target][0].values[0] == Approx(0.9));
  CHECK(fit.host().tensors[Role::Target][0].values[1] == Approx(0.1));
  CHECK(fit.host().tensors[Role::Target][1].values[0] == Approx(0.9));
  CHECK(fit.host().tensors[Role::Input][0].values[0] == 5);
}

TEST_CASE("LabelSmoothing refuses targets that are no probabilities of classes", "[plugins]") {
  const auto [target, why] = GENERATE(table<std::vector<float>, std::string>({
      {{1, 1, 0}, "a row that sums to 2.0"},
      {{0, 0, 0}, "a row that sums to 0.0"},
      {{1.5F, -0.5F, 0}, "a value outside 0 … 1"},
  }));
  Fit fit(smoothing());
  fit.host().tensors[Role::Target] = {{"y", {1, 3}, target}};
  CHECK_THROWS_WITH(fit.batch(),
                    Contains("the target \"y\" has " + why) &&
                        Contains("give the loss binary_crossentropy its argument label_smoothing"));
}

TEST_CASE("LabelSmoothing refuses a factor outside (0, 1)", "[plugins]") {
  for (const double factor : {0.0, 1.0, -0.1, 2.0})
    CHECK_THROWS_AS(Fit(smoothing(), {{"factor", factor}}), std::invalid_argument);
}
