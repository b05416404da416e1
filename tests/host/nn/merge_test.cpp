// SPDX-License-Identifier: MIT
// Layers that merge several inputs, and their masks.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "host/nn/functional_models.hpp"
#include "host/nn/gradients.hpp"
#include "nn/layers/merge_masks.hpp"

using namespace kairos::host;
using namespace kairos::tests;

TEST_CASE("Gradients of merging layers agree with finite differences for every broadcast", "[host][nn]") {
  const std::vector<std::vector<std::vector<int>>> shapes{
      {{4}, {4}}, {{3, 4}, {3, 4}}, {{3, 4}, {4}}, {{1, 4}, {3, 1}}, {{2, 1, 3}, {5, 3}}, {{1}, {2, 3}}};
  for (const char* merge : {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"})
    for (const auto& pair : shapes)
      for (const std::int64_t batch : {1, 3}) {
        INFO(merge << " " << json(pair).dump() << " batch " << batch);
        FunctionalJson model;
        std::vector<json> parts;
        for (std::size_t i = 0; i < 2; ++i) {
          const std::string name = "x" + std::to_string(i);
          model.input(name, pair[i]);
          model.layer("Dense", "d" + name, {{"units", pair[i].back()}, {"activation", "sigmoid"}},
                      {{of(name)}});
          parts.push_back(of("d" + name));
        }
        model.layer(merge, "merge", json::object(), {parts});
        check_gradients(*functional_graph(model.outputs({{"merge", 0}})), batch, 1e-3F);
      }
}

TEST_CASE("Gradients of Concatenate agree with finite differences along every axis", "[host][nn]") {
  const struct {
    std::vector<int> first, second;
    int axis;
    Shape output;
  } cases[] = {{{4}, {2}, -1, {6}},
               {{2, 3}, {2, 1}, -1, {2, 4}},
               {{2, 3}, {4, 3}, 1, {6, 3}},
               {{2, 3, 2}, {2, 1, 2}, 2, {2, 4, 2}},
               {{2, 3, 2}, {2, 3, 1}, 3, {2, 3, 3}}};
  for (const auto& c : cases) {
    INFO(json(c.first).dump() << " " << json(c.second).dump() << " axis " << c.axis);
    FunctionalJson model;
    model.input("a", c.first).input("b", c.second);
    model.layer("Dense", "da", {{"units", c.first.back()}, {"activation", "tanh"}}, {{of("a")}});
    model.layer("Dense", "db", {{"units", c.second.back()}, {"activation", "tanh"}}, {{of("b")}});
    model.layer("Concatenate", "c", {{"axis", c.axis}}, {{of("da"), of("db")}});
    const auto graph = functional_graph(model.outputs({{"c", 0}}));
    CHECK(graph->outputs()[0].shape == c.output);
    check_gradients(*graph, 2);
  }
}

TEST_CASE("Merging layers compute what Keras does", "[host][nn]") {
  const std::vector<float> a{1, -2, 3, 4, 5, -6}, b{2, 1, 0.5F};  // [2, 3] and [3] of one sample
  const std::vector<const float*> inputs{a.data(), b.data()};
  const std::vector<std::pair<const char*, std::vector<float>>> cases{
      {"Add", {3, -1, 3.5F, 6, 6, -5.5F}},   {"Subtract", {-1, -3, 2.5F, 2, 4, -6.5F}},
      {"Multiply", {2, -2, 1.5F, 8, 5, -3}}, {"Average", {1.5F, -0.5F, 1.75F, 3, 3, -2.75F}},
      {"Maximum", {2, 1, 3, 4, 5, 0.5F}},    {"Minimum", {1, -2, 0.5F, 2, 1, -6}}};
  for (const auto& [merge, expected] : cases) {
    INFO(merge);
    const auto graph = functional_graph(FunctionalJson()
                                            .input("a", {2, 3})
                                            .input("b", {3})
                                            .layer(merge, "m", json::object(), {{of("a"), of("b")}})
                                            .outputs({{"m", 0}}));
    graph->forward({1, Mode::Infer, 0}, inputs);
    CHECK(std::vector<float>(graph->output(0), graph->output(0) + 6) == expected);
  }
}

TEST_CASE("Masks that are merged count where one of them does, and stand in a row along the timesteps",
          "[host][nn]") {
  const std::vector<float> first{1, 0, 0, 1, 0, 1}, second{0, 1};  // [2, 3] and [2, 1]
  const std::vector<Mask> masks{first.data(), second.data()};
  const std::vector<std::int64_t> steps{3, 1};
  std::vector<float> united(6), appended(8);
  unite_masks(2, masks, steps, 3, united.data());
  CHECK(united == std::vector<float>{1, 0, 0, 1, 1, 1});
  append_masks(2, masks, steps, 4, appended.data());
  CHECK(appended == std::vector<float>{1, 0, 0, 0, 1, 0, 1, 1});
  // One without a mask counts everywhere.
  const std::vector<Mask> half{first.data(), nullptr};
  unite_masks(2, half, steps, 3, united.data());
  CHECK(united == std::vector<float>(6, 1.0F));
}
