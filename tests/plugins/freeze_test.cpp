// SPDX-License-Identifier: MIT
// Freeze: which weights are frozen in which epochs.
#include <catch2/catch.hpp>
#include <set>

#include "plugins/driver.hpp"

using namespace kairos;
using namespace kairos::tests;

using Catch::Matchers::Contains;
using Weights = std::set<std::size_t>;

namespace {

/// Weights 0 to 7.
void use_layers(StubTarget& target) {
  for (const char* name : {"conv/kernel", "conv/bias", "bn/gamma", "bn/moving_mean", "block/dense/kernel",
                           "block/dense/bias", "dense_1/kernel", "dense_1/bias"}) {
    const bool trained = std::string_view(name).find("moving") == std::string_view::npos;
    target.weights.push_back({name, {1}, {0}, trained ? std::vector<float>{0} : std::vector<float>{}});
  }
}

Plan plan_of(const std::vector<std::string>& plugins) {
  Plan plan{plugins};
  plan.prepare = use_layers;
  return plan;
}

/// The weights that are frozen in each of four epochs.
std::vector<Weights> frozen_in(const std::vector<std::string>& plugins) {
  Driver run(plan_of(plugins));
  run.begin();
  std::vector<Weights> frozen;
  for (int epoch = 0; epoch < 4; ++epoch) {
    run.epoch({{1}, {1}});
    frozen.push_back(run.target.frozen);
  }
  run.end();
  CHECK(run.target.frozen.empty());
  return frozen;
}

}  // namespace

TEST_CASE("Freeze freezes the weights of layers that its patterns name", "[plugins]") {
  struct Case {
    std::string layers;
    Weights frozen;
  };
  const Case table[] = {
      {"conv", {0, 1}},
      {"\"conv,bn\"", {0, 1, 2, 3}},
      {"\" conv , bn \"", {0, 1, 2, 3}},
      {"block", {4, 5}},
      {"block/dense", {4, 5}},
      {"dense*", {6, 7}},
      {"*dense*", {4, 5, 6, 7}},
      {"*/bias", {1, 5, 7}},
      {"dense_?", {6, 7}},
      {"b*", {2, 3, 4, 5}},
      {"bn/gamma", {2}},
      {"*", {0, 1, 2, 3, 4, 5, 6, 7}},
  };
  for (const Case& row : table) {
    CAPTURE(row.layers);
    CHECK(frozen_in({"Freeze:layers=" + row.layers}) == std::vector<Weights>(4, row.frozen));
  }
}

TEST_CASE("Freeze trains its layers again from an epoch on", "[plugins]") {
  const Weights conv{0, 1}, both{0, 1, 2, 3}, none;
  CHECK(frozen_in({"Freeze:layers=conv,unfreeze_at=2"}) == std::vector<Weights>{conv, conv, none, none});
  CHECK(frozen_in({"Freeze:layers=conv,unfreeze_at=0"}) == std::vector<Weights>{none, none, none, none});
  CHECK(frozen_in({"Freeze@a:layers=conv,unfreeze_at=3", "Freeze@b:layers=\"conv,bn\",unfreeze_at=1"}) ==
        std::vector<Weights>{both, conv, conv, none});
}

TEST_CASE("Freeze goes on where the saved training ended", "[plugins]") {
  for (const std::size_t at : {1U, 2U, 3U}) {
    const auto run = interrupted(plan_of({"Freeze:layers=conv,unfreeze_at=2"}), losses({1, 1, 1, 1}), at);
    CHECK(run->epochs_run() == 4);
  }
  Driver before(plan_of({"Freeze:layers=conv,unfreeze_at=2"}));
  before.begin();
  before.epoch({{1}, {1}});
  Driver after(plan_of({"Freeze:layers=conv,unfreeze_at=2"}));
  after.resume(before.callbacks().save_state(), 1);
  after.begin();
  CHECK(after.target.frozen == Weights{0, 1});  // before its first epoch begins: it may go on inside one
  after.epoch({{1}, {1}});
  after.epoch({{1}, {1}});
  CHECK(after.target.frozen.empty());
}

TEST_CASE("Freeze says what it does, and warns if nothing is left to train", "[plugins]") {
  Driver run(plan_of({"Freeze:layers=conv,unfreeze_at=1,verbose=1"}));
  run.fit(losses({1, 1, 1}));
  CHECK(run.messages ==
        std::vector<std::string>{"Epoch 1: 2 weights are frozen.", "Epoch 2: 2 weights are trained."});
  Driver all(plan_of({"Freeze:layers=*"}));
  all.fit(losses({1, 1}));
  CHECK(all.messages == std::vector<std::string>{
                            "layers: every weight that is trained is frozen, so this epoch changes none"});
}

TEST_CASE("Freeze refuses a name of no layer before training", "[plugins]") {
  CHECK_THAT(
      refusal_of(plan_of({"Freeze:layers=\"conv,dence\""})),
      Contains("layers: no layer with weights is called \"dence\"; expected one of conv, bn, block/dense, "
               "dense_1, or a pattern such as con*"));
  CHECK_THAT(refusal_of(plan_of({"Freeze:layers=\"conv,\""})),
             Contains("layers: the value is not a list of type string; found \"conv,\""));
  CHECK_THAT(refusal_of(plan_of({"Freeze"})), Contains("layers"));
  CHECK_THAT(refusal_of(plan_of({"Freeze:layers=\"\""})),
             Contains("layers is empty; expected names of layers. Set for example layers=conv*"));
  CHECK_THAT(refusal_of(plan_of({"Freeze:layers=conv,unfreeze_at=-1"})), Contains("unfreeze_at"));
}
