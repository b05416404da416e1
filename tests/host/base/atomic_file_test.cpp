// SPDX-License-Identifier: MIT
// Files are replaced completely or not at all; reading never blocks on anything but a regular file.
#include "base/atomic_file.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <iterator>
#include <string>

#include "base/input_file.hpp"
#include "host/file_size_limit.hpp"
#include "host/refusals.hpp"
#include "host/temporary_directory.hpp"

namespace fs = std::filesystem;
using namespace kairos::host;
using kairos::tests::check_refusals;
using kairos::tests::content_of;
using kairos::tests::FileSizeLimit;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {
std::size_t entries(const TemporaryDirectory& directory) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()));
}
}  // namespace

TEST_CASE("An atomic file replaces the old content and keeps its mode", "[host][io]") {
  const TemporaryDirectory directory;
  const fs::path file = directory.put("a.txt", "old");
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  write_file(file, "new content");
  CHECK(content_of(file) == "new content");
  CHECK((fs::status(file).permissions() & fs::perms::others_read) == fs::perms::none);
  CHECK(entries(directory) == 1);
}

TEST_CASE("An atomic file that is not committed leaves the old one", "[host][io]") {
  const TemporaryDirectory directory;
  const fs::path file = directory.put("a.txt", "old");
  {
    AtomicFile unfinished(file);
    unfinished.write("half of the n");
    CHECK(content_of(file) == "old");
  }
  CHECK(content_of(file) == "old");
  CHECK(entries(directory) == 1);
}

TEST_CASE("An atomic file survives a full disk with the old content", "[host][io]") {
  const std::size_t size =
      GENERATE(std::size_t{5000}, std::size_t{9} << 20);  // cached, and bypassing the cache
  const TemporaryDirectory directory;
  const fs::path file = directory.put("a.txt", "old");
  std::string sentence;
  {
    const FileSizeLimit limit(size / 2 + 1000);
    sentence = refusal(directory, [&] { write_file(file, std::string(size, 'x')); });
  }
  CHECK(sentence ==
        "KAIROS-F005: a.txt: cannot write the file; found File too large, expected a writable location; the "
        "existing file is unchanged. Free some space or choose another disk.");
  CHECK(content_of(file) == "old");
  CHECK(entries(directory) == 1);
}

TEST_CASE("A large atomic file, which bypasses the page cache, is written to its last byte", "[host][io]") {
  const TemporaryDirectory directory;
  std::string content((std::size_t{9} << 20) + 123, '\0');
  for (std::size_t i = 0; i < content.size(); ++i) content[i] = static_cast<char>(i * 2654435761U >> 24U);
  SECTION("at once") {
    write_file(directory / "a.bin", content);
    CHECK(content_of(directory / "a.bin") == content);
  }
  SECTION("in pieces of any size") {
    AtomicFile file(directory / "a.bin", content.size());
    for (std::size_t at = 0, step = 1; at < content.size(); at += step, step = step * 3 + 1)
      file.write(std::string_view(content).substr(at, step));
    file.commit();
    CHECK(content_of(directory / "a.bin") == content);
  }
  SECTION("of whole blocks") {
    content.resize(std::size_t{9} << 20);
    write_file(directory / "a.bin", content);
    CHECK(content_of(directory / "a.bin") == content);
  }
  SECTION("announced, but less") {
    AtomicFile file(directory / "a.bin", content.size());
    file.write("a few bytes");
    file.commit();
    CHECK(content_of(directory / "a.bin") == "a few bytes");
  }
  SECTION("in memory, where there is no other way than the cache") {
    const fs::path file = fs::path("/dev/shm") / directory.path().filename();
    write_file(file, content);
    CHECK(content_of(file) == content);
    fs::remove(file);
  }
  CHECK(entries(directory) <= 1);
}

TEST_CASE("An atomic file that cannot be created says that the existing file is unchanged", "[host][io]") {
  const fs::path file = "/proc/version";  // a regular file in a directory that accepts no new files
  const std::string before = content_of(file);
  CHECK_THROWS_WITH(write_file(file, "new"),
                    "KAIROS-F005: /proc/version: cannot write the file; found No such file or directory, "
                    "expected a writable location; the existing file is unchanged. Choose another directory: "
                    "this one cannot hold files.");
  CHECK(content_of(file) == before);
}

TEST_CASE("An atomic file follows symbolic links", "[host][io]") {
  const TemporaryDirectory directory;
  fs::create_directory(directory / "store");
  fs::create_symlink("store/real.txt", directory / "link.txt");
  write_file(directory / "link.txt", "content");
  CHECK(fs::is_symlink(directory / "link.txt"));
  CHECK(content_of(directory / "store/real.txt") == "content");
}

TEST_CASE("An atomic file rejects unsuitable paths", "[host][io]") {
  const TemporaryDirectory directory;
  fs::create_directory(directory / "folder");
  static_cast<void>(directory.put("plain", "x"));
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  check_refusals(
      directory,
      {{"folder", "KAIROS-F008: folder: cannot write the file; found a directory of that name"},
       {"fifo", "KAIROS-F008: fifo: cannot write the file; found a device or FIFO of that name"},
       {"absent/a.txt", "KAIROS-F005: absent/a.txt: cannot write the file; found No such file or directory"},
       {"plain/a.txt", "KAIROS-F005: plain/a.txt: cannot write the file; found Not a directory"}},
      [](const fs::path& file) { write_file(file, "x"); });
  CHECK_THAT(refusal(directory, [&] { make_parent_directories(directory / "plain/b/c.txt"); }),
             Catch::Matchers::StartsWith(
                 "KAIROS-F006: plain/b: cannot create the directory; found Not a directory"));
  make_parent_directories(directory / "one/two/c.txt");
  CHECK(fs::is_directory(directory / "one/two"));
}

TEST_CASE("An input file rejects anything but regular files at once", "[host][io]") {
  const TemporaryDirectory directory;
  fs::create_directory(directory / "folder");
  static_cast<void>(directory.put("iris.csv", "x"));
  static_cast<void>(directory.put("empty", ""));
  REQUIRE(::mkfifo((directory / "fifo").c_str(), 0600) == 0);
  check_refusals(
      directory,
      {{"folder",
        "KAIROS-F002: folder: this is not a regular file; found a directory, expected a regular file. Give "
        "the path of a file."},
       {"fifo", "KAIROS-F002: fifo: this is not a regular file; found a FIFO"},
       {"empty",
        "KAIROS-F003: empty: the file is empty; found 0 bytes. Check the program that should have written "
        "it."},
       {"irs.csv",
        "KAIROS-F001: irs.csv: cannot open the file; found No such file or directory, expected a readable "
        "file. Did you mean \"iris.csv\"?"},
       {"iris.csv/a", "KAIROS-F001: iris.csv/a: cannot open the file; found Not a directory"}},
      [](const fs::path& file) { return read_file(file); });
  CHECK(refusal(directory, [&] { static_cast<void>(read_file("/dev/null")); }) ==
        "KAIROS-F002: /dev/null: this is not a regular file; found a device, expected a regular file. Give "
        "the path of "
        "a file.");
}
