// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "nn/architecture.hpp"
#include "nn/layer_registry.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::error_of;
using kairos::tests::graph_of;
using kairos::tests::random_values;

namespace {

std::vector<float> train(const std::string& text, const std::vector<float>& x, std::int64_t batch = 1,
                         std::uint64_t step = 0) {
  return kairos::tests::forward(*graph_of(text), x, batch, Mode::Train, step);
}

struct Spread {
  double mean, deviation;
};

Spread spread_of(const std::vector<float>& values) {
  double sum = 0, squares = 0;
  for (const float value : values) sum += static_cast<double>(value);
  const double mean = sum / static_cast<double>(values.size());
  for (const float value : values) squares += std::pow(static_cast<double>(value) - mean, 2);
  return {mean, std::sqrt(squares / static_cast<double>(values.size()))};
}

const std::vector<const char*> noisy{"gaussiannoise(0.5)", "gaussiandropout(0.3)", "alphadropout(0.3)",
                                     "spatialdropout1d(0.4)", "dropout(0.3)"};

}  // namespace

TEST_CASE("Noise and dropout do nothing in inference, and nothing at a rate of 0", "[host][nn]") {
  const std::vector<float> x = random_values(12, 1);
  for (const char* layer : noisy)
    CHECK(kairos::tests::forward(*graph_of(std::string("input(4,3) ") + layer), x, 1) == x);
  for (const char* layer :
       {"gaussiannoise(0)", "gaussiandropout(0)", "alphadropout(0)", "spatialdropout1d(0)"})
    CHECK(train(std::string("input(4,3) ") + layer, x) == x);
}

TEST_CASE("Noise depends on seed and step alone", "[host][nn]") {
  const std::vector<float> x(12, 1);
  for (const char* layer : noisy) {
    INFO(layer);
    const std::string text = std::string("input(4,3) ") + layer;
    CHECK(train(text, x, 1, 5) == train(text, x, 1, 5));
    CHECK(train(text, x, 1, 5) != train(text, x, 1, 6));
    std::string seeded = text;
    seeded.insert(seeded.size() - 1, ",seed=3");
    const auto with = [&](std::uint64_t graph_seed) {
      return kairos::tests::forward(*graph_of(seeded, graph_seed), x, 1, Mode::Train, 5);
    };
    CHECK(with(1) == with(2));
  }
}

TEST_CASE("Noise has the mean and the deviation that its layer states", "[host][nn]") {
  constexpr std::int64_t n = 200000;
  const std::string input = "input(200000) ";
  const Spread noise = spread_of(train(input + "gaussiannoise(0.5)", std::vector<float>(n, 2)));
  CHECK(noise.mean == Approx(2).margin(0.006));
  CHECK(noise.deviation == Approx(0.5).epsilon(0.01));
  const Spread dropout = spread_of(train(input + "gaussiandropout(0.2)", std::vector<float>(n, 3)));
  CHECK(dropout.mean == Approx(3).margin(0.02));
  CHECK(dropout.deviation == Approx(3 * 0.5).epsilon(0.01));
}

TEST_CASE("AlphaDropout keeps mean 0 and variance 1", "[host][nn]") {
  constexpr std::int64_t n = 200000;
  const auto normal = train("input(200000) gaussiannoise(1)", std::vector<float>(n, 0));
  const std::vector<float> y = train("input(200000) alphadropout(0.25)", normal, 1, 7);
  const Spread spread = spread_of(y);
  CHECK(spread.mean == Approx(0).margin(0.015));
  CHECK(spread.deviation == Approx(1).epsilon(0.01));
  // Dropped values become a · limit + b with the constants of its paper.
  const double limit = -1.7580993408473766, rate = 0.25;
  const double a = 1 / std::sqrt((1 - rate) * (1 + rate * limit * limit)), b = -a * limit * rate;
  const auto dropped = std::count_if(y.begin(), y.end(), [&](float value) {
    return std::abs(static_cast<double>(value) - (a * limit + b)) < 1e-6;
  });
  CHECK(static_cast<double>(dropped) / n == Approx(rate).margin(0.005));
}

TEST_CASE("Spatial dropout drops whole channels of a sample", "[host][nn]") {
  const std::int64_t batch = 40;
  const std::vector<float> y = train("input(2,2,5) spatialdropout(0.5)",
                                     std::vector<float>(static_cast<std::size_t>(batch * 20), 1), batch);
  int dropped = 0;
  for (std::size_t sample = 0; sample < static_cast<std::size_t>(batch); ++sample)
    for (std::size_t c = 0; c < 5; ++c) {
      const float first = y[sample * 20 + c];
      REQUIRE((first == 0 || first == 2));
      dropped += first == 0 ? 1 : 0;
      for (std::size_t pixel = 1; pixel < 4; ++pixel) REQUIRE(y[sample * 20 + pixel * 5 + c] == first);
    }
  CHECK(dropped > 70);
  CHECK(dropped < 130);
}

TEST_CASE("Dropout with a noise_shape draws once where it has a 1", "[host][nn]") {
  const auto graph = [](const nlohmann::json& noise_shape) {
    const nlohmann::json json{{"name", "d"}, {"rate", 0.5}, {"noise_shape", noise_shape}};
    ConfigReader config(json, "d");
    auto made = std::make_unique<Graph>(4);
    made->add_output("y",
                     made->add(find_layer_type("Dropout")->make(config), {made->add_input("x", {2, 3})}));
    return made;
  };
  const std::vector<float> x(40 * 6, 1);
  const auto samples = kairos::tests::forward(*graph({nullptr, 1, 1}), x, 40, Mode::Train);
  int dropped = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    REQUIRE(samples[i] == samples[i / 6 * 6]);
    dropped += samples[i] == 0 ? 1 : 0;
  }
  CHECK(dropped > 60);
  CHECK(dropped < 180);
  const auto columns = kairos::tests::forward(*graph({1, 1, nullptr}), x, 40, Mode::Train, 3);
  for (std::size_t i = 0; i < columns.size(); ++i) REQUIRE(columns[i] == columns[i % 3]);
  CHECK(error_of([&] { graph({nullptr, 1}); }).find("\"noise_shape\"") != std::string::npos);
}

TEST_CASE("The gradients of noise and dropout agree with finite differences", "[host][nn]") {
  for (const char* layer :
       {"gaussiannoise(0.5)", "gaussiandropout(0.3)", "alphadropout(0.3)", "spatialdropout1d(0.4)"}) {
    INFO(layer);
    check_gradients(*graph_of(std::string("input(4,3) dense(3,tanh) ") + layer + " flatten dense(2)"), 3);
  }
  check_gradients(*graph_of("input(2,2,3) dense(3,tanh) spatialdropout(0.4) flatten dense(2)"), 3);
}

TEST_CASE("Noise layers are written and read back unchanged, and refuse what they do not support",
          "[host][nn]") {
  const std::string json =
      keras_json({"",
                  "input(4,4,3) gaussiannoise(0.5,seed=3) gaussiandropout(0.25) alphadropout(0.25,seed=1) "
                  "spatialdropout(0.25,seed=2) reshape((16,3)) spatialdropout1d(0.5) reshape((2,2,4,3)) "
                  "spatialdropout3d(0.5)",
                  {}});
  CHECK(keras_json({"", json, {}}) == json);
  CHECK(error_of([] { graph_of("input(4) alphadropout(0.5,noise_shape=(1,4))"); }) ==
        "KAIROS-M004: layer \"alpha_dropout\" (AlphaDropout): \"noise_shape\" is not supported; found [1,4], "
        "expected null. Remove it from the layer.");
  CHECK(error_of([] { graph_of("input(4) spatialdropout1d(0.5)"); }).find("(length, channels)") !=
        std::string::npos);
  CHECK(error_of([] { graph_of("input(4) gaussiannoise(-1)"); }).find("\"stddev\"") != std::string::npos);
}
