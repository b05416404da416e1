// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::error_of;
using kairos::tests::graph_of;
using kairos::tests::random_values;

namespace {

void check_near(const std::vector<float>& found, const std::vector<float>& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    INFO(i);
    REQUIRE(found[i] == Approx(expected[i]).margin(2e-6));
  }
}

std::vector<float> infer(const std::string& text, const std::vector<float>& x, std::int64_t batch = 1) {
  return kairos::tests::forward(*graph_of(text), x, batch);
}

}  // namespace

TEST_CASE("GroupNormalization normalizes the positions and channels of each group", "[host][nn]") {
  check_near(infer("input(4) groupnorm(2,epsilon=0)", {1, 3, 30, 10}), {-1, 1, 1, -1});
  // Two positions of two channels: one group of all, or one group per channel.
  const float root5 = std::sqrt(5.0F);
  check_near(infer("input(2,2) groupnorm(1,epsilon=0)", {0, 2, 4, 6}),
             {-3 / root5, -1 / root5, 1 / root5, 3 / root5});
  check_near(infer("input(2,2) groupnorm(-1,epsilon=0)", {0, 2, 4, 8}), {-1, -1, 1, 1});
  // Each sample has its own statistics.
  check_near(infer("input(2) groupnorm(1,epsilon=0)", {1, 3, 7, 5}, 2), {-1, 1, 1, -1});
}

TEST_CASE("One group of a sample without positions is a LayerNormalization", "[host][nn]") {
  const std::vector<float> x = random_values(3 * 40, 1);
  check_near(infer("input(40) groupnorm(1)", x, 3), infer("input(40) layernorm", x, 3));
}

TEST_CASE("RMSNormalization and UnitNormalization divide rows by their lengths", "[host][nn]") {
  check_near(infer("input(2) unitnorm", {3, -4}), {0.6F, -0.8F});
  check_near(infer("input(2) unitnorm", {0, 0}), {0, 0});
  check_near(infer("input(2,2) unitnorm((1,2))", {2, 2, 2, 2}), {0.5F, 0.5F, 0.5F, 0.5F});
  check_near(infer("input(2) rmsnorm(0)", {3, -4}), {3 / std::sqrt(12.5F), -4 / std::sqrt(12.5F)});
  check_near(infer("input(2) rmsnorm(3.5)", {3, -4}), {0.75F, -1});
  CHECK(graph_of("input(2,3) rmsnorm")->layer(0).parameters()[0].shape == Shape{3});
  CHECK(graph_of("input(2,3) rmsnorm")->layer(0).parameters()[0].name == "scale");
}

TEST_CASE("PReLU multiplies negative values with trained alphas", "[host][nn]") {
  const auto graph = graph_of("input(2,3) PReLU(shared_axes=(1))");
  const auto alpha = graph->layer(0).parameters()[0];
  REQUIRE(alpha.shape == Shape{1, 3});
  for (int i = 0; i < 3; ++i) graph->layer(0).parameters()[0].values.data()[i] = static_cast<float>(i);
  CHECK(kairos::tests::forward(*graph, {-1, -2, -3, 4, -5, 6}, 1) ==
        std::vector<float>{-0.0F, -2, -6, 4, -5, 6});
  CHECK(graph_of("input(2,3) PReLU")->layer(0).parameters()[0].shape == Shape{2, 3});
  CHECK(graph_of("input(2,3) PReLU(shared_axes=(1,2))")->layer(0).parameters()[0].shape == Shape{1, 1});
  CHECK(graph_of("input(2,3) PReLU(shared_axes=(2))")->layer(0).parameters()[0].shape == Shape{2, 1});
}

TEST_CASE("PReLU passes no gradient where its input is 0, as in Keras", "[host][nn]") {
  const auto graph = graph_of("input(2) PReLU");
  for (float& alpha : std::span(graph->layer(0).parameters()[0].values.data(), 2)) alpha = 0.5F;
  const std::vector<float> x{0, -1}, y{0, -0.5F};
  std::vector<float> gradient{1, 1}, of_x(2);
  float* const into = of_x.data();
  const float* const from = x.data();
  const Mask mask = nullptr;
  kairos::tests::forward(*graph, x, 1);
  graph->layer(0).backward({1, Mode::Train, 0},
                           {{&from, 1}, y.data(), gradient.data(), {&into, 1}, {&mask, 1}});
  CHECK(of_x == std::vector<float>{0, 0.5F});
}

TEST_CASE("The gradients of normalization by group, row and length agree with differences", "[host][nn]") {
  for (const char* middle :
       {"groupnorm(2)", "groupnorm(1)", "groupnorm(-1,scale=false)", "groupnorm(2,center=false)", "rmsnorm",
        "rmsnorm(axis=(2,3))", "unitnorm", "unitnorm(axis=(1,2,3))", "PReLU(alpha_initializer=ones)",
        "PReLU(shared_axes=(1,2))", "PReLU(shared_axes=(3))", "PReLU(shared_axes=(1,2,3))"})
    for (const std::int64_t batch : {1, 3}) {
      INFO(middle << " batch " << batch);
      check_gradients(
          *graph_of(std::string("input(3,2,2) dense(4,sigmoid) dense(4) ") + middle + " flatten dense(2)"),
          batch, 1e-3F);
    }
  // Many rows: sums are made of parts.
  check_gradients(*graph_of("input(70,70) dense(4,tanh) rmsnorm groupnorm(2) globalavgpool1d"), 8, 1e-2F, {},
                  3);
}

TEST_CASE("Scaling layers are written and read back unchanged, and refuse what does not fit", "[host][nn]") {
  const std::string json = keras_json({"",
                                       "input(3,2,4) groupnorm(2,epsilon=0.5,center=false) "
                                       "PReLU(shared_axes=(1,2),alpha_regularizer=l2) rmsnorm(0.25) "
                                       "unitnorm(axis=(2,3)) PReLU groupnorm(-1)",
                                       {}});
  CHECK(keras_json({"", json, {}}) == json);
  CHECK(
      error_of([] { graph_of("input(5) groupnorm(2)"); }) ==
      "KAIROS-M008: layer \"group_normalization\" (GroupNormalization): the input shape is not supported; "
      "found "
      "shape (5), expected channels in 2 equal groups. Change the shape of the input, or put a layer such as "
      "reshape before it.");
  CHECK(error_of([] { graph_of("input(5) PReLU(shared_axes=(2))"); }).find("shared_axes") !=
        std::string::npos);
  CHECK(error_of([] { graph_of("input(5) PReLU(shared_axes=(0))"); }).find("counted from 1") !=
        std::string::npos);
  CHECK(error_of([] { graph_of("input(5,2) unitnorm(1)"); }).find("KAIROS-M004") != std::string::npos);
}
