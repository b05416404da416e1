// SPDX-License-Identifier: MIT
// The dispatch: order, failures, capabilities, published values, state and background work.
#include "kairos/host/callbacks.hpp"

#include <catch2/catch.hpp>

#include "host/error_text.hpp"
#include "host/plugin/rig.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

TEST_CASE("A fatal failure names instance, file, hook, epoch and reason", "[host][plugin]") {
  Rig rig({"Thrower@bad:on_error=fatal"});
  const std::string error = error_of([&] { return rig.epoch(2, 1.0), 0; });
  CHECK_THAT(error, Contains("KAIROS-C001: bad (") && Contains("test_troublemaker.so") &&
                        Contains("on_epoch_end failed in epoch 3: thrown on purpose") &&
                        Contains("on_error=disable"));
}

TEST_CASE("An exception of every kind ends at the boundary with its text", "[host][plugin]") {
  const auto [what, text] =
      GENERATE(table<std::string, std::string>({{"std", "thrown on purpose"},
                                                {"own", "the disk is full"},
                                                {"int", "an exception that is not a std::exception"}}));
  Rig rig({"Thrower:on_error=fatal,what=" + what});
  CHECK_THAT(error_of([&] { return rig.epoch(0, 1.0), 0; }), Contains(text));
}

TEST_CASE("A plugin that throws in any hook of a fit is caught in that hook", "[host][plugin]") {
  const std::string hook = GENERATE("on_epoch_begin", "on_train_batch_begin", "on_backward_end",
                                    "on_train_batch_end", "on_epoch_end");
  Rig rig({"Thrower:on_error=fatal,hook=" + hook});
  CHECK_THAT(error_of([&] { return rig.epoch(0, 1.0), 0; }), Contains(hook + " failed"));
}

TEST_CASE("A failure in setup ends the run before training, whatever the policy", "[host][plugin]") {
  CHECK_THAT(error_of([] { return Rig({"Thrower:hook=setup,on_error=warn"}), 0; }),
             Contains("KAIROS-O031") && Contains("setup failed"));
}

TEST_CASE("A reporter that fails is disabled by default and summed up at the end", "[host][plugin]") {
  Rig rig({"Thrower"});
  rig.epoch(0, 1.0);
  rig.epoch(1, 1.0);
  rig.callbacks->train_end(RunEnd::Completed);
  rig.callbacks->finish(RunEnd::Completed);
  REQUIRE(rig.warnings.size() == 2);
  CHECK_THAT(rig.warnings[0], Contains("Thrower: on_epoch_end failed in epoch 1") &&
                                  Contains("disabled for the rest of the run"));
  CHECK_THAT(rig.warnings[1], Contains("failed once in this run"));
}

TEST_CASE("The policy warn goes on calling and counts", "[host][plugin]") {
  Rig rig({"Thrower:on_error=warn"});
  for (int i = 0; i < 3; ++i) rig.epoch(i, 1.0);
  rig.callbacks->finish(RunEnd::Completed);
  REQUIRE(rig.warnings.size() == 2);
  CHECK_THAT(rig.warnings[1], Contains("failed 3 times in this run"));
}

TEST_CASE("What needs a capability is denied without it", "[host][plugin]") {
  const auto [act, text] = GENERATE(table<std::string, std::string>({
      {"stop", "has not declared the capability stop"},
      {"rate", "has not declared the capability set_optimizer"},
      {"write", "has not declared the capability write_weights"},
      {"save", "has not declared the capability save_model"},
      {"publish", "may not publish this key"},
      {"publish_unknown", "\"nothing\" was not declared before it was published"},
      {"declare", "keys are declared in setup"},
      {"tensor_index", "tensor 99 of 1"},
      {"hyper", "the optimizer has no \"momentums\""},
      {"rollback", "has not declared the capability write_weights"},
  }));
  Rig rig({"Meddler:act=" + act});
  CHECK_THAT(error_of([&] { return rig.epoch(0, 1.0), 0; }), Contains(text));
}

TEST_CASE("Gradients exist in on_backward_end only", "[host][plugin]") {
  Rig rig({"Meddler:act=gradients"});
  CHECK_NOTHROW(rig.epoch(0, 1.0));
}

TEST_CASE("Published keys stand behind those of the model and reach the epoch's values", "[host][plugin]") {
  Rig rig({"Measurer"});
  rig.epoch(0, 1.5);
  CHECK(rig.published("doubled_loss") == 3.0);
  CHECK(rig.published("declared") == 7.0);
}

TEST_CASE("Phases order an event, then the user's order, and teardown runs in reverse", "[host][plugin]") {
  TemporaryDirectory dir;
  Rig rig({"Recorder:file=" + (dir / "calls").string(), "Stopper@second", "Stopper@third", "Measurer"});
  const std::string order = rig.callbacks->explain_order();
  CHECK_THAT(order, Contains("on_epoch_end: [measure] Measurer [decide] second third [report] Recorder\n"));
  CHECK_THAT(order, Contains("teardown: [report] Recorder\n"));
}

TEST_CASE("Instances of one callback get different names", "[host][plugin]") {
  Rig rig({"Stopper", "Stopper", "Stopper@mine"});
  CHECK(rig.callbacks->instances() == std::vector<std::string>{"Stopper", "Stopper_2", "mine"});
  CHECK_THAT(error_of([] {
               return Rig({"Stopper@a", "Thrower@a"}), 0;
             }),
             Contains("two instances have the name \"a\""));
}

TEST_CASE("The first stop keeps its author and reason", "[host][plugin]") {
  Rig rig({"Stopper@first", "Stopper@second"});
  rig.epoch(0, 1.0);
  REQUIRE(rig.callbacks->stop());
  CHECK(rig.callbacks->stop()->instance == "first");
  CHECK(rig.callbacks->stop()->reason == "asked in on_epoch_end");
}

TEST_CASE("State and remembered weights survive into another run", "[host][plugin]") {
  Rig before({"Rememberer"});
  before.epoch(0, 1.0);
  before.epoch(1, 2.0);
  const std::string state = before.callbacks->save_state();

  Rig after({"Rememberer"}, state);
  after.epoch(2, 4.0);
  CHECK(after.published("sum") == 7.0);
  after.callbacks->train_end(RunEnd::Completed);
  CHECK(after.target.weight == 1.0F);
}

TEST_CASE("The same state is saved as the same bytes", "[host][plugin]") {
  Rig rig({"Rememberer"});
  rig.epoch(0, 1.0);
  CHECK(rig.callbacks->save_state() == rig.callbacks->save_state());
}

TEST_CASE("The state of a plugin that is absent is carried through untouched", "[host][plugin]") {
  Rig first({"Rememberer"});
  first.epoch(0, 5.0);
  Rig without({"Measurer"}, first.callbacks->save_state());
  without.epoch(1, 1.0);
  Rig again({"Rememberer"}, without.callbacks->save_state());
  again.epoch(2, 1.0);
  CHECK(again.published("sum") == 6.0);
}

TEST_CASE("State that is damaged anywhere is refused by one sentence", "[host][plugin]") {
  Rig rig({"Rememberer"});
  rig.epoch(0, 1.0);
  const std::string state = rig.callbacks->save_state();
  for (std::size_t cut = 1; cut < state.size(); cut += 7)
    CHECK_THAT(error_of([&] { return Rig({"Rememberer"}, state.substr(0, cut)), 0; }),
               Contains("KAIROS-C006"));
  for (std::size_t at = 0; at < state.size(); at += 5) {
    std::string damaged = state;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    CHECK_THAT(error_of([&] { return Rig({"Rememberer"}, damaged), 0; }), Contains("KAIROS-C006"));
  }
}

TEST_CASE("A callback with the capability writes weights in place", "[host][plugin]") {
  Rig rig({"Doubler"});
  rig.epoch(0, 1.0);
  CHECK(rig.target.weight == 2.0F);
}

TEST_CASE("Background work is done before an instance is destroyed", "[host][plugin]") {
  TemporaryDirectory dir;
  {
    Rig rig({"Worker:file=" + (dir / "work").string()});
    for (int i = 0; i < 3; ++i) rig.epoch(i, 1.0);
  }
  CHECK(content_of(dir / "work") == "worked\nworked\nworked\n");
}

TEST_CASE("Background work that fails is a failure of its instance", "[host][plugin]") {
  TemporaryDirectory dir;
  Rig rig({"Worker:fails=true,file=" + (dir / "work").string()});
  rig.epoch(0, 1.0);
  rig.callbacks->finish(RunEnd::Completed);
  REQUIRE_FALSE(rig.warnings.empty());
  CHECK_THAT(rig.warnings.front(), Contains("Worker: a background task failed"));
}

TEST_CASE("Everyone is told of a fault", "[host][plugin]") {
  TemporaryDirectory dir;
  Rig rig({"Recorder:file=" + (dir / "calls").string()});
  rig.callbacks->fault("Thrower", "on_epoch_end", "it broke");
  CHECK_THAT(content_of(dir / "calls"), Contains("on_fault it broke\n"));
}
