// SPDX-License-Identifier: MIT
// What a manifest may say, and what tells two of them apart.
#include "plugin/manifest/manifest.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>

using namespace kairos::host;
using Catch::Matchers::Contains;

namespace {

/// A manifest of one callback with `fields` beside its id and phase.
std::string with_callback(const std::string& fields) {
  return R"({"version":"1.0.0","callbacks":[{"id":"com.example.Stall","phase":"decide")" +
         (fields.empty() ? "" : "," + fields) + "}]}";
}

std::string with_option(const std::string& fields) {
  return with_callback(R"("options":[{)" + fields + "}]");
}

AbiVersions built_later() {
  return {KAIROS_ABI_MAJOR, 0, KAIROS_ABI_MINOR + 1};
}

}  // namespace

TEST_CASE("parse_manifest reads every field", "[host][plugin]") {
  const Manifest manifest = parse_manifest(
      R"({"version":"1.2.3","sdk":"1.0.0","compiler":"12.2.0","callbacks":[null,{"id":"com.example.Stall","summary":"Stops.",
      "phase":"persist","capabilities":["stop","save_model"],"publishes":["a","b"],"state_version":3,"oldest_state_version":2,
      "hooks":[null,"setup","state_save","state_load","on_epoch_end"],"options":[null,
      {"name":"n","type":"int","help":"how many","unit":"epochs","aliases":["count"],"flags":["min_exclusive"],"default":10,"min":0},
      {"name":"x","type":"float","default":"0x1.8p+1","max":"inf"},
      {"name":"y","type":"float","default":1e-4},
      {"name":"z","type":"float","default":"nan"},
      {"name":"mode","type":"enum","choices":["auto","min"],"default":"auto"},
      {"name":"every","type":"duration","default":5000000000},
      {"name":"quiet","type":"bool","default":true},
      {"name":"schedule","type":"expression","flags":["required"],"choices":["epoch","lr"]}]}]})");
  CHECK(manifest.version == "1.2.3");
  CHECK(manifest.sdk == "1.0.0");
  CHECK(manifest.compiler == "12.2.0");
  REQUIRE(manifest.callbacks.size() == 1);
  const CallbackManifest& callback = manifest.callbacks[0];
  CHECK(callback.short_name() == "Stall");
  CHECK(callback.summary == "Stops.");
  CHECK(callback.phase == KAIROS_PHASE_PERSIST);
  CHECK(callback.capabilities == (KAIROS_CAN_STOP | KAIROS_CAN_SAVE_MODEL));
  CHECK(callback.publishes == std::vector<std::string>{"a", "b"});
  CHECK(callback.state_version == 3);
  CHECK(callback.oldest_state_version == 2);
  CHECK(callback.hooks == std::vector<std::string>{"setup", "state_save", "state_load", "on_epoch_end"});
  REQUIRE(callback.options.size() == 8);
  CHECK(callback.options[0].aliases == std::vector<std::string>{"count"});
  CHECK(callback.options[0].unit == "epochs");
  CHECK(callback.options[0].flags == KAIROS_OPTION_MIN_EXCLUSIVE);
  CHECK(callback.options[0].initial == OptionValue{KAIROS_TYPE_INT, 10, 0, ""});
  CHECK(callback.options[0].max.absent());
  CHECK(callback.options[1].initial.number == 3.0);
  CHECK(callback.options[1].max.number == std::numeric_limits<double>::infinity());
  CHECK(callback.options[2].initial.number == 1e-4);
  CHECK(std::isnan(callback.options[3].initial.number));
  CHECK(callback.options[4].choices == std::vector<std::string>{"auto", "min"});
  CHECK(value_text(callback.options[5].initial) == "5s");
  CHECK(callback.options[6].initial.integer == 1);
  CHECK(callback.options[7].flags == KAIROS_OPTION_REQUIRED);
}

TEST_CASE("parse_manifest refuses what breaks a rule and names the field", "[host][plugin]") {
  struct Case {
    std::string json;
    const char* found;
    const char* expected;
  };
  const auto broken = GENERATE(
      Case{"", "manifest", "JSON"}, Case{"{\"version\":", "manifest", "JSON"},
      Case{"[]", "manifest: array", "an object"}, Case{std::string(300, '['), "nested too deeply", "JSON"},
      Case{R"({"version":"1","callbacks":[]})", "callbacks: none", "at least one"},
      Case{R"({"version":"1","callbacks":5})", "callbacks: number", "a list"},
      Case{R"({"callbacks":[{"id":"a.B","phase":"decide"}]})", "version: nothing",
           "the version of the plugin"},
      Case{R"({"version":"1","colour":1,"callbacks":[]})", "the key \"colour\"", "keys of this ABI"},
      Case{R"({"version":"1","callbacks":[{"id":"a.so","phase":"decide"}]})", "id: \"a.so\"",
           "a reverse domain"},
      Case{R"({"version":"1","callbacks":[{"id":"a.B:c","phase":"decide"}]})", "id: \"a.B:c\"",
           "a reverse domain"},
      Case{R"({"version":"1","callbacks":[{"id":"a.B","phase":"decide"},{"id":"a.B","phase":"decide"}]})",
           "a.B twice", "different ids"},
      Case{R"({"version":"1","callbacks":[{"id":"a.B","phase":"ponder"}]})", "phase: \"ponder\"",
           "measure, decide, report, persist"},
      Case{with_callback(R"("summary":"red \u001b[31m")"), "summary: a control character", "printable text"},
      Case{with_callback(R"("capabilities":["fly"])"), "\"fly\"", "stop, set_optimizer"},
      Case{with_callback(R"("hooks":["on_monday"])"), "\"on_monday\"", "hooks of this ABI"},
      Case{with_callback(R"("hooks":["on_epoch_end","setup"])"), "\"setup\" out of order",
           "the order of kairos_hooks"},
      Case{with_callback(R"("hooks":["setup","setup"])"), "\"setup\" out of order or twice", "the order"},
      Case{with_callback(R"("state_version":1,"oldest_state_version":1)"), "state_version: 1",
           "state_save and state_load"},
      Case{with_callback(R"("hooks":["state_save","state_load"])"), "state_version: 0", "a version"},
      Case{with_callback(R"("state_version":-1)"), "state_version: number", "32 bits"},
      Case{with_option(R"("name":"Loud","type":"int")"), "option Loud, name: \"Loud\"", "snake_case"},
      Case{with_option(R"("name":"on_error","type":"int")"), "reserved by the host", "a name of its own"},
      Case{with_option(R"("name":"n","aliases":["n"],"type":"int")"), "\"n\" twice", "a name of its own"},
      Case{with_option(R"("name":"n","type":"complex")"), "\"complex\"", "bool, int, float"},
      Case{with_option(R"("name":"n","type":"int","default":1.5)"), "option n, default: number",
           "a whole number"},
      Case{with_option(R"("name":"n","type":"int","default":18446744073709551615)"), "default: number",
           "64 bits"},
      Case{with_option(R"("name":"n","type":"int","default":-1,"min":0)"), "default: -1", "at least 0"},
      Case{with_option(R"("name":"n","type":"float","default":"1e5")"), "default: string", "hexadecimal"},
      Case{with_option(R"("name":"n","type":"string","default":"a","max":"b")"), "min, max: string",
           "only for numbers"},
      Case{with_option(R"("name":"n","type":"enum","default":"a")"), "choices: none", "at least one"},
      Case{with_option(R"("name":"n","type":"enum","default":"c","choices":["a","b"])"), "default: \"c\"",
           "one of the choices"},
      Case{with_option(R"("name":"n","type":"int","choices":["a"])"), "choices: some",
           "none for the type int"},
      Case{with_option(R"("name":"n","type":"int","default":1,"flags":["required"])"), "default: 1",
           "the option is required"},
      Case{with_option(R"("name":"n","type":"string","flags":["reads"])"),
           "flags: reads, writes, directory or saves", "none of them for the type string"},
      Case{with_option(R"("name":"n","type":"path","flags":["directory"])"),
           "flags: directory or saves alone", "writes beside it"},
      Case{with_option(R"("name":"n","type":"path","flags":["writes","directory","saves"])"),
           "flags: directory and saves", "one of the two"},
      Case{with_option(R"("name":"isolate","type":"int")"), "reserved by the host", "a name of its own"},
      Case{with_option(R"("name":"every_rank","type":"int")"), "reserved by the host", "a name of its own"},
      Case{with_option(R"("name":"before","type":"int")"), "reserved by the host", "a name of its own"},
      Case{with_option(R"("name":"n","aliases":["after"],"type":"int")"), "reserved by the host",
           "a name of"},
      Case{with_option(R"("name":"kairos_n","type":"int")"), "reserved by the host", "a name of its own"},
      Case{with_callback(R"("flags":["often"])"), "flags: \"often\"", "every_rank"},
      Case{with_option(R"("name":"n","type":"int","flags":["secret"])"), "flags: secret",
           "no secret of the type int"},
      Case{with_option(R"("name":"n","type":"string","flags":["secret","state"])"), "flags: secret and state",
           "one of the two"},
      Case{with_option(R"("name":"n","type":"string","flags":["secret"],"default":"x")"),
           "default: a default of a secret", "none"},
      Case{R"({"version":"1","about":{"url":")" + std::string(5000, 'a') + R"("},"callbacks":[]})",
           "about: 5000 bytes", "at most 4096 bytes"},
      Case{with_callback(R"("publishes":["a:up"])"), "publishes: \"a:up\"", "such as score:max"},
      Case{with_callback(R"("publishes":["a b"])"), "publishes: \"a b\"", "such as score:max"},
      Case{with_callback(R"("publishes":[":max"])"), "publishes: \":max\"", "such as score:max"},
      Case{with_callback(R"("publishes":["{a"])"), "publishes: \"{a\"", "such as score:max"},
      Case{with_callback(R"("publishes":["a}"])"), "publishes: \"a}\"", "such as score:max"},
      Case{with_callback(R"("publishes":["a:min","a:max"])"), "publishes: \"a:max\" twice", "different keys"},
      Case{with_callback(R"("publishes":["{nobody}_f1"])"), "publishes: \"{nobody}_f1\"", "an option"},
      Case{
          with_callback(R"("publishes":["{n}"],"options":[{"name":"n","type":"string","flags":["secret"]}])"),
          "publishes: \"{n}\"", "an option that is no secret"});
  INFO(broken.json);
  CHECK_THROWS_WITH(parse_manifest(broken.json),
                    Contains("KAIROS-L014: the manifest of the plugin is malformed; found") &&
                        Contains(broken.found) && Contains(broken.expected));
}

TEST_CASE("parse_manifest passes over what a newer minor added", "[host][plugin]") {
  const std::string json =
      with_callback(R"("colour":"red","hooks":["setup","on_monday"],"capabilities":["fly","stop"])");
  CHECK_THROWS(parse_manifest(json));
  const Manifest manifest = parse_manifest(json, built_later());
  CHECK(manifest.callbacks[0].hooks == std::vector<std::string>{"setup"});
  CHECK(manifest.callbacks[0].capabilities == KAIROS_CAN_STOP);
}

TEST_CASE("parse_manifest passes over entries of lists that only a newer host knows", "[host][plugin]") {
  const std::string json = with_callback(
      R"("publishes":["a",{"key":"b"},["c"]],"capabilities":["stop",7],"flags":["every_rank",{"hint":17}],)"
      R"("options":[{"name":"n","type":"int","flags":[16,"required"]},"further"])");
  CHECK_THROWS_WITH(parse_manifest(json), Contains("KAIROS-L014"));
  const CallbackManifest callback = parse_manifest(json, built_later()).callbacks.at(0);
  CHECK(callback.publishes == std::vector<std::string>{"a"});
  CHECK(callback.capabilities == KAIROS_CAN_STOP);
  CHECK(callback.flags == KAIROS_CALLBACK_EVERY_RANK);
  REQUIRE(callback.options.size() == 1);
  CHECK(callback.options[0].flags == KAIROS_OPTION_REQUIRED);
}

TEST_CASE("parse_manifest asks for a newer host where passing over a word would change a meaning",
          "[host][plugin]") {
  const auto [json, found] = GENERATE(table<std::string, std::string>({
      {with_option(R"("name":"n","type":"table")"), "option n, type: \"table\""},
      {with_option(R"("name":"n","type":"list")"), "option n, items: 0"},
      {with_option(R"("name":"n","type":"list","items":"path")"), "option n, items: 6"},
      {with_option(R"("name":"n","type":"int","flags":["masked"])"), "option n, flags: \"masked\""},
      {with_callback(R"("flags":["alone"])"), "flags: \"alone\""},
      {R"({"version":"1","callbacks":[{"id":"a.B","phase":"ponder"}]})", "phase: \"ponder\""},
  }));
  CHECK_THROWS_WITH(parse_manifest(json), Contains("KAIROS-L014"));
  CHECK_THROWS_WITH(
      parse_manifest(json, built_later()),
      Contains("KAIROS-L013: the plugin needs a newer host; found callback") && Contains(found) &&
          Contains(", built for ABI 1.1, expected at most ABI 1.0, which this host offers. Update"));
}

TEST_CASE("Data with a number that only a newer host knows needs that host", "[host][plugin]") {
  kairos_option option{};
  option.size = sizeof option;
  option.type = KAIROS_TYPE_INT;
  option.name = "n";
  const kairos_option* const options[] = {&option};
  kairos_hooks hooks{};
  hooks.size = sizeof hooks;
  hooks.create = [](const kairos_host*, kairos_call*, void**) { return kairos_status{KAIROS_OK}; };
  kairos_callback callback{};
  callback.size = sizeof callback;
  callback.phase = KAIROS_PHASE_DECIDE;
  callback.id = "com.example.Later";
  callback.options = options;
  callback.option_count = 1;
  callback.hooks = &hooks;
  const kairos_callback* const callbacks[] = {&callback};
  kairos_plugin plugin{};
  plugin.magic = KAIROS_PLUGIN_MAGIC;
  plugin.size = sizeof plugin;
  plugin.major = KAIROS_ABI_MAJOR;
  plugin.minor_built = KAIROS_ABI_MINOR + 1;
  plugin.version = "1";
  plugin.callbacks = callbacks;
  plugin.callback_count = 1;
  CHECK_NOTHROW(describe(plugin));

  SECTION("a type") {
    option.type = 77;
  }
  SECTION("a phase") {
    callback.phase = 77;
  }
  SECTION("a flag of an option") {
    option.flags = 1u << 15;
  }
  SECTION("a flag of a callback") {
    callback.flags = 1u << 15;
  }
  if (option.type == KAIROS_TYPE_INT && callback.phase == KAIROS_PHASE_DECIDE && option.flags == 0 &&
      callback.flags == 0) {
    option.flags = callback.flags = 1u << 31;  // may be ignored
    callback.capabilities = 1ull << 40;        // is not granted
    const CallbackManifest described = describe(plugin).callbacks.at(0);
    CHECK(described.flags == 0);
    CHECK(described.options[0].flags == 0);
    CHECK(described.capabilities == 0);
  } else {
    CHECK_THROWS_WITH(describe(plugin), Contains("KAIROS-L013"));
  }
  plugin.minor_built = KAIROS_ABI_MINOR;
  CHECK_THROWS_WITH(describe(plugin), Contains("KAIROS-L024"));
}

TEST_CASE("parse_manifest takes texts about the plugin, and passes over what is reserved for tools",
          "[host][plugin]") {
  const Manifest manifest = parse_manifest(
      R"({"version":"1","x-made-by":{"a":1},"about":{"author":"Jane\u001b[31m","support":"s","url":5,"mood":"good"},)"
      R"("callbacks":[{"id":"a.B","phase":"decide","x-colour":"red","options":[{"name":"n","type":"int","x-y":1}]}]})");
  CHECK(manifest.about.author == "Jane\x1b[31m");
  CHECK(manifest.about.support == "s");
  CHECK(manifest.about.url.empty());
  CHECK(parse_manifest(R"({"version":"1","about":5,"callbacks":[{"id":"a.B","phase":"decide"}]})")
            .about.url.empty());
}

TEST_CASE("hook_slots are the members of kairos_hooks in their order", "[host][plugin]") {
  const auto slots = hook_slots();
  CHECK(slots.front().name == "setup");
  CHECK(slots.back().name == "on_artifact");
  std::size_t offset = offsetof(kairos_hooks, setup);
  for (const HookSlot& slot : slots) {
    INFO(slot.name);
    CHECK(slot.offset == offset);
    offset += sizeof(void (*)());
  }
}

TEST_CASE("first_difference names the first field that differs", "[host][plugin]") {
  const Manifest manifest = parse_manifest(with_callback(
      R"("summary":"Stops.","hooks":["setup"],"options":[{"name":"n","type":"float","default":"nan","help":"how many"}])"));
  CHECK(!first_difference(manifest, manifest));
  struct Case {
    const char* field;
    std::function<void(Manifest&)> change;
    const char* manifest_says;
    const char* data_says;
  };
  const Case cases[] = {
      {"version", [](Manifest& m) { m.version = "2"; }, "\"1.0.0\"", "\"2\""},
      {"minor required", [](Manifest& m) { m.minor_required = 4; }, "0", "4"},
      {"number of callbacks", [](Manifest& m) { m.callbacks.clear(); }, "1", "0"},
      {"callback com.example.Stall, summary", [](Manifest& m) { m.callbacks[0].summary = ""; }, "\"Stops.\"",
       "nothing"},
      {"callback com.example.Stall, phase", [](Manifest& m) { m.callbacks[0].phase = KAIROS_PHASE_REPORT; },
       "\"decide\"", "\"report\""},
      {"callback com.example.Stall, capabilities",
       [](Manifest& m) { m.callbacks[0].capabilities = KAIROS_CAN_STOP; }, "none", "stop"},
      {"callback com.example.Stall, flags",
       [](Manifest& m) { m.callbacks[0].flags = KAIROS_CALLBACK_EVERY_RANK; }, "none", "every_rank"},
      {"callback com.example.Stall, option n, flags",
       [](Manifest& m) { m.callbacks[0].options[0].flags = KAIROS_OPTION_STATE; }, "none", "state"},
      {"callback com.example.Stall, hooks", [](Manifest& m) { m.callbacks[0].hooks.push_back("teardown"); },
       "setup", "setup, teardown"},
      {"callback com.example.Stall, option n, type",
       [](Manifest& m) { m.callbacks[0].options[0].type = KAIROS_TYPE_INT; }, "\"float\"", "\"int\""},
      {"callback com.example.Stall, option n, default",
       [](Manifest& m) { m.callbacks[0].options[0].initial.number = 0.5; }, "float nan", "float 0.5"},
      {"callback com.example.Stall, option n, max",
       [](Manifest& m) {
         m.callbacks[0].options[0].max = {KAIROS_TYPE_FLOAT, 0, 1, ""};
       },
       "none", "float 1"},
  };
  for (const Case& row : cases) {
    Manifest data = manifest;
    row.change(data);
    const auto difference = first_difference(manifest, data);
    REQUIRE(difference);
    CHECK(difference->field == row.field);
    CHECK(difference->manifest_says == row.manifest_says);
    CHECK(difference->data_says == row.data_says);
  }
}
