// SPDX-License-Identifier: MIT
// Callbacks that average weights and present the average: they do not mix, and the trained weights come back.
#include <catch2/catch.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/probe.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

constexpr float first = 0.1F, second = 0.7F;  // the trained weight after each batch
const float fast = first + 0.5F * (second - first);
const float slow = first + static_cast<float>(1 - 0.9) * (second - first);

const std::string fast_one = "Averager@fast:momentum=0.5";
const std::string slow_one = "Averager@slow:momentum=0.9";

/// Two batches.
void train(ProbeRun& run) {
  run.callbacks->setup({});
  run.callbacks->train_begin();
  run.callbacks->epoch_begin(0);
  for (const float weight : {first, second}) {
    run.callbacks->train_batch_begin(weight == first ? 0 : 1, 1);
    run.target.weight = weight;
    run.callbacks->train_batch_end(run.logs);
  }
}

void finish(ProbeRun& run) {
  run.callbacks->train_end(RunEnd::Completed);
  run.callbacks->finish(RunEnd::Completed);
}

bool warns(const ProbeRun& run, const std::string& author, const std::string& part) {
  for (const ProbeRun::Message& one : run.messages)
    if (one.level == Level::Warning && one.author == author && one.text.find(part) != std::string::npos)
      return true;
  return false;
}

/// The hooks from the first swap of an epoch to its end, as the loop calls them. The weights of the model are
/// those that are presented until on_epoch_end has been called, whatever fails.
void validate_and_end(ProbeRun& run) {
  run.test();
  run.callbacks->epoch_end(run.logs, &run.logs);
}

}  // namespace

TEST_CASE("Two callbacks that average weights and present the average do not mix, in any order",
          "[host][plugin]") {
  struct Case {
    std::vector<std::string> plugins;
    float presented, result;
  };
  const auto [plugins, presented, result] =
      GENERATE(values<Case>({{{fast_one}, fast, fast},
                             {{slow_one}, slow, slow},
                             {{fast_one, slow_one + ",puts=false"}, slow, fast},
                             {{slow_one + ",puts=false", fast_one}, fast, fast},
                             {{fast_one + ",puts=false", slow_one}, slow, slow},
                             {{slow_one, fast_one + ",puts=false"}, fast, slow}}));
  ProbeRun run(plugins);
  train(run);
  CHECK(run.target.weight == second);
  run.callbacks->test_begin(1);
  CHECK(run.target.weight == presented);
  run.callbacks->test_batch_begin(0, 1);
  run.callbacks->test_batch_end(run.logs);
  run.callbacks->test_end(run.logs);
  CHECK(run.target.weight == presented);
  run.callbacks->epoch_end(run.logs, &run.logs);
  CHECK(run.target.weight == second);
  finish(run);
  CHECK(run.target.weight == result);
}

TEST_CASE("A file that is saved while weights are swapped in has them, and says so", "[host][plugin]") {
  const TemporaryDirectory directory;
  const std::string own = (directory / "own.h5").string();
  std::vector<std::string> labels;
  ProbeScript script;
  script.in["on_checkpoint_saved"] = [&](const Visit& visit) {
    const auto& event = *static_cast<const kairos_checkpoint_event*>(visit.event);
    labels.emplace_back(event.label.ptr, event.label.length);
    return KAIROS_OK;
  };
  const std::string how = GENERATE("", ",later=true");
  ProbeRun run({fast_one + ",file=" + own + how, script.spec()});
  train(run);
  validate_and_end(run);
  finish(run);
  std::ostringstream expected;
  expected << "weights " << fast;
  CHECK(content_of(own) == expected.str());
  CHECK(labels == std::vector<std::string>{"average fast"});
}

TEST_CASE("Whatever fails while weights are swapped in, the trained weights come back first",
          "[host][plugin]") {
  const std::string hook =
      GENERATE("on_test_begin", "on_test_batch_begin", "on_test_batch_end", "on_test_end", "on_epoch_end");
  const bool first_fails = GENERATE(true, false);
  const auto pair = [&](const std::string& policy) {
    const std::string fails = ",fails=" + hook + ",on_error=" + policy;
    return std::vector<std::string>{fast_one + (first_fails ? fails : ""),
                                    slow_one + (first_fails ? "" : fails)};
  };
  INFO(hook << (first_fails ? ", the first one" : ", the second one"));

  SECTION("fatal: before the run ends, on_fault and the saved states") {
    float seen = 0;
    ProbeScript script;
    ProbeRun run({pair("fatal")[0], pair("fatal")[1], script.spec()});
    script.in["on_fault"] = [&](const Visit&) { return seen = run.target.weight, KAIROS_OK; };
    script.in["state_save"] = script.in["on_fault"];
    train(run);
    CHECK_THAT(error_of([&] { return validate_and_end(run), 0; }), Contains("failed on purpose"));
    CHECK(run.target.weight == second);
    static_cast<void>(run.callbacks->save_state());
    CHECK(seen == second);
    seen = 0;
    run.callbacks->fault("", "", "failed");
    CHECK(seen == second);
  }
  SECTION("disable: what the other one presents stays") {
    ProbeRun run(pair("disable"));
    train(run);
    run.callbacks->test_begin(1);
    if (hook == "on_test_begin") CHECK(run.target.weight == (first_fails ? slow : fast));
    run.callbacks->test_batch_begin(0, 1);
    run.callbacks->test_batch_end(run.logs);
    run.callbacks->test_end(run.logs);
    if (hook != "on_epoch_end") CHECK(run.target.weight == (first_fails ? slow : fast));
    run.callbacks->epoch_end(run.logs, &run.logs);
    CHECK(run.target.weight == second);
    finish(run);
    CHECK(run.target.weight == (first_fails ? slow : fast));
  }
  SECTION("warn: the swap goes on to its end") {
    ProbeRun run(pair("warn"));
    train(run);
    run.test();
    CHECK(run.target.weight == slow);
    run.callbacks->epoch_end(run.logs, &run.logs);
    CHECK(run.target.weight == second);
  }
  SECTION("the loop fails") {
    ProbeRun run({fast_one, slow_one});
    train(run);
    run.callbacks->test_begin(1);
    CHECK(run.target.weight == slow);
    run.callbacks->fault("", "", "the model failed");
    CHECK(run.target.weight == second);
  }
}

TEST_CASE("A signal during a validation finds the trained weights, and so does what follows",
          "[host][plugin]") {
  float seen = 0, at_end = 0;
  ProbeScript script;
  ProbeRun run({fast_one + ",puts=false", slow_one + ",puts=false", script.spec()});
  script.in["on_interrupt"] = [&](const Visit&) { return seen = run.target.weight, KAIROS_OK; };
  train(run);
  const int batches = GENERATE(0, 1);
  run.callbacks->test_begin(2);
  if (batches == 1) {
    run.callbacks->test_batch_begin(0, 1);
    run.callbacks->test_batch_end(run.logs);
  }
  CHECK(run.target.weight == slow);
  run.callbacks->interrupt(15);
  CHECK(seen == second);
  CHECK(run.target.weight == second);
  run.callbacks->train_end(RunEnd::Interrupted);
  at_end = run.target.weight;
  run.callbacks->finish(RunEnd::Interrupted);
  CHECK(at_end == second);
}

TEST_CASE("A state that is saved during a validation has the averages, and the validation goes on",
          "[host][plugin]") {
  ProbeRun run({fast_one, slow_one});
  train(run);
  run.callbacks->test_begin(1);
  const std::string state = run.callbacks->save_state();
  CHECK(run.target.weight == slow);

  ProbeRun resumed({fast_one + ",puts=false", slow_one});
  resumed.callbacks->setup({});
  resumed.callbacks->load_state(state);
  resumed.callbacks->train_begin();
  CHECK(resumed.target.weight == 0);  // never begins swapped
  resumed.target.weight = second;
  finish(resumed);
  CHECK(resumed.target.weight == slow);
}

TEST_CASE("A validation in the middle of an epoch leaves the trained weights to the next batch",
          "[host][plugin]") {
  ProbeRun run({fast_one});
  train(run);
  run.test();
  CHECK(run.target.weight == fast);
  run.callbacks->train_batch_begin(2, 1);
  CHECK(run.target.weight == second);
}

TEST_CASE("Of two callbacks that decide the result in on_train_end, the later one wins, with a warning",
          "[host][plugin]") {
  ProbeRun run({fast_one, slow_one});
  train(run);
  validate_and_end(run);
  finish(run);
  CHECK(run.target.weight == slow);
  CHECK(warns(run, "slow",
              "its weights are the result, in place of those that fast has put there in on_train_end"));
}

TEST_CASE("A run says once who presents weights, and under which label", "[host][plugin]") {
  ProbeRun run({fast_one});
  train(run);
  validate_and_end(run);
  finish(run);
  int told = 0;
  for (const ProbeRun::Message& one : run.messages)
    if (one.text ==
        "tests and saved files have its weights \"average fast\" in place of those that are trained")
      ++told;
  CHECK(told == 1);
}

TEST_CASE("Only the owner of the live weights may write to them", "[host][plugin]") {
  kairos_status read = -1, write = -1;
  std::string reason;
  ProbeScript script;
  script.in["on_test_begin"] = [&](const Visit& visit) {
    kairos_tensor out{};
    out.size = sizeof out;
    read = visit.tensors().borrow(visit.call, KAIROS_ROLE_WEIGHT, 0, KAIROS_ACCESS_READ, &out);
    CHECK(*static_cast<float*>(out.view.data) == fast);
    write = visit.tensors().borrow(visit.call, KAIROS_ROLE_WEIGHT, 0, KAIROS_ACCESS_WRITE, &out);
    reason = visit.reason();
    return KAIROS_OK;
  };
  ProbeRun run({fast_one, script.spec()});
  train(run);
  run.test();
  CHECK(read == KAIROS_OK);
  CHECK(write == KAIROS_E_STATE);
  CHECK(reason ==
        "the live weights are \"average fast\" of fast, which alone may write to them until they are swapped "
        "out");
}
