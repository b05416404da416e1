// SPDX-License-Identifier: MIT
// No damage to a file may crash, hang or exhaust the reader.
#include <sys/mman.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "gate_files.hpp"
#include "host/temporary_directory.hpp"
#include "plugin/manifest.hpp"

using namespace kairos::host;
using kairos::tests::content_of;
using kairos::tests::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

/// A file in memory: thousands of them would wear out a disk.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("damaged", MFD_CLOEXEC)) { REQUIRE(descriptor_ >= 0); }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  [[nodiscard]] fs::path put(std::string_view bytes) const {
    REQUIRE(::ftruncate(descriptor_, 0) == 0);
    REQUIRE(::pwrite(descriptor_, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
    return "/proc/self/fd/" + std::to_string(descriptor_);
  }

 private:
  int descriptor_;
};

}  // namespace

TEST_CASE("The gate survives a plugin cut at any length", "[host][plugin]") {
  const MemoryFile file;
  const std::string sound = content_of(broken_plugin("sound"));
  LibraryIndex libraries;
  int refused = 0, lengths = 0;
  for (std::size_t length = 0; length < sound.size(); length += 64, ++lengths) {
    refused +=
        inspect(file.put(std::string_view(sound).substr(0, length)), libraries).refusal.has_value() ? 1 : 0;
  }
  // The table of sections is last, so that nothing can be cut unnoticed.
  CHECK(refused == lengths);
}

TEST_CASE("The gate survives flipped bytes", "[host][plugin]") {
  const MemoryFile file;
  const std::string sound = content_of(broken_plugin("sound"));
  LibraryIndex libraries;
  std::mt19937 random(20240229);
  int refused = 0;
  constexpr int rounds = 3000;
  for (int round = 0; round < rounds; ++round) {
    std::string bytes = sound;
    // The headers and tables of the first page decide; the rest is code and debug information.
    const std::size_t range = round % 4 == 0 ? sound.size() : std::min<std::size_t>(sound.size(), 4096);
    const int flips = 1 + static_cast<int>(random() % 8);
    for (int i = 0; i < flips; ++i) bytes[random() % range] = static_cast<char>(random());
    refused += inspect(file.put(bytes), libraries).refusal.has_value() ? 1 : 0;
  }
  CHECK(refused > rounds / 10);
  CHECK(refused < rounds);
}

TEST_CASE("The gate survives a file that shrinks while it is read", "[host][plugin]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "shrinking.so";
  fs::copy_file(broken_plugin("sound"), file);
  ElfImage image(file);
  fs::resize_file(file, 200);
  CHECK_THROWS_WITH(image.dynamic_section(),
                    Catch::Matchers::Contains("the plugin is truncated; found a file that has shrunk to"));
}

TEST_CASE("The gate reads a stripped plugin as it reads a whole one", "[host][plugin]") {
  const TemporaryDirectory directory;
  const fs::path file = directory / "stripped.so";
  fs::copy_file(broken_plugin("sound"), file);
  REQUIRE(std::system(("strip -s '" + file.string() + "'").c_str()) == 0);
  LibraryIndex libraries;
  const Inspection stripped = inspect(file, libraries);
  REQUIRE(!stripped.refusal);
  CHECK(!first_difference(stripped.plugin.manifest,
                          inspect(broken_plugin("sound"), libraries).plugin.manifest));

  SECTION("also without any table of sections") {
    std::string bytes = content_of(file);
    patch(bytes, offsetof(Elf64_Ehdr, e_shoff), std::uint64_t{0});
    patch(bytes, offsetof(Elf64_Ehdr, e_shnum), std::uint16_t{0});
    CHECK(refusal_of(directory.put("bare.so", bytes)).code.empty());
  }
}
