// SPDX-License-Identifier: MIT
// State: saved, and restored completely or not at all.
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "fake_host.hpp"

namespace {

using kairos::tests::declaration_of;
using kairos::tests::FakeHost;
using kairos::tests::FakeInstance;
using kairos::tests::Outcome;

struct Keeper : kairos::Callback<Keeper> {
  static constexpr auto id = "test.Keeper";
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

template <class T>
const T& in(const FakeInstance& instance) {
  return *static_cast<const T*>(instance.self());
}

void check_untouched(const Keeper& keeper) {
  CHECK(keeper.wait == 3);
  CHECK(std::isnan(keeper.best.value()));
  CHECK(keeper.last->empty());
  CHECK(keeper.losses->empty());
  CHECK(keeper.weights.empty());
}

std::string saved_state(FakeHost& host) {
  FakeInstance instance(host, declaration_of<Keeper>());
  REQUIRE(instance.create().status == KAIROS_OK);
  REQUIRE(instance.run(instance.hooks().on_epoch_begin, kairos_epoch_event{}).status == KAIROS_OK);
  std::string bytes = instance.save();
  CHECK(bytes == instance.save());
  return bytes;
}

}  // namespace

TEST_CASE("State of every type is restored as it was saved", "[sdk][state]") {
  FakeHost host;
  host.weight = 0.5;
  const std::string bytes = saved_state(host);
  host.weight = 99;
  FakeInstance instance(host, declaration_of<Keeper>());
  REQUIRE(instance.create().status == KAIROS_OK);
  check_untouched(in<Keeper>(instance));
  REQUIRE(instance.load(bytes).status == KAIROS_OK);
  const auto& keeper = in<Keeper>(instance);
  CHECK(keeper.wait == -7);
  CHECK(keeper.best == 0.125);
  CHECK(*keeper.last == "words");
  CHECK(*keeper.losses == std::vector<double>{1.5, -2.5});
  CHECK_FALSE(keeper.weights.empty());
  REQUIRE(instance.run(instance.hooks().on_epoch_end, kairos_epoch_event{}).status == KAIROS_OK);
  CHECK(host.weight == 0.5);
}

TEST_CASE("Empty text and an empty list are state too", "[sdk][state]") {
  FakeHost host;
  FakeInstance instance(host, declaration_of<Keeper>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const std::string fresh = instance.save();
  REQUIRE(instance.run(instance.hooks().on_epoch_begin, kairos_epoch_event{}).status == KAIROS_OK);
  REQUIRE(instance.load(fresh).status == KAIROS_OK);
  check_untouched(in<Keeper>(instance));
}

TEST_CASE("Truncated state is rejected at any length and changes nothing", "[sdk][state]") {
  FakeHost host;
  const std::string bytes = saved_state(host);
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    FakeInstance instance(host, declaration_of<Keeper>());
    REQUIRE(instance.create().status == KAIROS_OK);
    const Outcome outcome = instance.load(std::string_view(bytes).substr(0, length));
    INFO(length << " of " << bytes.size() << " bytes: " << outcome.text);
    CHECK(outcome.status == KAIROS_E_DATA);
    CHECK((outcome.text == "the saved state is truncated" ||
           outcome.text.find("has no usable \"") != std::string::npos));
    check_untouched(in<Keeper>(instance));
  }
}

TEST_CASE("State of the wrong size is rejected by name and changes nothing", "[sdk][state]") {
  FakeHost host;
  FakeInstance older(host, declaration_of<Older>());
  REQUIRE(older.create().status == KAIROS_OK);
  const std::string bytes = older.save();
  FakeInstance instance(host, declaration_of<Keeper>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const Outcome outcome = instance.load(bytes);
  CHECK(outcome.status == KAIROS_E_DATA);
  CHECK(outcome.text == "the saved state has no usable \"wait\"");
  check_untouched(in<Keeper>(instance));
}

TEST_CASE("State with a length beyond its end is rejected", "[sdk][state]") {
  FakeHost host;
  std::string bytes = saved_state(host);
  bytes[7] = '\x7f';  // the most significant byte of the first length
  FakeInstance instance(host, declaration_of<Keeper>());
  REQUIRE(instance.create().status == KAIROS_OK);
  CHECK(instance.load(bytes).status == KAIROS_E_DATA);
  check_untouched(in<Keeper>(instance));
}

TEST_CASE("A value added by a newer version keeps its initial value when older state is loaded",
          "[sdk][state]") {
  FakeHost host;
  FakeInstance older(host, declaration_of<Older>());
  REQUIRE(older.create().status == KAIROS_OK);
  const std::string bytes = older.save();
  FakeInstance newer(host, declaration_of<Newer>());
  REQUIRE(newer.create().status == KAIROS_OK);
  SECTION("saved by the older version") {
    REQUIRE(newer.load(bytes, 1).status == KAIROS_OK);
    CHECK(in<Newer>(newer).wait == 5);
    CHECK(in<Newer>(newer).added == 9.0);
  }
  SECTION("saved by the same version: something is missing") {
    const Outcome outcome = newer.load(bytes, 2);
    CHECK(outcome.status == KAIROS_E_DATA);
    CHECK(outcome.text == "the saved state has no usable \"added\"");
    CHECK(in<Newer>(newer).wait == 0);
  }
}

TEST_CASE("Assigning a state copies the value but not the name", "[sdk][state]") {
  FakeHost host;
  FakeInstance instance(host, declaration_of<Twins>());
  REQUIRE(instance.create().status == KAIROS_OK);
  const std::string before = instance.save();
  REQUIRE(instance.run(instance.hooks().on_epoch_end, kairos_epoch_event{}).status == KAIROS_OK);
  CHECK(in<Twins>(instance).a == 3);
  CHECK(in<Twins>(instance).b == 3);
  const std::string after = instance.save();
  CHECK(after.size() == before.size());
  REQUIRE(instance.load(before).status == KAIROS_OK);
  CHECK(in<Twins>(instance).a == 1);
  CHECK(in<Twins>(instance).b == 2);
}
