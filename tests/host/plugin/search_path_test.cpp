// SPDX-License-Identifier: MIT
// Which directories are searched, and which are refused.
#include "plugin/search_path.hpp"

#include <catch2/catch.hpp>

#include "host/temporary_directory.hpp"
#include "kairos/host/plugins.hpp"

using namespace kairos::host;
using kairos::tests::TemporaryDirectory;
namespace fs = std::filesystem;

TEST_CASE("plugin_directories keeps the order: command line, environment, installed", "[host][plugin]") {
  const TemporaryDirectory directory;
  for (const char* name : {"a", "b", "c", "d"}) fs::create_directory(directory / name);
  const std::vector<fs::path> named = {directory / "b/", directory / "a", directory / "b/../a"};
  const std::string environment = (directory / "c").string() + ":" + (directory / "a").string();
  CHECK(plugin_directories(named, environment, directory / "d") ==
        std::vector<fs::path>{directory / "b", directory / "a", directory / "c", directory / "d"});
  CHECK(plugin_directories({}, std::nullopt, directory / "absent").empty());
  CHECK(plugin_directories({}, "", {}).empty());
}

TEST_CASE("plugin_directories takes a relative directory of the command line from the current one",
          "[host][plugin]") {
  const std::vector<fs::path> named = {"."};
  CHECK(plugin_directories(named, std::nullopt, {}) == std::vector<fs::path>{fs::current_path()});
}

TEST_CASE("plugin_directories refuses what would silently be another directory", "[host][plugin]") {
  CHECK_THROWS_WITH(plugin_directories({}, "plugins", {}),
                    "KAIROS-L051: KAIROS_PLUGIN_PATH: an entry is not an absolute path; "
                    "found \"plugins\", expected "
                    "a path that begins with /. Write " +
                        (fs::current_path() / "plugins").string() +
                        "; a directory with ':' in its name is given as `plugin_dir`.");
}

TEST_CASE("plugin_directories skips empty entries of the variable, which name no directory",
          "[host][plugin]") {
  const std::vector<fs::path> root = {"/"};
  for (const char* text : {"/:", ":/", "/::", ":/:"}) CHECK(plugin_directories({}, text, {}) == root);
  CHECK(plugin_directories({}, ":", {}).empty());
}

TEST_CASE("plugin_directories refuses a directory that was asked for and is not there", "[host][plugin]") {
  const TemporaryDirectory directory;
  const std::vector<fs::path> absent = {directory / "absent"}, file = {directory.put("file", "")};
  CHECK_THROWS_WITH(plugin_directories(absent, std::nullopt, {}),
                    "KAIROS-L050: " + absent[0].string() +
                        ": the plugin directory cannot be read; found No such file or directory, expected a "
                        "readable directory. Create the directory, or correct its name.");
  CHECK_THROWS_WITH(plugin_directories(file, std::nullopt, {}),
                    Catch::Matchers::Contains("found no directory"));
  CHECK_THROWS_WITH(plugin_directories({}, absent[0].string(), {}),
                    Catch::Matchers::StartsWith("KAIROS-L050"));
}

TEST_CASE("plugin_files gives names that end in .so, sorted, and does not descend", "[host][plugin]") {
  const TemporaryDirectory directory;
  for (const char* name : {"b.so", "a.so", ".hidden.so", "c.so.1", "readme.txt"})
    static_cast<void>(directory.put(name, ""));
  fs::create_directory(directory / "below");
  static_cast<void>(directory.put("below/d.so", ""));
  CHECK(plugin_files(directory.path()) == std::vector<fs::path>{directory / "a.so", directory / "b.so"});
}
