// SPDX-License-Identifier: MIT
// Loading: which file it is, and what a newer plugin may declare.
#include "plugin/library.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/temporary_directory.hpp"
#include "plugin/reserved_fields.hpp"

using namespace kairos::host;
using namespace kairos::tests;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

void overwrite(const fs::path& file, const char* plugin) {
  std::ofstream(file, std::ios::binary)
      << std::ifstream(fs::path(KAIROS_DISPATCH_PLUGINS) / plugin, std::ios::binary).rdbuf();
}

Plugin checked(const fs::path& file) {
  const Catalog catalog = Catalog::scan({}, std::vector<fs::path>{file});
  REQUIRE(catalog.plugins().size() == 1);
  return catalog.plugins().front();
}

}  // namespace

TEST_CASE("A plugin that is overwritten keeps its data, and is not taken for the new one", "[host][plugin]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "plugin.so";
  overwrite(file, "test_probe.so");
  const std::shared_ptr<Library> library = Library::load(checked(file));
  CHECK(library->is_private());
  overwrite(file, "test_guest.so");
  CHECK(std::string(library->callbacks().front().declaration->id) == "test.Probe");
  CHECK_THAT(error_of([&] { return static_cast<void>(Library::load(checked(file))), 0; }),
             Contains("KAIROS-L021") && Contains("found an earlier version of the file in this process"));
  std::ofstream(file, std::ios::binary | std::ios::trunc).close();
  CHECK(std::string(library->callbacks().back().declaration->id) == "test.ModestProbe");
}

TEST_CASE("A plugin that changes after it was checked is not loaded", "[host][plugin]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "plugin.so";
  overwrite(file, "test_probe.so");
  const Plugin plugin = checked(file);
  overwrite(file, "test_probe.so");  // the same content at another time
  CHECK_THAT(error_of([&] { return static_cast<void>(Library::load(plugin)), 0; }),
             Contains("KAIROS-L021") && Contains("the plugin changed after it was checked"));
}

TEST_CASE("A flag of a newer plugin that may not be ignored needs a newer host", "[host][plugin]") {
  kairos_plugin plugin{};
  plugin.size = sizeof plugin;
  plugin.minor_built = KAIROS_ABI_MINOR + 3;
  plugin.flags = 1u << 15;
  CHECK_THAT(error_of([&] { return check_reserved_fields(plugin), 0; }),
             Contains("KAIROS-L013") && Contains("plugin, flags: 0x8000, built for ABI 1.3"));
  plugin.flags = 1u << 16;
  CHECK_NOTHROW(check_reserved_fields(plugin));
  plugin.minor_built = KAIROS_ABI_MINOR;
  CHECK_THAT(error_of([&] { return check_reserved_fields(plugin), 0; }), Contains("KAIROS-L024"));
}
