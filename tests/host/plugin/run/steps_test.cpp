// SPDX-License-Identifier: MIT
// kairos.step/1: who may ask for what and when, how requests of several instances combine, and how long they
// last.
#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/probe.hpp"
#include "host/plugin/rig.hpp"
#include "plugin/run/saved_states.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;
using Weights = std::set<std::size_t>;

namespace {

struct Answer {
  kairos_status status;
  std::string reason;
};

/// What the host answers in one hook of a fit. `before` prepares the target.
Answer answer_in(const char* hook, const ProbeScript::Work& ask,
                 const std::function<void(StubTarget&)>& before = {}, const std::string& callback = "Probe") {
  ProbeScript script;
  Answer answer{-1, "not asked"};
  script.in[hook] = [&](const Visit& visit) {
    answer.status = ask(visit);
    answer.reason = visit.reason();
    return KAIROS_OK;
  };
  ProbeRun run({script.spec(callback)});
  if (before) before(run.target);
  run.callbacks->setup({});
  run.fit();
  return answer;
}

void check(const Answer& answer, kairos_status status, const std::string& reason) {
  CHECK(answer.status == status);
  CHECK(answer.reason == reason);
}

kairos_status freeze(const Visit& v) {
  return v.step().freeze(v.call, 0, 1);
}

}  // namespace

TEST_CASE("A request about steps that cannot be met says why", "[host][plugin]") {
  check(answer_in("setup", freeze), KAIROS_E_STATE, "the host does not allow this in setup");
  check(answer_in("on_epoch_end", freeze, {}, "ModestProbe"), KAIROS_E_DENIED,
        "the callback has not declared the capability control_step");
  check(answer_in("on_epoch_end", freeze, [](StubTarget& target) { target.controls_steps = false; }),
        KAIROS_E_UNSUPPORTED,
        "the training loop does not let callbacks control its update steps; train with kairos fit, or "
        "implement "
        "StepControl for the loop");
  check(answer_in("on_epoch_end", [](const Visit& v) { return v.step().accumulate(v.call, 0); }),
        KAIROS_E_RANGE, "a step is made from 0 batches; expected 1 or more");
  check(answer_in(
            "on_epoch_end", [](const Visit& v) { return v.step().accumulate(v.call, 2); },
            [](StubTarget& target) { target.step_fault = "the outputs differ"; }),
        KAIROS_E_UNSUPPORTED, "a step cannot be made from several batches: the outputs differ");
  check(answer_in(
            "on_epoch_end", [](const Visit& v) { return v.step().accumulate(v.call, 1); },
            [](StubTarget& target) { target.step_fault = "the outputs differ"; }),
        KAIROS_OK, "");
  check(answer_in("on_train_batch_end", [](const Visit& v) { return v.step().discard(v.call); }),
        KAIROS_E_STATE, "a step is discarded in on_backward_end, not in on_train_batch_end");
  check(answer_in("on_epoch_end", [](const Visit& v) { return v.step().freeze(v.call, 1, 1); }),
        KAIROS_E_RANGE, "weight 1 of 1");
  check(answer_in("on_epoch_end", [](const Visit& v) { return v.step().freeze(v.call, 0, 2); }),
        KAIROS_E_INVALID, "the argument of freeze is 2; expected 1 (frozen) or 0 (released)");
  for (const double factor : {-0.5, std::numeric_limits<double>::infinity(), std::nan("")})
    check(answer_in("on_epoch_end", [&](const Visit& v) { return v.step().scale_rate(v.call, 0, factor); }),
          KAIROS_E_RANGE,
          "the factor of a learning rate is " + std::to_string(factor) + "; expected a number from 0");
}

TEST_CASE("Steps are controlled inside a training, also in its validation, and nowhere else",
          "[host][plugin]") {
  const std::set<std::string> expected{"on_train_begin",      "on_epoch_begin",     "on_train_batch_begin",
                                       "on_backward_end",     "on_train_batch_end", "on_test_begin",
                                       "on_test_batch_begin", "on_test_batch_end",  "on_test_end",
                                       "on_epoch_end",        "on_train_end"};
  std::set<std::string> allowed;
  ProbeScript script;
  bool in_fit = false;
  script.everywhere = [&](const Visit& v) {
    if (v.call == nullptr) return KAIROS_OK;
    const kairos_status status = v.step().scale_rate(v.call, 0, 0.5);
    CHECK((status == KAIROS_OK) == (in_fit && expected.contains(v.hook)));
    if (status == KAIROS_OK) allowed.insert(v.hook);
    CHECK((v.step().discard(v.call) == KAIROS_OK) == (v.hook == "on_backward_end"));
    return KAIROS_OK;
  };
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  run.callbacks->load_state(run.callbacks->save_state());
  run.test();
  run.predict();
  in_fit = true;
  run.fit();
  in_fit = false;
  run.callbacks->finish(RunEnd::Completed);
  CHECK(allowed == expected);
  CHECK(run.target.discarded == 1);
}

TEST_CASE("on_train_batch_end says whether the target made a step", "[host][plugin]") {
  ProbeScript script;
  std::vector<std::int32_t> stepped;
  const auto note = [&](const Visit& v) {
    stepped.push_back(static_cast<const kairos_batch_event*>(v.event)->stepped);
    return KAIROS_OK;
  };
  for (const char* hook :
       {"on_train_batch_begin", "on_backward_end", "on_train_batch_end", "on_test_batch_end"})
    script.in[hook] = note;
  ProbeRun run({script.spec()});
  run.callbacks->setup({});
  run.callbacks->train_begin();
  run.callbacks->epoch_begin(0);
  for (const bool steps : {true, false, true}) {
    run.callbacks->train_batch_begin(static_cast<std::int64_t>(stepped.size()), 1);
    run.callbacks->gradients_ready();
    if (steps) ++run.target.steps;
    run.callbacks->train_batch_end(run.logs);
  }
  run.test();
  CHECK(stepped == std::vector<std::int32_t>{0, 0, 1, 0, 0, 0, 0, 0, 1, 0});
}

TEST_CASE("A weight is frozen as long as any instance freezes it", "[host][plugin]") {
  Rig rig({"Stepper@a:freeze=0,label=a", "Stepper@b:freeze=0,at=on_epoch_begin,label=b",
           "Stepper@c:unfreeze=0,at=on_epoch_begin,epoch=1,label=c"});
  CHECK(rig.target.frozen == Weights{0});
  rig.epoch(0, 1);
  rig.epoch(1, 1);  // c releases a freeze that it does not hold
  CHECK(rig.target.frozen == Weights{0});
  rig.callbacks->train_end(RunEnd::Completed);
  CHECK(rig.target.frozen == Weights{0});
  rig.callbacks->finish(RunEnd::Completed);
  CHECK(rig.target.frozen.empty());
}

TEST_CASE("Factors of several instances multiply in the order of their names", "[host][plugin]") {
  const double a = 0.1, b = 0.3, c = 7;
  const auto product = [](const std::vector<std::string>& plugins) {
    Rig rig(plugins);
    return rig.target.rate_factors.at(0);
  };
  const std::string spec_a = "Stepper@a:scale=0,factor=0.1,label=a",
                    spec_b = "Stepper@b:scale=0,factor=0.3,label=b",
                    spec_c = "Stepper@c:scale=0,factor=7,label=c";
  REQUIRE(1.0 * a * b * c != 1.0 * c * b * a);
  CHECK(product({spec_a, spec_b, spec_c}) == 1.0 * a * b * c);
  CHECK(product({spec_c, spec_b, spec_a}) == 1.0 * a * b * c);
}

TEST_CASE("One instance accumulates, and another is told its name", "[host][plugin]") {
  Rig rig({"Stepper@first:accumulate=4,label=a"});
  CHECK(rig.target.accumulated == 4);
  rig.callbacks->finish(RunEnd::Completed);
  CHECK(rig.target.accumulated == 1);

  const std::string error = error_of([] {
    return Rig({"Stepper@first:accumulate=4,label=a", "Stepper@second:accumulate=2,label=b"}), 0;
  });
  CHECK_THAT(error,
             Contains("second") && Contains("first makes one step from 4 batches already; let one callback "
                                            "accumulate gradients"));
}

TEST_CASE("An instance that is disabled keeps what it asked for, also when the run is resumed",
          "[host][plugin]") {
  const std::vector<std::string> plugins{
      "Stepper:freeze=0,scale=0,factor=0.5,accumulate=3,fails=1,on_error=disable"};
  Rig rig(plugins);
  rig.epoch(0, 1);
  rig.epoch(1, 1);
  CHECK_THAT(rig.warnings.at(0), Contains("as the test wanted"));
  CHECK(rig.target.frozen == Weights{0});
  const std::string state = rig.callbacks->save_state();
  Rig resumed({"Stepper:at=nowhere"}, state);
  CHECK(resumed.target.frozen == Weights{0});
  CHECK(resumed.target.rate_factors.at(0) == 0.5);
  CHECK(resumed.target.accumulated == 3);
}

TEST_CASE("What a callback without its own state asked for is restored with the run", "[host][plugin]") {
  Rig rig({"Stepper@a:freeze=0,label=a", "Stepper@b:freeze=0,once=true,label=b",
           "Stepper@b2:accumulate=2,scale=0,factor=0.25,label=c"});
  rig.epoch(0, 1);
  Rig resumed({"Stepper@b:unfreeze=0,once=true,label=b", "Stepper@b2:at=nowhere,label=c"},
              rig.callbacks->save_state());
  CHECK(resumed.target.frozen == Weights{0});  // that of b, which was told that it resumed; a is not there
  CHECK(resumed.target.accumulated == 2);
  CHECK(resumed.target.rate_factors.at(0) == 0.25);

  Rig again({"Stepper@a:at=nowhere,label=a"}, resumed.callbacks->save_state());
  CHECK(again.target.frozen == Weights{0});  // a's own, which was carried along
  CHECK(again.target.accumulated == 1);
}

TEST_CASE("A callback that released its freeze is told that it resumed, and stays without it",
          "[host][plugin]") {
  Rig rig({"Stepper:once=true"});
  Rig resumed({"Stepper:once=true,freeze=0"}, rig.callbacks->save_state());
  CHECK(resumed.target.frozen.empty());
}

TEST_CASE("Saved requests that do not fit the model are refused before anything is restored",
          "[host][plugin]") {
  SavedState state;
  state.id = "test.Stepper";
  state.name = "Stepper";
  state.has_bytes = false;
  state.step_requests.factors = {{7, 0.5}};
  const std::string error = error_of([&] { return Rig({"Stepper"}, encode_states({state})), 0; });
  CHECK_THAT(error,
             Contains("KAIROS-C007") &&
                 Contains("its saved state controls the steps of another model; found weight 7, expected one "
                          "of 1 weights"));
  const SavedState back = decode_states(encode_states({state})).at(0);
  CHECK(back.step_requests.factors == state.step_requests.factors);
  CHECK_FALSE(back.has_bytes);
}
