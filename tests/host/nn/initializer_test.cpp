// SPDX-License-Identifier: MIT
#include "nn/initializer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

using namespace kairos::host;

namespace {

const Shape shape{300, 100};

std::vector<float> drawn(const nlohmann::json& description, std::uint64_t key = 1) {
  const nlohmann::json config{{"kernel_initializer", description}};
  ConfigReader reader(config, "layer");
  std::vector<float> values(static_cast<std::size_t>(size_of(shape)));
  read_initializer(reader, "kernel_initializer", "zeros").fill(shape, key, values.data());
  return values;
}

double deviation(const std::vector<float>& values) {
  double sum = 0, squares = 0;
  for (const float value : values) {
    sum += static_cast<double>(value);
    squares += static_cast<double>(value) * static_cast<double>(value);
  }
  const auto n = static_cast<double>(values.size());
  return std::sqrt(squares / n - sum / n * sum / n);
}

double largest(const std::vector<float>& values) {
  double result = 0;
  for (const float value : values) result = std::max(result, std::abs(static_cast<double>(value)));
  return result;
}

}  // namespace

TEST_CASE("An initializer draws with Keras' spread", "[host][nn]") {
  struct Case {
    nlohmann::json description;
    double deviation;
    double bound;  ///< no value is further from 0
  };
  const double cut = 2 / 0.87962566103423978;
  const std::vector<Case> cases{
      {"glorot_uniform", std::sqrt(2.0 / 400), std::sqrt(6.0 / 400)},
      {"GlorotNormal", std::sqrt(2.0 / 400), cut * std::sqrt(2.0 / 400)},
      {"he_uniform", std::sqrt(2.0 / 300), std::sqrt(6.0 / 300)},
      {"he_normal", std::sqrt(2.0 / 300), cut * std::sqrt(2.0 / 300)},
      {"lecun_uniform", std::sqrt(1.0 / 300), std::sqrt(3.0 / 300)},
      {"LecunNormal", std::sqrt(1.0 / 300), cut * std::sqrt(1.0 / 300)},
      {"random_uniform", 0.05 / std::sqrt(3.0), 0.05},
      {"random_normal", 0.05, 0.05 * 6},
      {"truncated_normal", 0.05 * 0.87962566103423978, 0.1},
      {{{"class_name", "VarianceScaling"},
        {"config", {{"scale", 3}, {"mode", "fan_out"}, {"distribution", "untruncated_normal"}}}},
       std::sqrt(3.0 / 100),
       6 * std::sqrt(3.0 / 100)},
  };
  for (const Case& c : cases) {
    INFO(c.description.dump());
    const std::vector<float> values = drawn(c.description);
    CHECK(deviation(values) == Approx(c.deviation).epsilon(0.02));
    CHECK(largest(values) <= c.bound * 1.000001);
    CHECK(largest(values) > c.bound * 0.5);
  }
}

TEST_CASE("A constant initializer gives its value", "[host][nn]") {
  CHECK(drawn("zeros")[0] == 0);
  CHECK(drawn("Ones")[7] == 1);
  CHECK(drawn({{"class_name", "Constant"}, {"config", {{"value", 0.25}}}})[9] == 0.25F);
}

TEST_CASE("First weights are fixed by the key, or by a seed in the architecture", "[host][nn]") {
  CHECK(drawn("he_normal", 1) == drawn("he_normal", 1));
  CHECK(drawn("he_normal", 1) != drawn("he_normal", 2));
  const nlohmann::json seeded{{"class_name", "HeNormal"}, {"config", {{"seed", 5}}}};
  CHECK(drawn(seeded, 1) == drawn(seeded, 2));
}
