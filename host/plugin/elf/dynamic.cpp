// SPDX-License-Identifier: MIT
// The part of ElfImage that reads the dynamic section: libraries, versions, symbols.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "plugin/elf/image.hpp"

namespace kairos::host {

namespace {

constexpr std::uint64_t most_entries = 1ull << 20;  // of any table; a plugin has a few dozen
constexpr std::uint64_t most_dynamic_entries = 4096;
constexpr std::uint64_t most_versions = 4096;
constexpr std::uint64_t largest_string_table = 64ull << 20;
constexpr std::size_t longest_string = 4096;

/// The entry that `address` leads to after `step` more bytes; a step of 0 ends a chain.
bool advance(std::uint64_t& address, std::uint64_t step) {
  address += step;
  return step != 0;
}

/// Offsets of names in the string table, and flags.
struct DynamicNames {
  std::vector<std::uint64_t> needed;
  std::uint64_t rpath = 0, runpath = 0;
  bool text_relocations = false;

  /// False for an entry of another kind.
  bool take(const Elf64_Dyn& entry) {
    const std::uint64_t value = entry.d_un.d_val;
    switch (entry.d_tag) {
      case DT_NEEDED:
        needed.push_back(value);
        return true;
      case DT_RPATH:
        rpath = value;
        return true;
      case DT_RUNPATH:
        runpath = value;
        return true;
      case DT_TEXTREL:
        text_relocations = true;
        return true;
      case DT_FLAGS:
        text_relocations = text_relocations || (value & DF_TEXTREL) != 0;
        return true;
      default:
        return false;
    }
  }
};

}  // namespace

template <class T>
std::vector<T> ElfImage::array(std::uint64_t address, std::uint64_t count) const {
  if (count > most_entries) malformed(fmt::format("a table of {} entries", count));
  const std::uint64_t offset = offset_of(address, count * sizeof(T));
  std::vector<T> values(count);
  read_into(std::as_writable_bytes(std::span(values)), offset);
  return values;
}

template <class T>
T ElfImage::one(std::uint64_t address) const {
  T value;
  read_into(std::as_writable_bytes(std::span(&value, 1)), offset_of(address, sizeof value));
  return value;
}

std::string_view ElfImage::symbol_name(std::uint64_t offset) const {
  if (offset >= string_table_.size)
    malformed(fmt::format("a name at {} in a table of {} bytes", offset, string_table_.size));
  const char* start = strings_.data() + offset;
  const std::size_t limit = std::min<std::size_t>(strings_.size() - offset, longest_string);
  const void* end = std::memchr(start, '\0', limit);
  if (end == nullptr) malformed("an unterminated name");
  return {start, static_cast<std::size_t>(static_cast<const char*>(end) - start)};
}

std::string ElfImage::string(std::uint64_t offset) const {
  if (offset >= string_table_.size)
    malformed(fmt::format("a name at {} in a table of {} bytes", offset, string_table_.size));
  std::array<char, longest_string> text;
  const std::uint64_t limit = std::min<std::uint64_t>(string_table_.size - offset, longest_string);
  for (std::uint64_t done = 0, piece = 64; done < limit; done += piece, piece *= 2) {
    piece = std::min(piece, limit - done);
    const std::span<char> bytes(text.data() + done, piece);
    read_into(std::as_writable_bytes(bytes), offset_of(string_table_.address + offset + done, piece));
    if (const void* end = std::memchr(bytes.data(), '\0', piece); end != nullptr)
      return std::string(static_cast<const char*>(text.data()), static_cast<const char*>(end));
  }
  malformed("an unterminated name");
}

void ElfImage::take_table(const Elf64_Dyn& entry) {
  const std::uint64_t value = entry.d_un.d_val;
  switch (entry.d_tag) {
    case DT_STRTAB:
      string_table_.address = value;
      break;
    case DT_STRSZ:
      string_table_.size = value;
      break;
    case DT_SYMTAB:
      symbols_ = value;
      break;
    case DT_HASH:
      hash_ = value;
      break;
    case DT_GNU_HASH:
      gnu_hash_ = value;
      break;
    case DT_VERNEED:
      version_need_.address = value;
      break;
    case DT_VERNEEDNUM:
      version_need_.size = value;
      break;
    case DT_VERDEF:
      version_definition_.address = value;
      break;
    case DT_VERDEFNUM:
      version_definition_.size = value;
      break;
    default:
      break;
  }
}

DynamicSection ElfImage::dynamic_section() {
  const auto segment = std::find_if(segments_.begin(), segments_.end(),
                                    [](const Elf64_Phdr& header) { return header.p_type == PT_DYNAMIC; });
  if (segment == segments_.end()) malformed("no dynamic section");
  const std::uint64_t count = segment->p_filesz / sizeof(Elf64_Dyn);
  if (count > most_dynamic_entries) malformed(fmt::format("{} dynamic entries", count));
  std::vector<Elf64_Dyn> entries(count);
  const std::vector<std::byte> bytes = read(segment->p_offset, count * sizeof(Elf64_Dyn));
  if (count != 0) std::memcpy(entries.data(), bytes.data(), bytes.size());

  DynamicNames names;
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    if (!names.take(entry)) take_table(entry);
  }
  if (string_table_.size > largest_string_table)
    malformed(fmt::format("names of {} bytes", string_table_.size));
  require(string_table_.address, string_table_.size);

  DynamicSection section;
  for (const std::uint64_t name : names.needed) section.needed.push_back(string(name));
  if (names.rpath != 0) section.rpath = string(names.rpath);
  if (names.runpath != 0) section.runpath = string(names.runpath);
  section.version_needs = version_needs();
  section.text_relocations = names.text_relocations;
  return section;
}

std::vector<VersionNeed> ElfImage::version_needs() const {
  std::vector<VersionNeed> needs;
  if (version_need_.size > most_versions)
    malformed(fmt::format("versions of {} libraries", version_need_.size));
  std::uint64_t address = version_need_.address;
  std::uint64_t left = most_versions;
  for (std::uint64_t i = 0; i < version_need_.size; ++i) {
    const Elf64_Verneed need = one<Elf64_Verneed>(address);
    VersionNeed& entry = needs.emplace_back();
    entry.library = string(need.vn_file);
    std::uint64_t version = address + need.vn_aux;
    for (std::uint32_t k = 0; k < need.vn_cnt; ++k) {
      if (left-- == 0) malformed(fmt::format("more than {} symbol versions", most_versions));
      const Elf64_Vernaux auxiliary = one<Elf64_Vernaux>(version);
      if ((auxiliary.vna_flags & VER_FLG_WEAK) == 0) entry.versions.push_back(string(auxiliary.vna_name));
      if (!advance(version, auxiliary.vna_next)) break;
    }
    if (!advance(address, need.vn_next)) break;
  }
  return needs;
}

std::vector<std::string> ElfImage::defined_versions() const {
  std::vector<std::string> versions;
  if (version_definition_.size > most_versions)
    malformed(fmt::format("{} defined versions", version_definition_.size));
  std::uint64_t address = version_definition_.address;
  for (std::uint64_t i = 0; i < version_definition_.size; ++i) {
    const Elf64_Verdef definition = one<Elf64_Verdef>(address);
    const Elf64_Verdaux name = one<Elf64_Verdaux>(address + definition.vd_aux);
    versions.push_back(string(name.vda_name));
    if (!advance(address, definition.vd_next)) break;
  }
  return versions;
}

std::uint64_t ElfImage::symbol_count_of_gnu_hash() const {
  struct Header {
    std::uint32_t buckets, first_symbol, filter_words, shift;
  };
  const Header header = one<Header>(gnu_hash_);
  const std::uint64_t buckets_address = gnu_hash_ + sizeof header + std::uint64_t{header.filter_words} * 8;
  const std::vector<std::uint32_t> buckets = array<std::uint32_t>(buckets_address, header.buckets);
  const auto largest = std::max_element(buckets.begin(), buckets.end());
  if (largest == buckets.end() || *largest < header.first_symbol) return header.first_symbol;
  // The last chain starts at the largest bucket and ends with the first entry whose lowest bit is set.
  const std::uint64_t chains = buckets_address + std::uint64_t{header.buckets} * sizeof(std::uint32_t);
  constexpr std::uint64_t block = 256;
  for (std::uint64_t index = *largest; index < most_entries;) {
    const std::uint64_t address = chains + (index - header.first_symbol) * sizeof(std::uint32_t);
    const std::uint64_t available = std::min(block, extent(address) / sizeof(std::uint32_t));
    if (available == 0) break;
    for (const std::uint32_t entry : array<std::uint32_t>(address, available)) {
      ++index;
      if ((entry & 1) != 0) return index;
    }
  }
  malformed("an unterminated symbol hash table");
}

std::uint64_t ElfImage::symbol_count() const {
  if (hash_ != 0) {
    struct Header {
      std::uint32_t buckets, chains;
    };
    return one<Header>(hash_).chains;
  }
  return gnu_hash_ != 0 ? symbol_count_of_gnu_hash() : 0;
}

std::vector<DynamicSymbol> ElfImage::dynamic_symbols() {
  std::vector<DynamicSymbol> symbols;
  const std::uint64_t count = symbol_count();
  if (symbols_ == 0 || count == 0) return symbols;
  strings_.resize(string_table_.size);
  read_into(std::as_writable_bytes(std::span(strings_)), offset_of(string_table_.address, strings_.size()));
  const std::vector<Elf64_Sym> entries = array<Elf64_Sym>(symbols_, count);
  symbols.reserve(entries.size());
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const Elf64_Sym& entry = entries[i];
    symbols.push_back({symbol_name(entry.st_name), entry.st_shndx != SHN_UNDEF,
                       static_cast<std::uint8_t>(ELF64_ST_BIND(entry.st_info)),
                       static_cast<std::uint8_t>(ELF64_ST_VISIBILITY(entry.st_other)),
                       static_cast<std::uint8_t>(ELF64_ST_TYPE(entry.st_info)), entry.st_value});
  }
  return symbols;
}

}  // namespace kairos::host
