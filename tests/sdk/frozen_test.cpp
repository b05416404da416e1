// SPDX-License-Identifier: MIT
// A plugin built from frozen headers, loaded and run with the current headers.
#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <kairos/testing.hpp>
#include <string>

TEST_CASE("A plugin built from the frozen headers of 1.0 still runs", "[sdk][plugin]") {
  void* library = ::dlopen(KAIROS_FROZEN_PLUGIN, RTLD_NOW | RTLD_LOCAL);
  INFO((library == nullptr ? ::dlerror() : ""));
  REQUIRE(library != nullptr);
  const auto* plugin = static_cast<const kairos_plugin*>(::dlsym(library, KAIROS_PLUGIN_SYMBOL));
  REQUIRE(plugin != nullptr);
  CHECK(plugin->magic == KAIROS_PLUGIN_MAGIC);
  CHECK(plugin->major == 1);
  CHECK(plugin->minor_required == 0);
  CHECK(plugin->minor_built == 0);
  CHECK(plugin->size <= sizeof(kairos_plugin));
  REQUIRE(plugin->callback_count == 1);
  CHECK(plugin->callbacks[0]->hooks->size <= sizeof(kairos_hooks));

  kairos::testing::Host host;
  host.log("loss", 0.5);
  kairos::testing::Instance instance(host, *plugin->callbacks[0]);
  REQUIRE(instance.create().status == KAIROS_OK);
  CHECK(instance.on_epoch_end().status == KAIROS_OK);
  CHECK_FALSE(host.stop_reason.has_value());
  host.log("loss", 0.25);
  CHECK(instance.on_epoch_end().status == KAIROS_OK);
  CHECK(host.stop_reason == "the limit is reached");
  host.log("loss", std::nullopt);
  CHECK(instance.on_epoch_end().status == KAIROS_E_NOT_FOUND);
}
