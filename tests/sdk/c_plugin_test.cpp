// SPDX-License-Identifier: MIT
// A plugin in C, written with the macros of plugin.h.
#include <dlfcn.h>
#include <kairos/testing.hpp>

#include <catch2/catch.hpp>
#include <cstdint>
#include <string>

namespace {

using kairos::testing::Failure;
using kairos::testing::Fit;
using kairos::testing::Host;
using kairos::testing::Instance;
using kairos::testing::State;

const kairos_plugin& c_plugin() {
  static void* const library = ::dlopen(KAIROS_TEST_C_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  REQUIRE(library != nullptr);
  return *static_cast<const kairos_plugin*>(::dlsym(library, KAIROS_PLUGIN_SYMBOL));
}
const kairos_callback& counter() {
  return kairos::testing::callback(c_plugin(), "test.Counter");
}

}  // namespace

TEST_CASE("A callback in C reads options, publishes and stops", "[sdk][plugin]") {
  Fit fit(counter(), {{"limit", 2}, {"monitor", "val_loss"}});
  fit.epoch({{"val_loss", 1.0}});
  CHECK(fit.published("mean") == 1.0);
  CHECK_FALSE(fit.stopped());
  fit.epoch({{"val_loss", 4.0}});
  CHECK(fit.published("mean") == 2.5);
  CHECK(fit.stop_reason() == "counted to the limit");
  fit.end();
}

TEST_CASE("A callback in C has the defaults, bounds and aliases of its list", "[sdk][plugin]") {
  CHECK_THROWS_WITH(Fit(counter()), "the option limit is required");
  CHECK_THROWS_WITH(Fit(counter(), {{"limit", 0}}),
                    "option limit: found 0; expected a value within the bounds");
  CHECK_THROWS_WITH(Fit(counter(), {{"limit", 1}, {"n", 101}}),
                    "option every: found 101; expected a value within the bounds");
  CHECK_THROWS_WITH(Fit(counter(), {{"limit", 1}, {"mode", "most"}}),
                    "option mode: found \"most\"; expected one of auto,min,max");
  Fit fit(counter(), {{"limit", 1}, {"baseline", 0.5}});
  CHECK_THROWS_WITH(fit.setup(), "create: baseline is not supported (status 1)");
}

TEST_CASE("Words after the help and the hooks set flags in C", "[sdk][plugin]") {
  REQUIRE(counter().option_count == 18);
  CHECK(counter().options[16]->flags == KAIROS_OPTION_STATE);
  CHECK(counter().options[17]->flags == KAIROS_OPTION_SECRET);
  CHECK(counter().flags == 0);
  CHECK(kairos::testing::callback(c_plugin(), "test.Bare").flags == KAIROS_CALLBACK_EVERY_RANK);
}

TEST_CASE("A callback in C has lists, a deprecated option, former ids and an order", "[sdk][plugin]") {
  const kairos_option& epochs = *counter().options[13];
  CHECK(epochs.type == KAIROS_TYPE_LIST);
  CHECK(epochs.item_type == KAIROS_TYPE_INT);
  CHECK(epochs.min.type == KAIROS_TYPE_INT);
  CHECK(std::string(epochs.initial.text.ptr, epochs.initial.text.length) == "1,2");
  CHECK(epochs.deprecated == nullptr);
  const kairos_option& modes = *counter().options[14];
  CHECK(modes.item_type == KAIROS_TYPE_ENUM);
  CHECK(std::string(modes.deprecated) == "use mode");
  CHECK(std::string(counter().aliases) == "test.OldCounter,test.OlderCounter");
  CHECK(std::string(counter().before) == "test.Bare");
  CHECK(std::string(counter().after) == "test.Other");
  CHECK_THROWS_WITH(Fit(counter(), {{"limit", 1}, {"epochs", "1,0"}}),
                    "option epochs: found 0; expected a value within the bounds");
}

TEST_CASE("KAIROS_C_STATE saves and restores a member, or changes nothing", "[sdk][plugin]") {
  Fit fit(counter(), {{"limit", 9}});
  fit.epoch({{"loss", 1.0}});
  State state = fit.state();
  CHECK(state.version == 3);
  Fit second(counter(), {{"limit", 9}});
  second.restore(state);
  second.epoch({{"loss", 4.0}});
  CHECK(second.published("mean") == 2.5);
  Fit third(counter(), {{"limit", 9}});
  state.bytes.pop_back();
  CHECK_THROWS_AS(third.restore(state), Failure);
  third.epoch({{"loss", 4.0}});
  CHECK(third.published("mean") == 4.0);
}

TEST_CASE("A plugin in C may have several callbacks with options of the same name", "[sdk][plugin]") {
  Host host;
  Instance bare(host, kairos::testing::callback(c_plugin(), "test.Bare"));
  REQUIRE(bare.create().status == KAIROS_OK);
  kairos_fault_event event{};
  event.status = KAIROS_E_IO;
  CHECK(bare.on_fault(event).status == KAIROS_E_IO);
}

TEST_CASE("A plugin in C declares secrets, options that void the state, and every rank", "[sdk][plugin]") {
  const auto flags_of = [](const char* name) {
    for (std::uint32_t i = 0; i < counter().option_count; ++i)
      if (std::string(counter().options[i]->name) == name) return counter().options[i]->flags;
    return 0u;
  };
  CHECK(flags_of("token") == KAIROS_OPTION_SECRET);
  CHECK(flags_of("monitor") == KAIROS_OPTION_STATE);
  CHECK(counter().flags == 0);
  CHECK(kairos::testing::callback(c_plugin(), "test.Bare").flags == KAIROS_CALLBACK_EVERY_RANK);
}
