// SPDX-License-Identifier: MIT
// The boundary: exceptions, failed creation, interfaces that a host does not offer.
#include <kairos/testing.hpp>

#include <catch2/catch.hpp>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using kairos::testing::callback;
using kairos::testing::Host;
using kairos::testing::Instance;
using kairos::testing::Outcome;

enum Kind { OwnError, PlainError, NoMemory, Standard, Number, HostRefusal };

/// Throws the kind of exception that the option selects, in every hook.
struct Thrower : kairos::Callback<Thrower> {
  static constexpr auto id = "test.Thrower";
  kairos::Option<int> kind{this, "kind", 0, "what to throw"};

  void raise(kairos::Event& event) {
    switch (static_cast<Kind>(kind.value())) {
      case OwnError:
        throw kairos::Error(KAIROS_E_DATA, "own words");
      case PlainError:
        throw kairos::Error("plain words");
      case NoMemory:
        throw std::bad_alloc();
      case Standard:
        throw std::out_of_range("far out");
      case Number:
        throw 42;
      case HostRefusal:
        event.stop("never mind");
    }
  }
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place) \
  void hook(kairos::EventClass& event) {                 \
    raise(event);                                        \
  }
#include <kairos/abi/hook_list.inc>
};

/// Counts its objects; on request, the last of three throws in its constructor.
struct Fragile {
  static inline int alive = 0;
  static inline int made = 0;
  static inline int throw_at = 0;
  Fragile() {
    if (++made == throw_at) throw std::runtime_error("made too many");
    ++alive;
  }
  ~Fragile() { --alive; }
  Fragile(const Fragile&) = delete;
  Fragile& operator=(const Fragile&) = delete;
};

struct Owner : kairos::Callback<Owner> {
  static constexpr auto id = "test.Owner";
  kairos::Owned<Fragile> first{this};
  kairos::State<std::vector<double>> between{this, "between"};
  kairos::Owned<Fragile> second{this};
  kairos::Owned<Fragile> third{this};
  void on_epoch_end(kairos::Epoch&) {}
};

struct Asker : kairos::Callback<Asker> {
  static constexpr auto id = "test.Asker";
  void on_epoch_begin(kairos::Epoch& epoch) { (void)epoch.metric("loss"); }
  void on_epoch_end(kairos::Epoch& epoch) { epoch.stop("enough"); }
  void on_train_batch_begin(kairos::Batch& batch) { (void)batch.learning_rate(); }
  void on_train_batch_end(kairos::Batch& batch) { (void)batch.tensor_count(kairos::Role::Weight); }
  void on_train_begin(kairos::Run& run) { (void)run.evaluate(0, nullptr, 0); }
  void on_train_end(kairos::End& end) { end.save("a.h5", kairos::SaveContent::Weights); }
};

struct Greeter {
  int greetings = 0;
  void on_epoch_end(kairos::Epoch& epoch) {
    ++greetings;
    epoch.print("hello from a base");
  }
};
/// The base is not at the address of the callback.
struct Heir : kairos::Callback<Heir>, Greeter {
  static constexpr auto id = "test.Heir";
};

/// Prints what the host refuses and what the run is.
struct Listener : kairos::Callback<Listener> {
  static constexpr auto id = "test.Listener";
  void setup(kairos::Run& run) {
    if (run.mode() == kairos::Mode::Evaluate) run.print("an evaluation");
    if (run.run_resumed()) run.print("of a resumed run");
  }
  void on_epoch_end(kairos::Epoch& epoch) {
    try {
      epoch.stop("enough");
    } catch (const kairos::HostError& error) {
      epoch.print(error.what());
    }
  }
};

}  // namespace

TEST_CASE("A hook that a callback inherits is called with its base", "[sdk][boundary]") {
  Host host;
  Instance instance(host, callback<Heir>());
  REQUIRE(instance.create().status == KAIROS_OK);
  CHECK(instance.on_epoch_end().status == KAIROS_OK);
  CHECK(host.printed("hello from a base"));
  CHECK(static_cast<Heir*>(instance.self())->greetings == 1);
}

TEST_CASE("No exception leaves a hook: each is converted to a status and a text", "[sdk][boundary]") {
  const struct {
    Kind kind;
    kairos_status status;
    const char* text;
  } table[] = {{OwnError, KAIROS_E_DATA, "own words"},
               {PlainError, KAIROS_E_INVALID, "plain words"},
               {NoMemory, KAIROS_E_MEMORY, "out of memory"},
               {Standard, KAIROS_E_EXCEPTION, "far out"},
               {Number, KAIROS_E_EXCEPTION, "an exception that is not a std::exception"},
               {HostRefusal, KAIROS_E_DENIED, "this callback may not stop the run"}};
  for (const auto& row : table) {
    Host host;
    host.fail("control.request_stop", KAIROS_E_DENIED, "this callback may not stop the run", 21);
    Instance instance(host, callback<Thrower>(), {{"kind", static_cast<int>(row.kind)}});
    REQUIRE(instance.create().status == KAIROS_OK);
    int hooks = 0;
    const auto check = [&](const Outcome& outcome, const char* hook) {
      INFO(hook);
      CHECK(outcome.status == row.status);
      CHECK(outcome.reason == row.text);
      ++hooks;
    };
#define KAIROS_DETAIL_HOOK(hook, EventClass, Raw, place) check(instance.hook(), #hook);
#include <kairos/abi/hook_list.inc>
    CHECK(hooks == 21);
  }
}

TEST_CASE("A create that throws frees everything", "[sdk][boundary]") {
  for (int throw_at = 1; throw_at <= 4; ++throw_at) {
    Fragile::alive = Fragile::made = 0;
    Fragile::throw_at = throw_at;
    Host host;
    Instance instance(host, callback<Owner>());
    const Outcome made = instance.create();
    if (throw_at <= 3) {
      CHECK(made.status == KAIROS_E_EXCEPTION);
      CHECK(made.reason == "made too many");
      CHECK(instance.self() == nullptr);
      CHECK(Fragile::alive == 0);
    } else {
      CHECK(made.status == KAIROS_OK);
      CHECK(Fragile::alive == 3);
      instance.destroy();
      CHECK(Fragile::alive == 0);
    }
  }
}

TEST_CASE("A missing interface is reported when it is used, not before", "[sdk][boundary]") {
  Host host;
  host.withheld = {KAIROS_LOGS,    KAIROS_CONTROL,     KAIROS_MODEL,
                   KAIROS_TENSORS, KAIROS_EXPRESSIONS, KAIROS_OPTIMIZER};
  Instance instance(host, callback<Asker>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const auto check = [](const Outcome& outcome, const std::string& id) {
    CHECK(outcome.status == KAIROS_E_UNSUPPORTED);
    CHECK(outcome.reason == "this host does not offer " + id);
  };
  check(instance.on_epoch_begin(), "kairos.logs/1");
  check(instance.on_epoch_end(), "kairos.control/1");
  check(instance.on_train_batch_begin(), "kairos.optimizer/1");
  check(instance.on_train_batch_end(), "kairos.tensors/1");
  check(instance.on_train_begin(), "kairos.expressions/1");
  check(instance.on_train_end(), "kairos.model/1");
}

TEST_CASE("A HostError that a hook catches names the operation and the host's reason", "[sdk][boundary]") {
  Host host;
  host.fail("control.request_stop", KAIROS_E_DENIED, "this callback may not stop the run");
  Instance instance(host, callback<Listener>());
  REQUIRE(instance.create().status == KAIROS_OK);
  CHECK(instance.on_epoch_end().status == KAIROS_OK);
  REQUIRE(host.lines.size() == 1);
  CHECK(host.lines[0].text == "requesting a stop: this callback may not stop the run");
}

TEST_CASE("Run::mode tells what the run is", "[sdk][boundary]") {
  Host host;
  Instance instance(host, callback<Listener>());
  REQUIRE(instance.create().status == KAIROS_OK);
  kairos_run_event event{};
  event.mode = KAIROS_MODE_EVALUATE;
  event.run_resumed = 1;
  CHECK(instance.setup(event).status == KAIROS_OK);
  REQUIRE(host.lines.size() == 2);
  CHECK(host.lines[0].text == "an evaluation");
  CHECK(host.lines[1].text == "of a resumed run");
}

TEST_CASE("Event::metric names the missing key", "[sdk][boundary]") {
  Host host;
  host.log("loss", std::nullopt);
  Instance instance(host, callback<Asker>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const Outcome outcome = instance.on_epoch_begin();
  CHECK(outcome.status == KAIROS_E_NOT_FOUND);
  CHECK(outcome.reason == "the logs of this event have no \"loss\"");
}
