// SPDX-License-Identifier: MIT
// Reads a shared object as bytes, through its program headers and without trusting any of its numbers.
#pragma once

#include <elf.h>
#include <sys/stat.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// A note of a PT_NOTE segment.
struct ElfNote {
  std::string owner;  ///< without the terminator
  std::uint32_t type = 0;
  std::vector<std::byte> description;
  std::uint64_t description_address = 0;  ///< in the memory image
};

/// A library and its symbol versions.
struct VersionNeed {
  std::string library;
  std::vector<std::string> versions;  ///< without the weak ones
};

/// The dynamic section, with every table checked to be inside the file.
struct DynamicSection {
  std::vector<std::string> needed;
  std::string rpath, runpath;
  std::vector<VersionNeed> version_needs;
  bool text_relocations = false;  ///< the loader would have to write to the code
};

/// What loading the file does to the stack of the process.
enum class StackDemand { None, Executable, Unsaid };

struct DynamicSymbol {
  std::string_view name;  ///< borrowed from the image
  bool defined = false;
  std::uint8_t binding = 0, visibility = 0, type = 0;
  std::uint64_t address = 0;
};

/// One open file. Everything is read with pread and not mapped: a file that shrinks meanwhile causes an error
/// and never a signal. A few kilobytes are read at a time. All members throw Error(Plugin) KAIROS-L… for a
/// damaged file.
class ElfImage {
 public:
  /// Opens a regular file and checks it up to its segments: class, byte order, machine, type, every segment
  /// inside the file.
  explicit ElfImage(const std::filesystem::path& file);
  ~ElfImage();
  ElfImage(const ElfImage&) = delete;
  ElfImage& operator=(const ElfImage&) = delete;

  [[nodiscard]] const FileIdentity& identity() const noexcept { return identity_; }
  [[nodiscard]] std::vector<ElfNote> notes() const;
  /// A file without the segment gets an executable stack too.
  [[nodiscard]] StackDemand stack_demand() const noexcept;
  [[nodiscard]] DynamicSection dynamic_section();
  /// All dynamic symbols but the empty first one. Call dynamic_section() before.
  [[nodiscard]] std::vector<DynamicSymbol> dynamic_symbols();
  /// Names of the symbol versions that this library defines. Call dynamic_section() before.
  [[nodiscard]] std::vector<std::string> defined_versions() const;
  /// Throws unless the file provides these bytes of the memory image.
  void require(std::uint64_t address, std::uint64_t count) const;
  /// Bytes of the memory image that come from the file.
  [[nodiscard]] std::vector<std::byte> memory(std::uint64_t address, std::uint64_t count) const;

 private:
  struct Table {
    std::uint64_t address = 0, size = 0;
  };

  void check_header(const Elf64_Ehdr& header) const;
  void check_segments(const Elf64_Ehdr& header);
  [[nodiscard]] std::vector<std::byte> read(std::uint64_t offset, std::uint64_t count) const;
  void read_into(std::span<std::byte> bytes, std::uint64_t offset) const;
  void read_past_window(std::span<std::byte> bytes, std::uint64_t offset) const;
  template <class T>
  [[nodiscard]] T one(std::uint64_t address) const;
  template <class T>
  [[nodiscard]] std::vector<T> array(std::uint64_t address, std::uint64_t count) const;
  /// Bytes of the file from `address` to the end of its segment.
  [[nodiscard]] std::uint64_t extent(std::uint64_t address) const;
  [[nodiscard]] std::uint64_t offset_of(std::uint64_t address, std::uint64_t count) const;
  /// A name in the string table; reads only that part of the table.
  [[nodiscard]] std::string string(std::uint64_t offset) const;
  /// The same after the whole table has been read.
  [[nodiscard]] std::string_view symbol_name(std::uint64_t offset) const;
  [[nodiscard]] std::uint64_t symbol_count() const;
  [[nodiscard]] std::uint64_t symbol_count_of_gnu_hash() const;
  /// Stores the address or size of a table from an entry of the dynamic section.
  void take_table(const Elf64_Dyn& entry);
  [[nodiscard]] std::vector<VersionNeed> version_needs() const;
  [[noreturn]] void truncated(const std::string& found, const std::string& expected) const;
  [[noreturn]] void malformed(const std::string& found) const;

  std::string name_;
  int descriptor_ = -1;
  FileIdentity identity_;
  struct Window {
    std::uint64_t offset = 0, size = 0;
    std::unique_ptr<std::byte[]> bytes;
  };
  /// Cached parts: the beginning of the file, and the two places read last (a table and the names it refers
  /// to).
  mutable std::array<Window, 3> windows_;
  mutable std::ptrdiff_t last_ = 2;
  std::vector<Elf64_Phdr> segments_;
  Table string_table_;         ///< size: bytes
  std::vector<char> strings_;  ///< all of it
  std::uint64_t symbols_ = 0, hash_ = 0, gnu_hash_ = 0;
  Table version_need_, version_definition_;  ///< size: number of entries
};

[[nodiscard]] FileIdentity identity_of(const struct stat& status);

/// "x86-64" for EM_X86_64; "machine 12345" for one without a name here.
[[nodiscard]] std::string machine_name(std::uint16_t machine);

}  // namespace kairos::host
