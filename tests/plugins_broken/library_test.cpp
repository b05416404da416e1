// SPDX-License-Identifier: MIT
// Loading the code of plugins.
#include "plugin/library.hpp"

#include <cstring>

#include <catch2/catch.hpp>

#include "gate_files.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using Catch::Matchers::Contains;
using kairos::tests::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

Plugin inspected(const fs::path& file) {
  LibraryIndex libraries;
  Inspection inspection = inspect(file, libraries);
  INFO(inspection.refusal.value_or(Diagnosis{}).text());
  REQUIRE(!inspection.refusal);
  return inspection.plugin;
}

}  // namespace

TEST_CASE("Library returns the callbacks of a plugin with full-size tables", "[host][plugin]") {
  const Plugin plugin = inspected(broken_plugin("sound"));
  const std::shared_ptr<Library> library = Library::load(plugin);
  CHECK(library->plugin().callback_count == 1);
  REQUIRE(library->callbacks().size() == 1);
  const LoadedCallback& callback = library->callbacks()[0];
  CHECK(std::string(callback.declaration->id) == "com.example.Fixture");
  CHECK(callback.hooks.size == sizeof(kairos_hooks));
  CHECK(callback.hooks.on_epoch_end != nullptr);
  CHECK(callback.hooks.on_interrupt == nullptr);
}

TEST_CASE("Library never unloads the code of a plugin", "[host][plugin]") {
  const Plugin plugin = inspected(broken_plugin("second"));
  const kairos_plugin* data = &Library::load(plugin)->plugin();
  CHECK(std::string(data->version) == "2.1.0");
  CHECK(&Library::load(plugin)->plugin() == data);
}

TEST_CASE("The macros of plugin.h write the same manifest and data", "[host][plugin]") {
  const Plugin plugin = inspected(KAIROS_SOUND_C_PLUGIN);
  const std::shared_ptr<Library> library = Library::load(plugin);
  REQUIRE(library->callbacks().size() == 2);
  REQUIRE(plugin.manifest.callbacks.size() == 2);
  const CallbackManifest& counter = plugin.manifest.callbacks[0];
  CHECK(counter.capabilities == (KAIROS_CAN_STOP | KAIROS_CAN_SAVE_MODEL | KAIROS_CAN_WRITE_BATCH));
  CHECK(counter.state_version == 3);
  CHECK(counter.oldest_state_version == 2);
  REQUIRE(counter.options.size() == 18);
  CHECK(counter.aliases == std::vector<std::string>{"test.OldCounter", "test.OlderCounter"});
  CHECK(counter.before == std::vector<std::string>{"test.Bare"});
  CHECK(counter.after == std::vector<std::string>{"test.Other"});
  CHECK(counter.options[0].aliases == std::vector<std::string>{"period", "n"});
  CHECK(counter.options[1].flags == (KAIROS_OPTION_MIN_EXCLUSIVE | KAIROS_OPTION_MAX_EXCLUSIVE));
  CHECK(counter.options[4].choices == std::vector<std::string>{"auto", "min", "max"});
  CHECK(counter.options[5].initial.integer == 90'000'000'000);
  CHECK(counter.options[12].flags == (KAIROS_OPTION_WRITES | KAIROS_OPTION_SAVES));
  CHECK(counter.options[13].item_type == KAIROS_TYPE_INT);
  CHECK(counter.options[14].deprecated == "use mode");
  CHECK(counter.options[15].flags == (KAIROS_OPTION_REQUIRED | KAIROS_OPTION_MIN_EXCLUSIVE));
  CHECK(counter.options[16].initial.absent());
  CHECK(counter.options[16].flags == KAIROS_OPTION_STATE);
  CHECK(counter.options[17].flags == KAIROS_OPTION_SECRET);
  CHECK(plugin.manifest.callbacks[1].flags == KAIROS_CALLBACK_EVERY_RANK);
  CHECK(library->callbacks()[1].hooks.on_fault != nullptr);
}

TEST_CASE("Library rejects data that differs from the manifest", "[host][plugin]") {
  const Plugin plugin = inspected(broken_plugin("lying"));
  CHECK_THROWS_WITH(
      Library::load(plugin),
      "KAIROS-L023: " + plugin.file.string() +
          ": the plugin does not match its manifest; found callback com.example.Fixture, option "
          "patience, "
          "default is int 11 in the data, expected int 10 as in the manifest. Build the plugin with "
          "kairos_add_plugin() and the macros of the SDK.");
}

TEST_CASE("Library rejects structs smaller than in any release", "[host][plugin]") {
  CHECK_THROWS_WITH(
      Library::load(inspected(broken_plugin("small_struct"))),
      Contains("KAIROS-L024") && Contains("found plugin: a struct of 16 bytes, expected at least 40 bytes"));
}

TEST_CASE("Library passes on the message of the system's loader", "[host][plugin]") {
  CHECK_THROWS_WITH(Library::load(inspected(broken_plugin("undefined_symbol"))),
                    Contains("KAIROS-L022") && Contains("undefined symbol: fixture_of_nobody"));
}

TEST_CASE("Library loads only the file that was checked", "[host][plugin]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "plugin.so";
  fs::copy_file(broken_plugin("sound"), file);
  const Plugin plugin = inspected(file);
  SECTION("not one that was renamed into its place") {
    fs::copy_file(broken_plugin("second"), directory / "new.so");
    fs::rename(directory / "new.so", file);
    CHECK_THROWS_WITH(
        Library::load(plugin),
        "KAIROS-L021: " + file.string() +
            ": the plugin changed after it was checked; found another file, or different content, "
            "expected "
            "the file that was checked. Start again; replace plugins by renaming, not by overwriting.");
  }
  SECTION("not one that is gone") {
    fs::remove(file);
    CHECK_THROWS_WITH(Library::load(plugin),
                      Contains("KAIROS-L021") && Contains("No such file or directory"));
  }
}

TEST_CASE("Library loads a plugin whose create throws, and the exception does not reach the host",
          "[host][plugin]") {
  const std::shared_ptr<Library> library = Library::load(inspected(broken_plugin("throwing_create")));
  static std::string said;
  kairos_host host{};
  host.size = sizeof host;
  host.major = KAIROS_ABI_MAJOR;
  host.fail = [](kairos_call*, kairos_status status, kairos_str text) {
    said.assign(text.ptr, text.length);
    return status;
  };
  void* self = nullptr;
  CHECK(library->callbacks()[0].hooks.create(&host, nullptr, &self) == KAIROS_E_EXCEPTION);
  CHECK(said == "there is no such planet");
  CHECK(self == nullptr);
}
