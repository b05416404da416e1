// SPDX-License-Identifier: MIT
// The host and the training of Kairos::testing fail where a real host fails.
#include <kairos/testing.hpp>

#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using kairos::Role;
using kairos::testing::callback;
using kairos::testing::Failure;
using kairos::testing::Fit;
using kairos::testing::Host;
using kairos::testing::Instance;
using kairos::testing::State;

/// Does what the option says in every hook, and notes the hooks.
struct Doer : kairos::Callback<Doer> {
  static constexpr auto id = "test.Doer";
  static constexpr auto phase = kairos::Phase::Report;
  static constexpr auto publishes = "{what}_norm:max,{instance}_rate";
  kairos::Option<std::string_view> what{this, "what", "", "what to do", kairos::alias("task")};
  kairos::Option<double> number{this, "number", 0.5, "a number", kairos::max(1)};
  kairos::Option<kairos::Duration> pause{this, "pause", kairos::unset, "a time"};
  kairos::Option<kairos::Expression> formula{this, "formula", "x", "a formula", kairos::variables("x,y")};
  kairos::State<std::int64_t> sum{this, "sum", 0};
  kairos::Snapshot best{this, "best"};

  void act(kairos::Event& event, const char* hook) {
    if (what == "trace") event.print(hook);
    if (what == "stop") event.stop("asked");
    if (what == "rate") event.set_learning_rate(1);
    if (what == "publish") event.publish("publish_norm", number);
    if (what == "declare") event.declare_log("more", kairos::Direction::Min);
    if (what == "save") event.save("a.h5", kairos::SaveContent::Weights);
    if (what == "write") event.tensor(Role::Weight, 0, kairos::Access::Write).mutable_data()[0] = 7;
    if (what == "batch") (void)event.tensor(Role::Input, 0, kairos::Access::Write);
    if (what == "output") (void)event.tensor(Role::Output, 0, kairos::Access::Write);
    if (what == "load") event.load_weights("a.h5");
    if (what == "announce") event.will_write("report.txt");
    if (what == "name") event.print(event.instance_name());
    if (what == "formula") event.print(std::to_string(formula(event, 3, 0.5)));
    sum += 1;
  }
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place) \
  void hook(kairos::EventClass& event) {                 \
    act(event, #hook);                                   \
  }
#include <kairos/abi/hook_list.inc>
};

/// The same with every capability.
const kairos_callback& powerful() {
  static const kairos_callback declaration = [] {
    kairos_callback all = callback<Doer>();
    all.capabilities = ~0ull;
    return all;
  }();
  return declaration;
}

std::vector<std::string> lines_of(Host& host) {
  std::vector<std::string> lines;
  for (const auto& line : host.lines) lines.push_back(line.text);
  return lines;
}

/// The reason of the failure in the first epoch; empty if there is none.
std::string failure(const kairos_callback& declaration, const char* what) {
  Fit fit(declaration, {{"what", what}});
  fit.host().tensors[Role::Weight] = {{"w", {2}, {1, 2}, true}};
  fit.host().tensors[Role::Input] = fit.host().tensors[Role::Output] = {{"x", {1}, {1}, true}};
  try {
    fit.epoch({{"loss", 1.0}});
  } catch (const Failure& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("A training calls the hooks in the order of a host", "[sdk]") {
  Fit fit(callback<Doer>(), {{"what", "trace"}});
  fit.epoch({{"loss", 1.0}, {"val_loss", 2.0}});
  fit.end();
  CHECK(lines_of(fit.host()) ==
        std::vector<std::string>{"setup", "on_train_begin", "on_epoch_begin", "on_train_batch_begin",
                                 "on_backward_end", "on_train_batch_end", "on_test_begin",
                                 "on_test_batch_begin", "on_test_batch_end", "on_test_end", "on_epoch_end",
                                 "on_train_end", "teardown"});
}

TEST_CASE("A callback without a capability is refused as by a host", "[sdk]") {
  CHECK(failure(callback<Doer>(), "stop") ==
        "setup: the callback has not declared the capability stop (status 6)");
  CHECK(failure(callback<Doer>(), "rate") ==
        "setup: the callback has not declared the capability set_optimizer (status 6)");
  CHECK(failure(callback<Doer>(), "write") ==
        "setup: the callback has not declared the capability write_weights (status 6)");
  CHECK(failure(callback<Doer>(), "load") ==
        "setup: the callback has not declared the capability write_weights (status 6)");
  CHECK(failure(callback<Doer>(), "batch") ==
        "setup: the callback has not declared the capability write_batch (status 6)");
  CHECK(failure(powerful(), "output") == "setup: tensors of this role cannot be written (status 6)");
  CHECK(failure(powerful(), "write").empty());
}

TEST_CASE("A call in the wrong hook is refused as by a host", "[sdk]") {
  CHECK(failure(powerful(), "save") == "setup: this function is not allowed in setup (status 4)");
  CHECK(failure(powerful(), "publish") ==
        "setup: values are published in on_train_batch_end, on_test_end and on_epoch_end, not in setup "
        "(status 4)");
  CHECK(failure(powerful(), "batch") ==
        "setup: a batch is changed in on_train_batch_begin, not in setup (status 4)");
  Host host;
  Instance instance(host, callback<Doer>(), {{"what", "declare"}});
  REQUIRE(instance.create().status == KAIROS_OK);
  REQUIRE(instance.setup().status == KAIROS_OK);
  CHECK(host.logs.back().name == "more");
  CHECK(host.logs.back().direction == kairos::Direction::Min);
  CHECK(failure(powerful(), "declare") ==
        "on_train_begin: keys are declared in setup, not in on_train_begin (status 4)");
}

TEST_CASE("Published keys have the names and directions of the declaration", "[sdk]") {
  Host host;
  Instance instance(host, callback<Doer>(), {{"task", "publish"}, {"number", 1}}, "twin");
  REQUIRE(host.logs.size() == 2);
  CHECK(host.logs[0].name == "publish_norm");
  CHECK(host.logs[0].direction == kairos::Direction::Max);
  CHECK(host.logs[1].name == "twin_rate");
  REQUIRE(instance.create().status == KAIROS_OK);
  REQUIRE(instance.on_epoch_end().status == KAIROS_OK);
  CHECK(host.published.at("publish_norm") == std::vector<double>{1.0});
}

TEST_CASE("Options that a host would reject are rejected", "[sdk]") {
  const auto& declaration = callback<Doer>();
  CHECK_THROWS_WITH(Fit(declaration, {{"number", 1.5}}),
                    "option number: found 1.500000; expected a value within the bounds");
  CHECK_THROWS_WITH(Fit(declaration, {{"number", "much"}}),
                    "option number: found a value of another type; expected the type float");
  CHECK_THROWS_WITH(Fit(declaration, {{"what", 3}}),
                    "option what: found a value of another type; expected text");
  CHECK_THROWS_WITH(Fit(declaration, {{"whta", "stop"}}), "the callback test.Doer has no option \"whta\"");
  CHECK_NOTHROW(Fit(declaration, {{"pause", std::chrono::seconds(3)}, {"number", 1}}));
}

TEST_CASE("Failures of host functions can be injected, and calls are counted", "[sdk]") {
  Fit fit(powerful(), {{"what", "stop"}});
  fit.host().fail("control.request_stop", KAIROS_E_IO, "the line is down");
  CHECK_THROWS_WITH(fit.setup(), "setup: the line is down (status 7)");
  CHECK(fit.host().calls("control.request_stop") == 1);
  CHECK_FALSE(fit.stopped());
  CHECK_THROWS_AS(fit.host().fail("request_stop", KAIROS_E_IO, ""), std::invalid_argument);
}

TEST_CASE("Saved files, announced files, formulas and weights are recorded", "[sdk]") {
  Host host;
  host.tensors[Role::Weight] = {{"w", {2}, {1, 2}, true}};
  const auto run = [&host](const char* what) {
    Instance instance(host, powerful(), {{"what", what}});
    REQUIRE(instance.create().status == KAIROS_OK);
    return instance.on_epoch_end().reason;
  };
  CHECK(run("load") == "a.h5 does not exist");
  CHECK(run("save").empty());
  REQUIRE(host.saved.size() == 1);
  CHECK(host.saved[0].path == "a.h5");
  CHECK(host.saved[0].content == kairos::SaveContent::Weights);
  const std::uint64_t before = host.generation;
  CHECK(run("write").empty());
  CHECK(host.tensors[Role::Weight][0].values == std::vector<float>{7, 2});
  CHECK(host.generation > before);
  CHECK(run("load").empty());
  CHECK(host.tensors[Role::Weight][0].values == std::vector<float>{1, 2});
  CHECK(run("announce").empty());
  REQUIRE(host.announced.size() == 1);
  CHECK(host.announced[0].written);
  CHECK(run("formula").find("gives no formula") != std::string::npos);
  host.formulas["formula"] = [](const std::vector<double>& v) { return v[0] * v[1]; };
  CHECK(run("formula").empty());
  CHECK(host.printed("1.5"));
}

TEST_CASE("A callback reads the name of its instance", "[sdk]") {
  Fit fit(callback<Doer>(), {{"what", "name"}}, "twin");
  fit.setup();
  CHECK(lines_of(fit.host()) == std::vector<std::string>{"twin"});
}

TEST_CASE("State is restored into another training, with its snapshots", "[sdk]") {
  Fit fit(callback<Doer>());
  fit.epoch();
  const State state = fit.state();
  Fit second(callback<Doer>());
  second.restore(state);
  CHECK(second.run_event().resumed == 1);
  CHECK(second.state().bytes == state.bytes);
  second.epoch();
  CHECK(second.state().bytes != state.bytes);
  State old = state;
  old.version = 2;
  Fit third(callback<Doer>());
  CHECK_THROWS_WITH(third.restore(old), "state_load: the callback cannot load state of version 2 (status 9)");
  CHECK_THROWS_AS(second.restore(state), std::logic_error);
}

namespace {

/// Asks for a stop in the second epoch, and notes how the training ends.
struct Ender : kairos::Callback<Ender> {
  static constexpr auto id = "test.Ender";
  void on_epoch_end(kairos::Epoch& epoch) {
    if (epoch.number() == 2) epoch.stop("enough");
  }
  void on_fault(kairos::Fault& fault) { fault.print(fault.message()); }
  void on_interrupt(kairos::Interrupt& interrupt) { interrupt.print(std::to_string(interrupt.signal())); }
  void on_checkpoint_saved(kairos::Checkpoint& checkpoint) { checkpoint.print(checkpoint.path()); }
  void teardown(kairos::End& end) {
    end.print((end.completed() ? "completed "
               : end.stopped() ? "stopped "
                               : "broken ") +
              std::string(end.reason()));
  }
};

struct Worker : kairos::Callback<Worker> {
  static constexpr auto id = "test.Worker";
  static inline int done = 0;
  void on_epoch_end(kairos::Epoch&) {
    const auto work = [](void* result) {
      ++done;
      return *static_cast<kairos_status*>(result);
    };
    static kairos_status result = KAIROS_E_IO;
    (void)interfaces.tasks->submit(interfaces.host, work, &result);
  }
};

/// Posts as many tasks as the option says.
struct Poster : kairos::Callback<Poster> {
  static constexpr auto id = "test.Poster";
  kairos::Option<int> count{this, "count", 1, "tasks"};
  kairos::Option<bool> drops{this, "drops", false, "whether the oldest makes room"};
  kairos::Option<bool> fails{this, "fails", false, "whether each task throws"};
  kairos::Tasks tasks{this, 3};
  static inline int ran = 0, refused = 0;

  void on_epoch_end(kairos::Epoch&) {
    for (int i = 0; i < count; ++i)
      refused += tasks.post(
                     [throws = fails.value()] {
                       ++ran;
                       if (throws) throw kairos::Error(KAIROS_E_IO, "the line is dead");
                     },
                     drops ? kairos::when_full::drop : kairos::when_full::refuse)
                     ? 0
                     : 1;
  }
  void on_interrupt(kairos::Interrupt&) {
    tasks.post([] { ++ran; });
    tasks.post([] { ++ran; }, kairos::when_full::refuse, kairos::when_interrupted::finish);
    if (!tasks.ending()) throw kairos::Error("the run is to end");
    tasks.drain();
  }
};

}  // namespace

TEST_CASE("Tasks of C++ have room, and are refused or dropped beyond it", "[sdk]") {
  for (const bool drops : {false, true}) {
    Poster::ran = Poster::refused = 0;
    Fit fit(callback<Poster>(), {{"count", 5}, {"drops", drops}});
    fit.epoch();
    CHECK(Poster::ran == 3);
    CHECK(Poster::refused == (drops ? 0 : 2));
    CHECK(fit.host().outcomes[KAIROS_TASK_DROPPED] == (drops ? 2 : 0));
    CHECK(fit.host().calls("tasks.post") == 5);
  }
}

TEST_CASE("An exception in a task is printed, and fails the next hook", "[sdk]") {
  Fit fit(callback<Poster>(), {{"fails", true}});
  fit.epoch();
  CHECK(fit.host().printed("the line is dead"));
  CHECK_THROWS_WITH(fit.begin_epoch(), "on_epoch_begin: a task of the callback failed (status 7)");
}

TEST_CASE("After an interrupt only tasks that must finish run", "[sdk]") {
  Poster::ran = 0;
  Fit fit(callback<Poster>());
  fit.interrupt(2);
  CHECK(Poster::ran == 1);
  CHECK(fit.host().outcomes[KAIROS_TASK_CANCELLED] == 1);
}

TEST_CASE("A host that accepts no task is an error of the hook", "[sdk]") {
  Fit fit(callback<Poster>());
  fit.host().fail("tasks.post", KAIROS_E_STATE, "");
  CHECK_THROWS_WITH(fit.epoch(), Catch::Contains("a background task cannot be posted (status 4)"));
  Fit without(callback<Poster>());
  without.host().withheld.insert(KAIROS_TASKS);
  CHECK_THROWS_WITH(without.epoch(), Catch::Contains("this host does not offer kairos.tasks/1"));
}

TEST_CASE("A training that stops begins no further epoch, and tells why it ended", "[sdk]") {
  Fit fit(callback<Ender>());
  fit.epoch();
  fit.epoch();
  CHECK(fit.stop_reason() == "enough");
  CHECK(fit.epochs_run() == 2);
  CHECK_THROWS_WITH(fit.epoch(), "a host begins no epoch after a stop: enough");
  fit.end();
  CHECK(fit.host().printed("stopped enough"));
}

TEST_CASE("An instance that is not there is never called", "[sdk]") {
  Fit ended(callback<Ender>());
  ended.end();
  CHECK_THROWS_AS(ended.epoch(), std::logic_error);
  CHECK_THROWS_AS(ended.end(), std::logic_error);
  CHECK_THROWS_AS(ended.fault("again"), std::logic_error);
  CHECK_THROWS_AS(ended.interrupt(15), std::logic_error);
  CHECK_THROWS_AS(ended.state(), std::logic_error);
  Fit fresh(callback<Ender>());
  fresh.interrupt(15);  // begins the training
  CHECK(fresh.host().printed("15"));
}

TEST_CASE("A training may be interrupted or fail, and others may save", "[sdk]") {
  Fit failed(callback<Ender>());
  failed.epoch();
  failed.checkpoint_saved("/tmp/a.h5");
  failed.fault("the model is broken");
  CHECK(lines_of(failed.host()) ==
        std::vector<std::string>{"/tmp/a.h5", "the model is broken", "broken the model is broken"});
  Fit interrupted(callback<Ender>());
  interrupted.epoch();
  interrupted.interrupt(15);
  interrupted.end();
  CHECK(lines_of(interrupted.host()) == std::vector<std::string>{"15", "broken interrupted"});
  Fit completed(callback<Ender>());
  completed.epoch();
  completed.end();
  CHECK(completed.host().printed("completed"));
}

TEST_CASE("A task runs after the hook that submitted it, and its failure is the next hook's", "[sdk]") {
  Worker::done = 0;
  Fit fit(callback<Worker>());
  fit.epoch();
  CHECK(Worker::done == 1);
  CHECK_THROWS_WITH(fit.begin_epoch(), "on_epoch_begin: a task of the callback failed (status 7)");
}

TEST_CASE("A callback without data is called with a null self", "[sdk]") {
  static int calls = 0;
  kairos_hooks hooks{};
  hooks.size = sizeof hooks;
  hooks.create = [](const kairos_host*, kairos_call*, void**) { return kairos_status{KAIROS_OK}; };
  hooks.on_epoch_end = [](void* self, kairos_call*, const kairos_epoch_event*) {
    if (self == nullptr) ++calls;
    return kairos_status{KAIROS_OK};
  };
  kairos_callback declaration{};
  declaration.size = sizeof declaration;
  declaration.id = "test.Bare";
  declaration.hooks = &hooks;
  Fit fit(declaration);
  fit.epoch();
  fit.end();
  CHECK(calls == 1);
}
