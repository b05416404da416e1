// SPDX-License-Identifier: MIT
// Fields of declarations that have no meaning yet.
#include "plugin/reserved_fields.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "gate_files.hpp"
#include "plugin/library.hpp"

using namespace kairos::host;
using Catch::Matchers::Contains;

namespace {

/// A declaration that may be changed.
struct Declaration {
  kairos_option option{};
  const kairos_option* options[1] = {&option};
  kairos_hooks hooks{};
  kairos_callback callback{};
  const kairos_callback* callbacks[1] = {&callback};
  kairos_plugin plugin{};

  Declaration() {
    option.name = "patience";
    callback.id = "com.example.Mine";
    callback.options = options;
    callback.option_count = 1;
    callback.hooks = &hooks;
    plugin.minor_built = KAIROS_ABI_MINOR;
    plugin.callbacks = callbacks;
    plugin.callback_count = 1;
  }
  Declaration(const Declaration&) = delete;
  Declaration& operator=(const Declaration&) = delete;
};

struct Case {
  const char* field;
  std::function<void(Declaration&)> set;
};

const Case cases[] = {
    {"plugin, reserved: 0x1", [](Declaration& d) { d.plugin.reserved = 1; }},
    {"plugin, flags: 0x10000", [](Declaration& d) { d.plugin.flags = 1u << 16; }},
    {"callback com.example.Mine, hooks, reserved: 0x1", [](Declaration& d) { d.hooks.reserved = 1; }},
    {"option patience, reserved: 0x1", [](Declaration& d) { d.option.reserved = 1; }},
    {"option patience, reserved_end: 0x1", [](Declaration& d) { d.option.reserved_end = 1; }},
    {"option patience, default, reserved: 0x1", [](Declaration& d) { d.option.initial.reserved = 1; }},
    {"option patience, min, reserved: 0x1", [](Declaration& d) { d.option.min.reserved = 1; }},
    {"option patience, max, reserved: 0x1", [](Declaration& d) { d.option.max.reserved = 1; }},
};

}  // namespace

TEST_CASE("A reserved field that is set is refused if the host knows the minor that it was built for",
          "[host][plugin]") {
  CHECK_NOTHROW(check_reserved_fields(Declaration().plugin));
  for (const Case& one : cases) {
    INFO(one.field);
    Declaration known;
    one.set(known);
    CHECK_THROWS_WITH(check_reserved_fields(known.plugin),
                      Contains("KAIROS-L024") && Contains(one.field) && Contains("expected 0"));
    Declaration newer;
    newer.plugin.minor_built = KAIROS_ABI_MINOR + 1;
    one.set(newer);
    CHECK_NOTHROW(check_reserved_fields(newer.plugin));
  }
}

TEST_CASE("A flag of a newer plugin that must not be ignored is refused", "[host][plugin]") {
  Declaration newer;
  newer.plugin.minor_built = KAIROS_ABI_MINOR + 1;
  newer.plugin.flags = 1u << 15;
  CHECK_THROWS_WITH(check_reserved_fields(newer.plugin), Contains("plugin, flags: 0x8000"));
}

TEST_CASE("Library rejects a plugin that sets a reserved field", "[host][plugin]") {
  LibraryIndex libraries;
  const Plugin plugin = inspect(broken_plugin("reserved"), libraries).plugin;
  CHECK_THROWS_WITH(Library::load(plugin),
                    Contains(plugin.file.string()) && Contains("hooks, reserved: 0x4, expected 0"));
}
