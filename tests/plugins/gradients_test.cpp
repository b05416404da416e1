// SPDX-License-Identifier: MIT
// GradientClipping and GradientNoise: what they do to gradients, as Keras, PyTorch and the paper say.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

using Catch::Matchers::Contains;
using Json = nlohmann::json;
using Values = std::vector<float>;

/// All numbers of nested lists.
Values flat(const Json& json) {
  Values values;
  for (const Json& item : json)
    if (item.is_array())
      for (const float value : flat(item)) values.push_back(value);
    else
      values.push_back(item.get<float>());
  return values;
}

/// The gradients after one batch with these callbacks.
std::vector<Values> after_a_batch(const std::vector<std::string>& plugins,
                                  const std::vector<Values>& gradients, std::int64_t steps = 0) {
  Plan plan{plugins};
  plan.prepare = [&](StubTarget& target) {
    target.steps = steps;
    for (const Values& gradient : gradients)
      target.weights.push_back({"w" + std::to_string(target.weights.size()),
                                {static_cast<std::int64_t>(gradient.size())},
                                gradient,
                                gradient});
  };
  Driver run(plan);
  run.fit({{{1}, {1}, {{1}}}});
  std::vector<Values> after;
  for (const StubWeight& weight : run.target.weights) after.push_back(weight.gradient);
  return after;
}

/// Options for an item of the recorded clippings; "" if the item is not one of them.
std::string clipping_of(const Json& item) {
  for (const char* key : {"clipnorm", "clipvalue", "global_clipnorm"})
    if (item.contains(key)) return std::string(key) + '=' + item[key].dump();
  if (item.contains("clip_grad_value_")) return "clipvalue=" + item["clip_grad_value_"].dump();
  if (!item.contains("clip_grad_norm_")) return "";
  const std::string type = item["norm_type"] == "inf" ? "inf" : "2";
  return "global_clipnorm=" + item["clip_grad_norm_"].dump() + ",norm_type=" + type;
}

}  // namespace

TEST_CASE("GradientClipping clips as Keras and PyTorch clip", "[plugins][golden]") {
  std::ifstream file(KAIROS_TEST_DATA "/callbacks/averages.json");
  const Json recorded = Json::parse(file);
  int checked = 0;
  for (const char* list : {"clip_keras", "clip_torch"})
    for (const Json& item : recorded[list]) {
      const std::string options = clipping_of(item);
      CAPTURE(list, options);
      std::vector<Values> gradients;
      for (const Json& gradient : item["gradients"]) gradients.push_back(flat(gradient));
      const std::vector<Values> clipped = after_a_batch({"GradientClipping:" + options}, gradients);
      for (std::size_t i = 0; i < clipped.size(); ++i) {
        const Values expected = flat(item["clipped"][i]);
        REQUIRE(clipped[i].size() == expected.size());
        for (std::size_t k = 0; k < expected.size(); ++k)
          CHECK(clipped[i][k] == Approx(expected[k]).epsilon(2e-6).margin(1e-9));
      }
      ++checked;
    }
  CHECK(checked == 18);
}

TEST_CASE("GradientClipping leaves what it need not change", "[plugins]") {
  const std::vector<Values> gradients = {{0.3F, -0.4F}, {0.0F}};
  for (const std::string options :
       {"clipvalue=0.4", "clipnorm=0.5", "global_clipnorm=0.5", "global_clipnorm=0.4,norm_type=inf"})
    CHECK(after_a_batch({"GradientClipping:" + options}, gradients) == gradients);
  // Keras does not repair NaN either.
  const Values broken = after_a_batch({"GradientClipping:global_clipnorm=1"}, {{std::nanf(""), 1.0F}})[0];
  CHECK(std::isnan(broken[0]));
}

TEST_CASE("GradientClipping publishes the norm, and how often it clipped", "[plugins]") {
  Plan plan{{"GradientClipping:global_clipnorm=2.5"}};
  plan.prepare = [](StubTarget& target) { target.weights = {{"w", {2}, {0, 0}, {3, 4}}}; };
  Driver run(plan);
  run.begin();
  // The first batch is clipped to a norm of 2.5; the stub keeps it, so the second one is not.
  run.epoch({{1}, {1}, {{1}, {1}}});
  CHECK(run.value("gradient_norm") == Approx(3.75));
  CHECK(run.value("gradients_clipped") == 0.5);
  run.epoch({{1}, {1}, {{1}}});
  CHECK(run.value("gradient_norm") == Approx(2.5));
  CHECK(run.value("gradients_clipped") == 0);
  run.epoch({{1}, {1}});  // No batches: no value.
  CHECK_FALSE(run.value("gradient_norm").has_value());
}

TEST_CASE("GradientClipping rejects anything but one limit", "[plugins]") {
  struct Case {
    std::string options, sentence;
  };
  const Case table[] = {
      {"",
       "0 of clipvalue, clipnorm and global_clipnorm are set; expected one. Set for example "
       "global_clipnorm=1"},
      {":clipvalue=1,clipnorm=1", "2 of clipvalue, clipnorm and global_clipnorm are set; expected one"},
      {":clipnorm=0", "expected greater than 0"},
      {":clipnorm=inf", "clipnorm is not finite. Set a number above 0"},
      {":clipnorm=1,norm_type=1", "not one of the choices"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options);
    CHECK_THAT(refusal_of({{"GradientClipping" + row.options}}), Contains(row.sentence));
  }
}

TEST_CASE("GradientNoise adds normal noise whose variance falls as in the paper", "[plugins]") {
  struct Case {
    std::string options;
    std::int64_t steps;
    double variance;
    const char* reason;
  };
  const Case table[] = {
      {"eta=0.3", 0, 0.3, "the first step"},
      {"eta=0.3", 9, 0.3 / std::pow(10, 0.55), "the tenth step"},
      {"eta=1,gamma=0", 1000, 1, "gamma 0 keeps it"},
  };
  for (const Case& row : table) {
    CAPTURE(row.options, row.reason);
    const Values noise = after_a_batch({"GradientNoise:" + row.options}, {Values(20001, 0.0F)}, row.steps)[0];
    double sum = 0;
    double squares = 0;
    int beyond = 0;
    for (const float value : noise) {
      const auto x = static_cast<double>(value);
      sum += x;
      squares += x * x;
      if (std::fabs(x) > 2 * std::sqrt(row.variance)) ++beyond;
    }
    const auto n = static_cast<double>(noise.size());
    // Four standard errors.
    CHECK(std::fabs(sum / n) < 4 * std::sqrt(row.variance / n));
    CHECK(squares / n == Approx(row.variance).epsilon(4 * std::sqrt(2 / n)));
    CHECK(beyond / n == Approx(0.0455).margin(0.006));
  }
}

TEST_CASE("GradientNoise depends on seed, step and weight alone", "[plugins]") {
  const std::vector<Values> zeros = {Values(4, 0.0F), Values(4, 0.0F)};
  const auto noise = [&](const std::string& options, std::int64_t steps) {
    return after_a_batch({"GradientNoise:" + options}, zeros, steps);
  };
  const std::vector<Values> first = noise("seed=7", 3);
  CHECK(first == noise("seed=7", 3));
  CHECK(first[0] != first[1]);
  CHECK(first != noise("seed=8", 3));
  CHECK(first != noise("seed=7", 4));
  CHECK(noise("eta=0", 3) == zeros);
}

TEST_CASE("GradientNoise adds other noise in each instance, unless they have the same seed", "[plugins]") {
  const std::vector<Values> zeros = {Values(4, 0.0F)};
  const auto noise = [&](const std::vector<std::string>& plugins) {
    return after_a_batch(plugins, zeros, 3)[0];
  };
  const Values first = noise({"GradientNoise@a:eta=1"});
  CHECK(first == noise({"GradientNoise@a:eta=1"}));
  CHECK(first != noise({"GradientNoise@b:eta=1"}));
  CHECK(noise({"GradientNoise@a:seed=7"}) == noise({"GradientNoise@b:seed=7"}));
  const Values both = noise({"GradientNoise@a:eta=1", "GradientNoise@b:eta=1"});
  for (std::size_t i = 0; i < both.size(); ++i) CHECK(both[i] != Approx(2 * first[i]));
}

TEST_CASE("GradientNoise rejects invalid options", "[plugins]") {
  CHECK_THAT(refusal_of({{"GradientNoise:eta=-1"}}), Contains("expected at least 0"));
  CHECK_THAT(refusal_of({{"GradientNoise:eta=inf"}}), Contains("eta and gamma must be finite"));
  CHECK_FALSE(refusal_of({{"GradientNoise:gamma=nan"}}).empty());
}
