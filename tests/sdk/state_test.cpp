// SPDX-License-Identifier: MIT
// State: saved, and restored completely or not at all.
#include <kairos/testing.hpp>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using kairos::testing::callback;
using kairos::testing::Host;
using kairos::testing::Instance;
using kairos::testing::Outcome;
using kairos::testing::State;

struct Keeper : kairos::Callback<Keeper> {
  static constexpr auto id = "test.Keeper";
  static constexpr auto capabilities = kairos::Can::WriteWeights;
  kairos::State<int> wait{this, "wait", 3};
  kairos::State<double> best{this, "best", kairos::unset};
  kairos::State<std::string> last{this, "last"};
  kairos::State<std::vector<double>> losses{this, "losses"};
  kairos::Snapshot weights{this, "weights"};

  void on_epoch_begin(kairos::Epoch& epoch) {
    wait = -7;
    best = 0.125;
    *last = "words";
    *losses = {1.5, -2.5};
    weights.take(epoch);
  }
  void on_epoch_end(kairos::Epoch& epoch) { weights.restore(epoch); }
};

/// An older version of the callback, without losses and with a wider type of wait.
struct Older : kairos::Callback<Older> {
  static constexpr auto id = "test.Keeper";
  kairos::State<std::int64_t> wait{this, "wait", 5};
  void on_epoch_end(kairos::Epoch&) {}
};
struct Newer : kairos::Callback<Newer> {
  static constexpr auto id = "test.Keeper";
  static constexpr std::uint32_t state_version = 2;
  kairos::State<double> added{this, "added", 9.0};
  kairos::State<std::int64_t> wait{this, "wait", 0};
  void on_epoch_end(kairos::Epoch&) {}
};

struct Twins : kairos::Callback<Twins> {
  static constexpr auto id = "test.Twins";
  kairos::State<int> a{this, "a", 1};
  kairos::State<int> b{this, "b", 2};
  kairos::State<int> c{this, "c", 3};
  void on_epoch_end(kairos::Epoch&) { a = b = c; }
};

/// An object with its own form of saved state.
struct Counter {
  int number = 0;
  [[nodiscard]] std::string save() const { return "number " + std::to_string(number); }
  void load(std::string_view bytes) {
    if (bytes.substr(0, 7) != "number ") throw kairos::Error(KAIROS_E_DATA, "expected a number");
    number = std::stoi(std::string(bytes.substr(7)));
  }
};
struct Counting : kairos::Callback<Counting> {
  static constexpr auto id = "test.Counting";
  kairos::State<Counter> counter{this, "counter"};
  void on_epoch_end(kairos::Epoch&) { ++counter->number; }
};

template <class T>
const T& in(const Instance& instance) {
  return *static_cast<const T*>(instance.self());
}

void check_untouched(const Keeper& keeper) {
  CHECK(keeper.wait == 3);
  CHECK(std::isnan(keeper.best.value()));
  CHECK(keeper.last->empty());
  CHECK(keeper.losses->empty());
  CHECK(keeper.weights.empty());
}

State saved_by(Instance& instance) {
  State state;
  REQUIRE(instance.save(state).status == KAIROS_OK);
  return state;
}

State saved_state(Host& host) {
  Instance instance(host, callback<Keeper>());
  REQUIRE(instance.create().status == KAIROS_OK);
  REQUIRE(instance.on_epoch_begin().status == KAIROS_OK);
  State state = saved_by(instance);
  CHECK(state.bytes == saved_by(instance).bytes);
  return state;
}

/// A host whose model has one weight.
void set_weight(Host& host, float value) {
  host.tensors[kairos::Role::Weight] = {{"w", {1}, {value}, true}};
}

}  // namespace

TEST_CASE("State of every type is restored as it was saved", "[sdk][state]") {
  Host host;
  set_weight(host, 0.5F);
  const State state = saved_state(host);
  set_weight(host, 99);
  Instance instance(host, callback<Keeper>());
  REQUIRE(instance.create().status == KAIROS_OK);
  check_untouched(in<Keeper>(instance));
  REQUIRE(instance.load(state).status == KAIROS_OK);
  const auto& keeper = in<Keeper>(instance);
  CHECK(keeper.wait == -7);
  CHECK(keeper.best == 0.125);
  CHECK(*keeper.last == "words");
  CHECK(*keeper.losses == std::vector<double>{1.5, -2.5});
  CHECK_FALSE(keeper.weights.empty());
  REQUIRE(instance.on_epoch_end().status == KAIROS_OK);
  CHECK(host.tensors[kairos::Role::Weight][0].values[0] == 0.5F);
}

TEST_CASE("Empty text and an empty list are state too", "[sdk][state]") {
  Host host;
  Instance instance(host, callback<Keeper>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const State fresh = saved_by(instance);
  REQUIRE(instance.on_epoch_begin().status == KAIROS_OK);
  REQUIRE(instance.load(fresh).status == KAIROS_OK);
  check_untouched(in<Keeper>(instance));
}

TEST_CASE("Truncated state is rejected at any length and changes nothing", "[sdk][state]") {
  Host host;
  const State state = saved_state(host);
  for (std::size_t length = 0; length < state.bytes.size(); ++length) {
    Instance instance(host, callback<Keeper>());
    REQUIRE(instance.create().status == KAIROS_OK);
    const Outcome outcome = instance.load({state.bytes.substr(0, length), 1, {}});
    INFO(length << " of " << state.bytes.size() << " bytes: " << outcome.reason);
    CHECK(outcome.status == KAIROS_E_DATA);
    CHECK((outcome.reason == "the saved state is truncated" ||
           outcome.reason.find("has no usable \"") != std::string::npos));
    check_untouched(in<Keeper>(instance));
  }
}

TEST_CASE("State of the wrong size is rejected by name and changes nothing", "[sdk][state]") {
  Host host;
  Instance older(host, callback<Older>());
  REQUIRE(older.create().status == KAIROS_OK);
  const State state = saved_by(older);
  Instance instance(host, callback<Keeper>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const Outcome outcome = instance.load(state);
  CHECK(outcome.status == KAIROS_E_DATA);
  CHECK(outcome.reason == "the saved state has no usable \"wait\"");
  check_untouched(in<Keeper>(instance));
}

TEST_CASE("State with a length beyond its end is rejected", "[sdk][state]") {
  Host host;
  State state = saved_state(host);
  state.bytes[7] = '\x7f';  // the most significant byte of the first length
  Instance instance(host, callback<Keeper>());
  REQUIRE(instance.create().status == KAIROS_OK);
  CHECK(instance.load(state).status == KAIROS_E_DATA);
  check_untouched(in<Keeper>(instance));
}

TEST_CASE("A value added by a newer version keeps its initial value when older state is loaded",
          "[sdk][state]") {
  Host host;
  Instance older(host, callback<Older>());
  REQUIRE(older.create().status == KAIROS_OK);
  const State state = saved_by(older);
  Instance newer(host, callback<Newer>());
  REQUIRE(newer.create().status == KAIROS_OK);
  SECTION("saved by the older version") {
    REQUIRE(newer.load({state.bytes, 1, {}}).status == KAIROS_OK);
    CHECK(in<Newer>(newer).wait == 5);
    CHECK(in<Newer>(newer).added == 9.0);
  }
  SECTION("saved by the same version: something is missing") {
    const Outcome outcome = newer.load({state.bytes, 2, {}});
    CHECK(outcome.status == KAIROS_E_DATA);
    CHECK(outcome.reason == "the saved state has no usable \"added\"");
    CHECK(in<Newer>(newer).wait == 0);
  }
}

TEST_CASE("Assigning a state copies the value but not the name", "[sdk][state]") {
  Host host;
  Instance instance(host, callback<Twins>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const State before = saved_by(instance);
  REQUIRE(instance.on_epoch_end().status == KAIROS_OK);
  CHECK(in<Twins>(instance).a == 3);
  CHECK(in<Twins>(instance).b == 3);
  const State after = saved_by(instance);
  CHECK(after.bytes.size() == before.bytes.size());
  REQUIRE(instance.load(before).status == KAIROS_OK);
  CHECK(in<Twins>(instance).a == 1);
  CHECK(in<Twins>(instance).b == 2);
}

TEST_CASE("An object that saves itself is saved when the host asks", "[sdk][state]") {
  Host host;
  Instance instance(host, callback<Counting>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const State before = saved_by(instance);
  REQUIRE(instance.on_epoch_end().status == KAIROS_OK);
  State after = saved_by(instance);
  CHECK(after.bytes.find("number 1") != std::string::npos);
  Instance other(host, callback<Counting>());
  REQUIRE(other.create().status == KAIROS_OK);
  REQUIRE(other.load(after).status == KAIROS_OK);
  CHECK((*in<Counting>(other).counter).number == 1);
  REQUIRE(other.load(before).status == KAIROS_OK);
  CHECK(in<Counting>(other).counter->number == 0);
  after.bytes.replace(after.bytes.find("number"), 6, "letter");
  const Outcome outcome = other.load(after);
  CHECK(outcome.status == KAIROS_E_DATA);
  CHECK(outcome.reason == "expected a number");
}
