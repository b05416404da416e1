// SPDX-License-Identifier: MIT
// A plugin built from frozen headers, loaded and run with the current headers.
#include <dlfcn.h>

#include <catch2/catch.hpp>
#include <string>

#include "fake_host.hpp"

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

  kairos::tests::FakeHost host;
  host.logs = {{"loss", KAIROS_DIRECTION_MIN, 0.5}};
  kairos::tests::FakeInstance instance(host, *plugin->callbacks[0]);
  REQUIRE(instance.create().status == KAIROS_OK);
  CHECK(instance.run(instance.hooks().on_epoch_end, kairos_epoch_event{}).status == KAIROS_OK);
  CHECK(host.stop_reason.empty());
  host.logs[0].value = 0.25;
  CHECK(instance.run(instance.hooks().on_epoch_end, kairos_epoch_event{}).status == KAIROS_OK);
  CHECK(host.stop_reason == "the limit is reached");
  host.logs[0].value.reset();
  CHECK(instance.run(instance.hooks().on_epoch_end, kairos_epoch_event{}).status == KAIROS_E_NOT_FOUND);
}
