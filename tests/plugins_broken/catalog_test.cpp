// SPDX-License-Identifier: MIT
// Which of several files with a callback of the same id is used, and what the gate foretells.
#include <algorithm>
#include <catch2/catch.hpp>

#include "gate_files.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using kairos::tests::TemporaryDirectory;
namespace fs = std::filesystem;

TEST_CASE("Catalog rejects two files with the same id and names both", "[host][plugin]") {
  const TemporaryDirectory directory;
  const fs::path a = directory / "a.so", b = directory / "b.so";
  fs::copy_file(broken_plugin("sound"), a);
  fs::copy_file(broken_plugin("sound"), b);
  const std::vector<fs::path> directories = {directory.path()};
  const Catalog both = Catalog::scan(directories);
  CHECK(both.plugins().empty());
  REQUIRE(both.refusals().size() == 2);
  CHECK(both.refusals()[0].diagnosis.text() ==
        "KAIROS-L020: " + a.string() +
            ": two plugins have a callback of the same id; found com.example.Fixture, also in " + b.string() +
            ", expected one file for each id. Remove one of the two, or name the file of the right one.");
  CHECK(both.refusals()[1].diagnosis.where == b.string());

  SECTION("the file that was named wins") {
    const std::vector<fs::path> named = {b};
    const Catalog catalog = Catalog::scan(directories, named);
    REQUIRE(catalog.plugins().size() == 1);
    CHECK(catalog.plugins()[0].file == b);
    REQUIRE(catalog.refusals().size() == 1);
    CHECK(catalog.refusals()[0].file == a);
    CHECK(catalog.refusals()[0].diagnosis.code == "KAIROS-L052");
  }
  SECTION("two links to one file are one plugin") {
    fs::remove(b);
    fs::create_symlink(a, b);
    CHECK(Catalog::scan(directories).plugins().size() == 1);
  }
}

TEST_CASE("Catalog uses the plugin of the first directory that has one", "[host][plugin]") {
  const TemporaryDirectory first, second;
  const fs::path a = first / "a.so", b = second / "b.so", c = second / "c.so";
  fs::copy_file(broken_plugin("sound"), a);
  fs::copy_file(broken_plugin("sound"), b);
  const std::vector<fs::path> directories = {first.path(), second.path()};
  const Catalog catalog = Catalog::scan(directories);
  CHECK(catalog.find("Fixture").plugin->file == a);
  REQUIRE(catalog.refusals().size() == 1);
  CHECK(
      catalog.refusals()[0].diagnosis.text() ==
      "KAIROS-L052: " + b.string() +
          ": a plugin that is searched earlier has a callback of the same id; found com.example.Fixture in " +
          a.string() + ". Name the file to use this one.");

  SECTION("two in one place are refused, and none of a later place takes theirs") {
    fs::copy_file(broken_plugin("sound"), first / "again.so");
    const Catalog both = Catalog::scan(directories);
    CHECK(both.plugins().empty());
    REQUIRE(both.refusals().size() == 3);
    CHECK(both.refusals()[0].diagnosis.code == "KAIROS-L020");
    CHECK(both.refusals()[1].diagnosis.code == "KAIROS-L020");
    CHECK(both.refusals()[2].diagnosis.code == "KAIROS-L052");
  }
  SECTION("two in a later place are hidden") {
    fs::copy_file(broken_plugin("sound"), c);
    const Catalog several = Catalog::scan(directories);
    CHECK(several.find("Fixture").plugin->file == a);
    CHECK(several.refusals()[0].diagnosis.code == "KAIROS-L052");
    CHECK(several.refusals()[1].diagnosis.code == "KAIROS-L052");
  }
}

TEST_CASE("The gate foretells a sanitizer and another C library", "[host][plugin]") {
  CHECK(
      refusal_of(broken_plugin("sanitized")).text() ==
      "KAIROS-L054: " + broken_plugin("sanitized").string() +
          ": the plugin was built with a sanitizer, whose runtime is not loaded; found the undefined symbol "
          "__tsan_init. Build the plugin without -fsanitize, or start the program with LD_PRELOAD=$(gcc "
          "-print-file-name=libasan.so), or the library of its sanitizer.");
  CHECK(
      refusal_of(broken_plugin("for_musl")).text() ==
      "KAIROS-L055: " + broken_plugin("for_musl").string() +
          ": the plugin was built for another C library; found musl (libc.musl-x86_64.so.1), expected glibc. "
          "Rebuild the plugin on a system with glibc, such as this one.");
}
