// SPDX-License-Identifier: MIT
// Different paths of one file, and paths that only look alike.
#include "base/file_place.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "host/temporary_directory.hpp"

using kairos::host::FilePlace;
using kairos::tests::TemporaryDirectory;
namespace fs = std::filesystem;

TEST_CASE("A file is the same under each of its names", "[host][io]") {
  const TemporaryDirectory dir;
  const fs::path file = dir.put("data.csv", "1\n");
  fs::create_hard_link(file, dir / "hard");
  fs::create_symlink("data.csv", dir / "soft");
  fs::create_symlink("soft", dir / "soft of soft");
  fs::create_directory(dir / "sub");
  fs::create_directory_symlink(".", dir / "here");
  for (const char* name :
       {"hard", "soft", "soft of soft", "sub/../data.csv", "here/here/data.csv", "./data.csv"})
    CHECK(FilePlace(dir / name) == FilePlace(file));
  const fs::path other = dir.put("other.csv", "1\n");
  CHECK_FALSE(FilePlace(other) == FilePlace(file));
  for (const char* name : {"other.csv", "Data.csv", "data.csv2", "sub/data.csv", "new"})
    CHECK_FALSE(FilePlace(dir / name) == FilePlace(file));
}

TEST_CASE("A file that does not exist is the same if its name and its directory are", "[host][io]") {
  const TemporaryDirectory dir;
  fs::create_directory(dir / "sub");
  fs::create_directory_symlink("sub", dir / "link");
  fs::create_symlink("sub/new", dir / "dangling");
  fs::create_symlink("dangling", dir / "dangling too");
  const FilePlace place(dir / "sub/new");
  CHECK_FALSE(place.exists());
  for (const char* name :
       {"link/new", "dangling", "dangling too", "sub/./new", "sub/absent/../new", "sub/new/"})
    CHECK(FilePlace(dir / name) == place);
  for (const char* name : {"new", "sub/newer", "sub/a/new", "sub"})
    CHECK_FALSE(FilePlace(dir / name) == place);
  CHECK(FilePlace(dir / "a/b/c") == FilePlace(dir / "a/b/c"));
  CHECK_FALSE(FilePlace(dir / "a/b/c") == FilePlace(dir / "a/c"));
}

TEST_CASE("A place can be inside a directory, also through links", "[host][io]") {
  const TemporaryDirectory dir;
  fs::create_directories(dir / "pictures/cats");
  fs::create_directory(dir / "elsewhere");
  fs::create_directory_symlink("pictures", dir / "link");
  const FilePlace pictures(dir / "pictures");
  for (const char* name : {"pictures/a", "pictures/cats", "pictures/new/a/b", "link/cats/1.png"})
    CHECK(FilePlace(dir / name).is_inside(pictures));
  for (const char* name : {"pictures", "link", "elsewhere/a", "pictures2/a", "pictures/../a"})
    CHECK_FALSE(FilePlace(dir / name).is_inside(pictures));
  CHECK_FALSE(FilePlace(dir / "absent/a").is_inside(FilePlace(dir / "absent")));
}

TEST_CASE("A directory detects links that lead to a file", "[host][io]") {
  const TemporaryDirectory dir;
  fs::create_directories(dir / "pictures/cats");
  fs::create_directory(dir / "dogs");
  const fs::path soft = dir.put("soft.png", ""), hard = dir.put("hard.png", ""),
                 other = dir.put("other.png", "");
  fs::create_hard_link(other, dir / "other name.png");
  fs::create_symlink(soft, dir / "pictures/cats/1.png");
  fs::create_hard_link(hard, dir / "pictures/cats/2.png");
  fs::create_directory_symlink(dir / "dogs", dir / "pictures/dogs");
  const FilePlace pictures(dir / "pictures");
  for (const char* name : {"soft.png", "hard.png", "dogs/new.png", "dogs/new/er.png", "dogs"})
    CHECK(pictures.has_link_to(FilePlace(dir / name)));
  for (const char* name : {"other.png", "new.png", "cats"})
    CHECK_FALSE(pictures.has_link_to(FilePlace(dir / name)));
}

TEST_CASE("Devices and FIFOs are streams, files and directories are not", "[host][io]") {
  const TemporaryDirectory dir;
  REQUIRE(::mkfifo((dir / "fifo").c_str(), 0600) == 0);
  CHECK(FilePlace("/dev/null").is_stream());
  CHECK(FilePlace(dir / "fifo").is_stream());
  CHECK_FALSE(FilePlace(dir.path()).is_stream());
  CHECK_FALSE(FilePlace(dir / "new").is_stream());
}
