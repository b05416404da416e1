// SPDX-License-Identifier: MIT
// Who else could replace a plugin.
#include "plugin/trust.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "host/temporary_directory.hpp"

using namespace kairos::host;
using kairos::tests::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

void set_mode(const fs::path& path, unsigned mode) {
  fs::permissions(path, static_cast<fs::perms>(mode));
}

}  // namespace

TEST_CASE("A file is trusted as long as nobody else could replace it", "[host][plugin]") {
  const TemporaryDirectory dir;
  fs::create_directories(dir / "a/b");
  const fs::path file = dir.put("a/b/p.so", "");
  for (const auto& path : {dir / "a", dir / "a/b", file}) set_mode(path, 0755);
  CHECK(distrust(file).empty());
  CHECK(distrust(dir / "a/b").empty());
  CHECK(distrust(dir / "absent.so").empty());
  for (const auto& path : {dir / "a", dir / "a/b", file}) {
    set_mode(path, 0757);
    CHECK(distrust(file) == path.string() + " has mode 0757");
    set_mode(path, 0755);
  }
  fs::create_symlink(file, dir / "link.so");
  set_mode(file, 0757);
  CHECK(distrust(dir / "link.so") == file.string() + " has mode 0757");
}

TEST_CASE("In a directory with the sticky bit only the owner replaces an entry", "[host][plugin]") {
  const TemporaryDirectory dir;
  fs::create_directory(dir / "a");
  const fs::path file = dir.put("a/p.so", "");
  set_mode(file, 0644);
  set_mode(dir / "a", 01777);
  CHECK(distrust(file).empty());
  // But anybody can add a plugin to it.
  CHECK(distrust(dir / "a") == (dir / "a").string() + " has mode 1777");
  if (::geteuid() != 0) return;
  REQUIRE(::chown(file.c_str(), 12345, 12345) == 0);
  CHECK(distrust(file) == file.string() + " belongs to user 12345");
}

TEST_CASE("Where links lead to a file, whoever could replace one of them is not trusted", "[host][plugin]") {
  const TemporaryDirectory dir;
  fs::create_directories(dir / "safe");
  fs::create_directories(dir / "open/inner");
  const fs::path file = dir.put("safe/p.so", "");
  for (const auto& path : {dir / "safe", dir / "open/inner", file}) set_mode(path, 0755);
  fs::create_directory_symlink(dir / "safe", dir / "open/inner/plugins");
  fs::create_directory_symlink("open/inner/plugins", dir / "plugins");
  set_mode(dir / "open", 0755);
  CHECK(distrust(dir / "plugins/p.so").empty());
  CHECK(distrust(dir / "plugins/").empty());
  set_mode(dir / "open", 0777);
  CHECK(distrust(file).empty());
  for (const char* way : {"open/inner/plugins/p.so", "plugins/p.so", "plugins", "plugins/../safe/p.so"})
    CHECK(distrust(dir / way) == (dir / "open").string() + " has mode 0777");
  set_mode(dir / "open", 0755);
  if (::geteuid() != 0) return;
  REQUIRE(::lchown((dir / "open/inner/plugins").c_str(), 12345, 12345) == 0);
  CHECK(distrust(dir / "plugins/p.so") ==
        "the link " + (dir / "open/inner/plugins").string() + " belongs to user 12345");
}

TEST_CASE("A group with other members is others, the user's own group is the user", "[host][plugin]") {
  const TemporaryDirectory dir;
  const fs::path file = dir.put("p.so", "");
  set_mode(file, 0664);
  if (::geteuid() == 0) {
    CHECK(distrust(file).empty());  // group root
    REQUIRE(::chown(file.c_str(), 0, 12345) == 0);
    CHECK(distrust(file) == file.string() + " has mode 0664");
  }
}

TEST_CASE("Each directory and file that others can write to is one sentence", "[host][plugin]") {
  const TemporaryDirectory dir;
  fs::create_directory(dir / "good");
  fs::create_directory(dir / "bad");
  const fs::path good = dir.put("good/g.so", ""), bad = dir.put("bad/b.so", ""),
                 file = dir.put("good/f.so", "");
  for (const fs::path& path : {good, bad, dir / "good"}) set_mode(path, 0755);
  set_mode(dir / "bad", 0777);
  set_mode(file, 0666);
  const std::string rest = ". Run chmod go-w on it, or use your own copy";
  CHECK(plugin_warnings(std::vector{dir / "good", dir / "bad"}, std::vector{good, bad, file}) ==
        std::vector<std::string>{"the plugin directory " + (dir / "bad").string() +
                                     " is writable by others, who can then decide which code is loaded: " +
                                     (dir / "bad").string() + " has mode 0777" + rest,
                                 "the plugin " + file.string() +
                                     " is writable by others, who can then decide which code is loaded: " +
                                     file.string() + " has mode 0666" + rest});
}
