// SPDX-License-Identifier: MIT
// The order that callbacks ask for, and former ids.
#include "plugin/run/calling_order.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/plugin/rig.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;

namespace {

/// The instances that hear on_epoch_end, in calling order.
std::string order_of(const std::vector<std::string>& plugins) {
  const std::string text = Rig(plugins).callbacks->explain_order();
  const std::size_t begin = text.find("on_epoch_end:");
  return text.substr(begin, text.find('\n', begin) - begin);
}

std::string file(const char* name) {
  return std::string(KAIROS_DISPATCH_PLUGINS) + "/" + name;
}

}  // namespace

TEST_CASE("Callbacks are called before and after those that they name, else in the user's order",
          "[host][plugin]") {
  CHECK(order_of({"Late", "Middle", "Early"}) == "on_epoch_end: [decide] Early Middle Late");
  CHECK(order_of({"Late", "Early"}) == "on_epoch_end: [decide] Early Late");
  CHECK(order_of({"Renamed", "Late", "Middle"}) == "on_epoch_end: [decide] Renamed Middle Late");
  CHECK(order_of({"Late", "Early@a", "Early@b"}) == "on_epoch_end: [decide] a b Late");
}

TEST_CASE("A callback of another phase is called in its phase, whatever is asked for", "[host][plugin]") {
  CHECK(order_of({"Reporting", "Late"}) == "on_epoch_end: [decide] Late [report] Reporting");
}

TEST_CASE("An order that contradicts itself is refused, and names the callbacks that do", "[host][plugin]") {
  CHECK_THAT(
      error_of([] {
        Rig({"Follower", "Early", "Late", "Contrary"});
      }),
      Contains("KAIROS-O061: Early, Late, Contrary: each of these callbacks is to be called before another "
               "one of them"));
  CHECK(order_of({"Follower", "Contrary", "Early"}) == "on_epoch_end: [decide] Contrary Follower Early");
}

TEST_CASE("A callback is found by its former ids, and gets the state that was saved under them",
          "[host][plugin]") {
  Rig former({file("test_former.so")});
  former.epoch(0, 1.0);
  former.epoch(1, 1.0);
  CHECK(Rig({"Renamed"}, former.callbacks->save_state()).warnings ==
        std::vector<std::string>{"Renamed: 2 epochs"});
  CHECK(Rig({"Interim"}).warnings == std::vector<std::string>{"Renamed: 0 epochs"});
  CHECK(Rig({"test.Interim"}).warnings == std::vector<std::string>{"Renamed: 0 epochs"});
  CHECK(Rig({file("test_arranger.so") + "#Interim"}).warnings ==
        std::vector<std::string>{"Renamed: 0 epochs"});
}

TEST_CASE("A name that is an id and a former id of another callback is refused with both files",
          "[host][plugin]") {
  const std::string error = error_of([] { Rig({"Former"}); });
  CHECK_THAT(error, Contains("KAIROS-O003: Former: several callbacks have this name"));
  CHECK_THAT(error, Contains("test.Renamed in " + file("test_arranger.so") + ", whose former id it is"));
  CHECK_THAT(error, Contains("test.Former in " + file("test_former.so")));
}

TEST_CASE("Lists have the items that the user or the plugin wrote", "[host][plugin]") {
  CHECK(Rig({"Lister"}).warnings == std::vector<std::string>{"Lister: epochs 3 5 word min"});
  CHECK(Rig({"Lister:epochs=[7, 1e2],rates='0.5,2',words=[\"max\", \"auto\"],pauses='90s,1ms'"}).warnings ==
        std::vector<std::string>{"Lister: epochs 7 100 rate 0.500000 rate 2.000000 word max word auto pause "
                                 "90000000000 pause 1000000 given"});
  CHECK(Rig({"Lister(epochs=[], words='')"}).warnings == std::vector<std::string>{"Lister: epochs given"});
}

TEST_CASE("A deprecated option warns with its reason where it is set", "[host][plugin]") {
  CHECK(Rig({"Lister:names=['a', 'b']"}).warnings ==
        std::vector<std::string>{"Lister: the option names of Lister is deprecated: write words",
                                 "Lister: epochs 3 5 name a name b word min"});
}

TEST_CASE("A list is refused for the item that is wrong", "[host][plugin]") {
  const auto refusal = [](const std::string& options) {
    return error_of([&] { Rig({"Lister:" + options}); });
  };
  CHECK_THAT(
      refusal("epochs=[1, x]"),
      Contains(
          "KAIROS-O023: Lister, option epochs: the value is not a list of type int; found \"1,x\", expected "
          "whole numbers separated by commas, such as 10,20"));
  CHECK_THAT(refusal("epochs='1,,2'"), Contains("KAIROS-O023"));
  CHECK_THAT(
      refusal("epochs=[1, -2]"),
      Contains(
          "KAIROS-O024: Lister, option epochs: a value of the list is out of range; found -2, expected at "
          "least 0"));
  CHECK_THAT(refusal("words=[min, mxa]"),
             Contains("KAIROS-O025: Lister, option words") && Contains("Did you mean \"max\"?"));
  CHECK_THAT(refusal("rates=[0.1, nan]"), Contains("KAIROS-O024") && Contains("found nan"));
  CHECK_THAT(refusal("rates=[None, 0.1]"),
             Contains("KAIROS-O053: Lister, option rates: an item of the list is None"));
}

TEST_CASE("An option that is None was not set", "[host][plugin]") {
  CHECK(Rig({"Lister(rates=None)"}).warnings == std::vector<std::string>{"Lister: epochs 3 5 word min"});
}
