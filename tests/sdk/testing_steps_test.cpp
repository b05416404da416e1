// SPDX-License-Identifier: MIT
// Update steps in the training of Kairos::testing.
#include <kairos/testing.hpp>

#include <catch2/catch.hpp>
#include <cstdint>
#include <map>
#include <set>
#include <string>

namespace {

using kairos::Role;
using kairos::testing::callback;
using kairos::testing::Failure;
using kairos::testing::Fit;
using kairos::testing::Settings;

/// Has no state of its own.
struct Stepper : kairos::Callback<Stepper> {
  static constexpr auto id = "test.Stepper";
  static constexpr auto capabilities = kairos::Can::ControlStep;
  kairos::Option<int> batches{this, "batches", 1, "of a step"};
  kairos::Option<double> factor{this, "factor", 1, "of the rate of weight 1"};
  kairos::Option<int> discarded{this, "discarded", -1, "the batch whose step is discarded"};
  kairos::Option<bool> late{this, "late", false, "discards where nothing can be discarded"};
  int shown = 0, stepped = 0;

  void on_train_begin(kairos::Run& run) {
    if (run.resumed()) return;
    run.accumulate(static_cast<std::uint32_t>(batches));
    run.freeze(0);
    run.scale_rate(1, factor);
  }
  void on_backward_end(kairos::Batch& batch) {
    ++shown;
    if (discarded == batch.index()) batch.discard_step();
  }
  void on_train_batch_end(kairos::Batch& batch) {
    if (batch.stepped()) ++stepped;
    if (late) batch.discard_step();
  }
  void on_epoch_end(kairos::Epoch& epoch) {
    epoch.print(std::to_string(shown) + " shown, " + std::to_string(stepped) + " made, " +
                std::to_string(epoch.step()) + " in all");
    if (epoch.index() == 1) epoch.unfreeze(0);
  }
};

/// A training of one epoch of five batches.
void train(Fit& fit) {
  fit.run_event().steps_per_epoch = 5;
  fit.host().tensors[Role::Weight] = {{"a", {1}, {0}, true}, {"b", {1}, {0}, true}};
  for (int i = 0; i < 5; ++i) fit.batch();
  fit.end_epoch();
}

std::string failure_of(const Settings& settings, bool controls_steps = true) {
  Fit fit(callback<Stepper>(), settings);
  fit.host().controls_steps = controls_steps;
  try {
    train(fit);
  } catch (const Failure& failure) {
    return failure.reason();
  }
  return "";
}

}  // namespace

TEST_CASE("The test kit makes one step from several batches, and a shorter last one", "[sdk]") {
  Fit fit(callback<Stepper>(), {{"batches", 2}});
  train(fit);
  CHECK(fit.host().lines.at(0).text == "3 shown, 3 made, 3 in all");
  CHECK(fit.host().accumulated == 2);
  Fit plain(callback<Stepper>());
  train(plain);
  CHECK(plain.host().lines.at(0).text == "5 shown, 5 made, 5 in all");
}

TEST_CASE("The test kit makes no step that was discarded", "[sdk]") {
  Fit fit(callback<Stepper>(), {{"batches", 2}, {"discarded", 3}});
  train(fit);
  CHECK(fit.host().lines.at(0).text == "3 shown, 2 made, 2 in all");
}

TEST_CASE("The test kit keeps freezes and factors with the state, also of a callback without its own",
          "[sdk]") {
  Fit first(callback<Stepper>(), {{"batches", 2}, {"factor", 0.5}});
  train(first);
  CHECK(first.host().frozen == std::set<std::uint32_t>{0});
  CHECK(first.host().rate_factors == std::map<std::uint32_t, double>{{1, 0.5}});
  Fit second(callback<Stepper>());
  second.restore(first.state());
  train(second);
  CHECK(second.host().accumulated == 2);
  CHECK(second.host().frozen == std::set<std::uint32_t>{0});
  CHECK(second.host().rate_factors.at(1) == 0.5);
  train(second);
  CHECK(second.host().frozen.empty());
}

TEST_CASE("The test kit refuses requests about steps that a host refuses", "[sdk]") {
  CHECK_THAT(failure_of({{"batches", 0}}), Catch::Contains("a step is made from 0 batches"));
  CHECK_THAT(failure_of({{"factor", -1.0}}), Catch::Contains("a learning rate cannot be multiplied by -1"));
  CHECK_THAT(failure_of({}, false), Catch::Contains("callbacks cannot control the steps of this loop"));
  CHECK_THAT(failure_of({{"late", true}}),
             Catch::Contains("a step is discarded in on_backward_end, not in on_train_batch_end"));
}
