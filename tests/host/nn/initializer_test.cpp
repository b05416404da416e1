// SPDX-License-Identifier: MIT
#include "nn/initializer.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "host/error_text.hpp"

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

TEST_CASE("Orthogonal makes the smaller of rows and columns orthonormal", "[host][nn]") {
  for (const Shape& of : {Shape{6, 4}, Shape{4, 6}, Shape{5, 5}, Shape{2, 3, 4}, Shape{1, 1}}) {
    const nlohmann::json config{{"i", {{"class_name", "Orthogonal"}, {"config", {{"gain", 2}}}}}};
    ConfigReader reader(config, "layer");
    std::vector<float> values(static_cast<std::size_t>(size_of(of)));
    read_initializer(reader, "i", "zeros").fill(of, 3, values.data());
    const auto columns = static_cast<std::size_t>(of.back());
    const std::size_t rows = values.size() / columns;
    const bool by_row = rows < columns;
    const std::size_t count = std::min(rows, columns), length = std::max(rows, columns);
    const auto at = [&](std::size_t vector, std::size_t k) {
      return static_cast<double>(by_row ? values[vector * columns + k] : values[k * columns + vector]);
    };
    for (std::size_t a = 0; a < count; ++a)
      for (std::size_t b = 0; b < count; ++b) {
        double product = 0;
        for (std::size_t k = 0; k < length; ++k) product += at(a, k) * at(b, k);
        INFO(of.size() << " dimensions, " << a << " " << b);
        CHECK(product == Approx(a == b ? 4.0 : 0.0).margin(1e-6));
      }
  }
}

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

TEST_CASE("An initializer counts the fans of a convolution over its whole window, as Keras does",
          "[host][nn]") {
  struct Case {
    Shape shape;
    const char* mode;
    double fan;
  };
  for (const Case& c : std::vector<Case>{
           {{5, 3, 16, 40}, "fan_in", 5 * 3 * 16},
           {{5, 3, 16, 40}, "fan_out", 5 * 3 * 40},
           {{5, 3, 16, 40}, "fan_avg", 5 * 3 * 28},
           {{7, 30, 50}, "fan_in", 7 * 30},
           {{7, 30, 50}, "fan_out", 7 * 50},
           {{5, 5, 200, 2}, "fan_in", 5 * 5 * 200},  // DepthwiseConv2D: channels, multiplier
           {{5, 5, 200, 2}, "fan_out", 5 * 5 * 2},
           {{100, 400}, "fan_out", 400},  // an LSTM's kernel: its four gates are one width
           {{5000}, "fan_in", 5000},
       }) {
    INFO(c.mode << " of " << c.shape.size() << " dimensions: " << c.fan);
    const nlohmann::json config{
        {"i",
         {{"class_name", "VarianceScaling"},
          {"config", {{"scale", 2}, {"mode", c.mode}, {"distribution", "uniform"}, {"seed", 3}}}}}};
    ConfigReader reader(config, "layer");
    std::vector<float> values(static_cast<std::size_t>(size_of(c.shape)));
    read_initializer(reader, "i", "zeros").fill(c.shape, 1, values.data());
    CHECK(deviation(values) == Approx(std::sqrt(2 / c.fan)).epsilon(0.03));
    CHECK(largest(values) <= std::sqrt(6 / c.fan) * 1.000001);
  }
}

TEST_CASE("A seed that no integer can hold is refused", "[host][nn]") {
  for (const double seed : {1e30, 9223372036854775808.0}) {
    const nlohmann::json description{{"class_name", "GlorotUniform"}, {"config", {{"seed", seed}}}};
    CHECK(kairos::tests::error_of([&] { return drawn(description); }) ==
          "KAIROS-M003: layer kernel_initializer: \"seed\" has a value that cannot be used; "
          "found " +
              brief_json(seed) +
              ", expected an integer from -9.2e+18 to 9.2e+18. Give \"seed\" such a value.");
  }
  CHECK_NOTHROW(drawn({{"class_name", "GlorotUniform"}, {"config", {{"seed", 9e18}}}}));
}

TEST_CASE("Identity puts its gain on the diagonal of a matrix", "[host][nn]") {
  const auto filled = [](const nlohmann::json& description, const Shape& of) {
    const nlohmann::json config{{"i", description}};
    ConfigReader reader(config, "layer");
    const Initializer initializer = read_initializer(reader, "i", "zeros");
    CHECK(initializer.json().at("class_name") == "Identity");
    std::vector<float> values(static_cast<std::size_t>(size_of(of)), 9.0F);
    initializer.fill(of, 1, values.data());
    return values;
  };
  CHECK(filled("identity", {2, 3}) == std::vector<float>{1, 0, 0, 0, 1, 0});
  CHECK(filled({{"class_name", "Identity"}, {"config", {{"gain", 0.5}}}}, {3, 2}) ==
        std::vector<float>{0.5F, 0, 0, 0.5F, 0, 0});
  CHECK(kairos::tests::error_of([&] {
          filled("identity", {2, 2, 2});
        }) ==
        "KAIROS-M013: initializer Identity: it requires a matrix; found a weight of shape (2, 2, 2), "
        "expected two dimensions. Choose another initializer.");
}
