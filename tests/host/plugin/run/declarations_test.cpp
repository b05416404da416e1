// SPDX-License-Identifier: MIT
// What follows from declarations: published keys, monitored keys, and secrets.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/rig.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

std::vector<std::string> keys_of(const Rig& rig) {
  std::vector<std::string> names;
  for (const LogKey& key : rig.callbacks->keys()) names.push_back(key.name);
  return names;
}

Direction direction_of(const Rig& rig, std::string_view name) {
  for (const LogKey& key : rig.callbacks->keys())
    if (key.name == name) return key.direction;
  return Direction::Unknown;
}

/// The error of a run with these plugins, which ends before it trains.
std::string start(const std::vector<std::string>& plugins) {
  return error_of([&] { return Rig(plugins), 0; });
}

}  // namespace

TEST_CASE("A published key has its direction, the name of the instance, and the value of an option",
          "[host][plugin]") {
  Rig rig({"Scorer@first:of=loss"});
  CHECK(keys_of(rig) == std::vector<std::string>{"loss", "first_f1", "loss_smooth", "plain"});
  CHECK(direction_of(rig, "first_f1") == Direction::Max);
  CHECK(direction_of(rig, "plain") == Direction::Min);
  CHECK(direction_of(rig, "loss_smooth") == Direction::Unknown);
  rig.epoch(0, 1.0);
  CHECK(rig.published("loss_smooth") == 0.5);
}

TEST_CASE("Two publishers of one key are an error before training, which names both", "[host][plugin]") {
  CHECK_THAT(start({"Named@one:key=score", "Named@two:key=score"}),
             Contains("KAIROS-O015: two: two publish the log key score; found two and one"));
  CHECK_THAT(start({"Named:key=loss"}), Contains("KAIROS-O015") && Contains("found Named and the model"));
  CHECK_THAT(start({"Named@one:key=late", "LateDeclarer"}),
             Contains("KAIROS-O031") && Contains("KAIROS-O015") && Contains("found LateDeclarer and one"));
}

TEST_CASE("Several callbacks may publish the learning rate", "[host][plugin]") {
  Rig rig({"RateTeller", "RateTeller"});
  rig.epoch(0, 1.0);
  CHECK(rig.published("learning_rate") == 0.5);
  Rig other({"RateTeller:factor=2"});
  CHECK_THAT(error_of([&] { return other.epoch(0, 1.0), 0; }), Contains("not another"));
}

TEST_CASE("A placeholder needs a value that makes a key", "[host][plugin]") {
  CHECK_THAT(start({"Named"}),
             Contains("KAIROS-O016: Named, option key: the log key {key} needs a value of this option"));
  CHECK_THAT(start({"Named:key='a b'"}), Contains("KAIROS-O016") && Contains("the name \"a b\""));
  CHECK_THAT(start({"Named:key=" + std::string(201, 'k')}), Contains("KAIROS-O016"));
}

TEST_CASE(
    "A key that is declared in setup of the phase measure can be monitored, wherever its callback stands",
    "[host][plugin]") {
  Rig rig({"Watcher:monitor=late", "LateDeclarer"});
  CHECK(rig.warnings == std::vector<std::string>{"Watcher: watches a maximum"});
  CHECK_THAT(start({"Watcher:monitor=later", "LateDeclarer"}),
             Contains("KAIROS-O026: Watcher, option monitor: no such metric in this run; found \"later\"") &&
                 Contains("Did you mean \"late\"?"));
  Rig warned({"Watcher:on_missing=warn,monitor=other", "LateDeclarer"});
  REQUIRE(warned.warnings.size() == 2);
  CHECK_THAT(warned.warnings[0], Contains("there is no metric \"other\" in this run; known are: loss, late"));
}

TEST_CASE("A key that is declared again keeps its direction", "[host][plugin]") {
  Rig rig({"LateDeclarer"});
  CHECK(direction_of(rig, "late") == Direction::Max);
  CHECK_THAT(start({"LateDeclarer:twice=true"}), Contains("the log key late has two directions"));
}

TEST_CASE("A secret is hidden in all that the plugin tells", "[host][plugin]") {
  Rig prints({"Gossip:token=hunter2"});
  prints.epoch(0, 1.0);
  CHECK(prints.warnings == std::vector<std::string>{"Gossip: sent Bearer *** twice: ***"});
  Rig throws({"Gossip:token=hunter2,act=throw"});
  CHECK_THAT(error_of([&] { return throws.epoch(0, 1.0), 0; }),
             Contains("sent Bearer *** twice: ***") && !Contains("hunter2"));
  Rig disabled({"Gossip:token=hunter2,act=throw,on_error=disable"});
  disabled.epoch(0, 1.0);
  REQUIRE(disabled.warnings.size() == 1);
  CHECK_THAT(disabled.warnings[0], Contains("***") && !Contains("hunter2"));
  Rig stops({"Gossip:token=hunter2,act=stop"});
  stops.epoch(0, 1.0);
  REQUIRE(stops.callbacks->stop());
  CHECK(stops.callbacks->stop()->reason == "sent Bearer *** twice: ***");
}

TEST_CASE("A secret from the environment is hidden too, and so is one of several lines", "[host][plugin]") {
  const auto secret = GENERATE(as<const char*>{}, "hunter3", "hunter\nthree");
  REQUIRE(::setenv("KAIROS_TEST_TOKEN", secret, 1) == 0);
  Rig prints({"Gossip:token=env:KAIROS_TEST_TOKEN"});
  prints.epoch(0, 1.0);
  CHECK(prints.warnings == std::vector<std::string>{"Gossip: sent Bearer *** twice: ***"});
  Rig throws({"Gossip:token=env:KAIROS_TEST_TOKEN,act=throw"});
  CHECK_THAT(error_of([&] { return throws.epoch(0, 1.0), 0; }), Contains("sent Bearer *** twice: ***"));
}
