// SPDX-License-Identifier: MIT
// A damaged file must not crash, hang or exhaust the reader.
#include <elf.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <random>

#include "gate_files.hpp"
#include "host/temporary_directory.hpp"
#include "plugin/manifest/manifest.hpp"

using namespace kairos::host;
using kairos::tests::content_of;
using kairos::tests::TemporaryDirectory;
namespace fs = std::filesystem;

namespace {

/// A file in memory, because the tests write thousands of them.
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

/// The plugin with `count` more symbols, all with the same name. They follow the file, in a segment that
/// replaces the last one, that for read-only relocations.
std::string with_exports(std::string bytes, std::size_t count, std::size_t name_size) {
  const auto at = [&bytes]<class T>(T, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
  };
  const auto header = at(Elf64_Ehdr{}, 0);
  const std::size_t last = header.e_phoff + (header.e_phnum - std::size_t{1}) * sizeof(Elf64_Phdr);
  std::size_t dynamic = 0;
  for (std::size_t i = header.e_phoff; i < last; i += sizeof(Elf64_Phdr))
    if (const auto segment = at(Elf64_Phdr{}, i); segment.p_type == PT_DYNAMIC) dynamic = segment.p_offset;
  std::map<Elf64_Sxword, std::size_t> entries;  // index by tag
  for (std::size_t i = dynamic; at(Elf64_Dyn{}, i).d_tag != DT_NULL; i += sizeof(Elf64_Dyn))
    entries[at(Elf64_Dyn{}, i).d_tag] = i;
  const auto value = [&](Elf64_Sxword tag) { return at(Elf64_Dyn{}, entries.at(tag)).d_un.d_val; };

  // The tables are in the first segment, where addresses equal offsets, and names follow symbols.
  std::string names = bytes.substr(value(DT_STRTAB), value(DT_STRSZ));
  const std::string symbols = bytes.substr(value(DT_SYMTAB), value(DT_STRTAB) - value(DT_SYMTAB));
  Elf64_Sym exported{};
  exported.st_name = static_cast<Elf64_Word>(names.size());
  exported.st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT);
  exported.st_shndx = 1;
  names.append(name_size, 'n').push_back('\0');
  const std::array<std::uint32_t, 2> hash{
      1, static_cast<std::uint32_t>(symbols.size() / sizeof exported + count)};

  constexpr std::uint64_t address = 1 << 28;
  const std::size_t begin = bytes.size();
  bytes.append(reinterpret_cast<const char*>(hash.data()), sizeof hash).append(symbols);
  for (std::size_t i = 0; i < count; ++i)
    bytes.append(reinterpret_cast<const char*>(&exported), sizeof exported);
  const std::size_t names_begin = bytes.size();
  bytes += names;
  Elf64_Phdr segment{};
  segment.p_type = PT_LOAD;
  segment.p_offset = begin;
  segment.p_vaddr = address;
  segment.p_filesz = segment.p_memsz = bytes.size() - begin;
  patch(bytes, last, segment);
  const auto set = [&](Elf64_Sxword old_tag, Elf64_Sxword tag, std::uint64_t to) {
    patch(bytes, entries.at(old_tag), Elf64_Dyn{tag, {to}});
  };
  set(DT_GNU_HASH, DT_HASH, address);
  set(DT_SYMTAB, DT_SYMTAB, address + sizeof hash);
  set(DT_STRTAB, DT_STRTAB, address + names_begin - begin);
  set(DT_STRSZ, DT_STRSZ, names.size());
  return bytes;
}

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
  // The section table is at the end, so every truncation is noticed.
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
    // The first page has the headers and tables; the rest is code and debug information.
    const std::size_t range = round % 4 == 0 ? sound.size() : std::min<std::size_t>(sound.size(), 4096);
    const int flips = 1 + static_cast<int>(random() % 8);
    for (int i = 0; i < flips; ++i) bytes[random() % range] = static_cast<char>(random());
    refused += inspect(file.put(bytes), libraries).refusal.has_value() ? 1 : 0;
  }
  CHECK(refused > rounds / 10);
  CHECK(refused < rounds);
}

TEST_CASE("The gate keeps one copy of a long name that many symbols have", "[host][plugin]") {
  constexpr std::size_t symbols = 300'000, name_size = 4000;
  const MemoryFile file;
  const fs::path path = file.put(with_exports(content_of(broken_plugin("sound")), symbols, name_size));
  const auto most_megabytes = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss / 1024;
  };
  const auto before = most_megabytes();
  const Diagnosis refusal = refusal_of(path);
  CHECK(refusal.found.ends_with(" and 299997 more"));
  CHECK(most_megabytes() - before < 300);
}

TEST_CASE("The gate survives a file that shrinks while it is read", "[host][plugin]") {
  const TemporaryDirectory directory;
  // More names than are read at once.
  const fs::path file =
      directory.put("shrinking.so", with_exports(content_of(broken_plugin("sound")), 1000, 100));
  ElfImage image(file);
  static_cast<void>(image.dynamic_section());
  fs::resize_file(file, 200);
  CHECK_THROWS_WITH(image.dynamic_symbols(),
                    Catch::Matchers::Contains("the plugin is truncated; found a file that has shrunk to"));
}

TEST_CASE("The gate reads a stripped plugin like an unstripped one", "[host][plugin]") {
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
