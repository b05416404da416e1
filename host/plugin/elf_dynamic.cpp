// SPDX-License-Identifier: MIT
// The part of ElfImage that reads the dynamic section: libraries, versions, symbols.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "plugin/elf_image.hpp"

namespace kairos::host {

namespace {

constexpr std::uint64_t most_entries = 1ull << 20;  // of any table; a plugin has some dozens
constexpr std::uint64_t most_dynamic_entries = 4096;
constexpr std::uint64_t most_versions = 4096;
constexpr std::uint64_t largest_string_table = 64ull << 20;
constexpr std::size_t longest_string = 4096;

/// The entry that `address` leads to after `step` more bytes; a step of 0 ends a chain.
bool advance(std::uint64_t& address, std::uint64_t step) {
  address += step;
  return step != 0;
}

}  // namespace

template <class T>
std::vector<T> ElfImage::array(std::uint64_t address, std::uint64_t count) const {
  if (count > most_entries) malformed(fmt::format("a table of {} entries", count));
  const std::vector<std::byte> bytes = memory(address, count * sizeof(T));
  std::vector<T> values(count);
  if (count != 0) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

std::string_view ElfImage::string(std::uint64_t offset) const {
  if (offset >= strings_.size())
    malformed(fmt::format("a name at {} in a table of {} bytes", offset, strings_.size()));
  const char* start = strings_.data() + offset;
  const std::size_t limit = std::min<std::size_t>(strings_.size() - offset, longest_string);
  const void* end = std::memchr(start, '\0', limit);
  if (end == nullptr) malformed("a name without an end");
  return {start, static_cast<std::size_t>(static_cast<const char*>(end) - start)};
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

  Table string_table;
  std::vector<std::uint64_t> needed;
  std::uint64_t rpath = 0, runpath = 0;
  bool text_relocations = false;
  for (const Elf64_Dyn& entry : entries) {
    if (entry.d_tag == DT_NULL) break;
    const std::uint64_t value = entry.d_un.d_val;
    switch (entry.d_tag) {
      case DT_NEEDED:
        needed.push_back(value);
        break;
      case DT_RPATH:
        rpath = value;
        break;
      case DT_RUNPATH:
        runpath = value;
        break;
      case DT_TEXTREL:
        text_relocations = true;
        break;
      case DT_FLAGS:
        text_relocations = text_relocations || (value & DF_TEXTREL) != 0;
        break;
      case DT_STRTAB:
        string_table.address = value;
        break;
      case DT_STRSZ:
        string_table.size = value;
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
  if (string_table.size > largest_string_table)
    malformed(fmt::format("names of {} bytes", string_table.size));
  const std::vector<std::byte> names = memory(string_table.address, string_table.size);
  const char* first = reinterpret_cast<const char*>(names.data());
  strings_.assign(first, first + names.size());

  DynamicSection section;
  for (const std::uint64_t name : needed) section.needed.emplace_back(string(name));
  if (rpath != 0) section.rpath = string(rpath);
  if (runpath != 0) section.runpath = string(runpath);
  section.version_needs = version_needs();
  section.text_relocations = text_relocations;
  return section;
}

std::vector<VersionNeed> ElfImage::version_needs() const {
  std::vector<VersionNeed> needs;
  if (version_need_.size > most_versions)
    malformed(fmt::format("versions of {} libraries", version_need_.size));
  std::uint64_t address = version_need_.address;
  std::uint64_t left = most_versions;
  for (std::uint64_t i = 0; i < version_need_.size; ++i) {
    const Elf64_Verneed need = array<Elf64_Verneed>(address, 1).front();
    VersionNeed& entry = needs.emplace_back();
    entry.library = string(need.vn_file);
    std::uint64_t version = address + need.vn_aux;
    for (std::uint32_t k = 0; k < need.vn_cnt; ++k) {
      if (left-- == 0) malformed(fmt::format("more than {} symbol versions", most_versions));
      const Elf64_Vernaux auxiliary = array<Elf64_Vernaux>(version, 1).front();
      if ((auxiliary.vna_flags & VER_FLG_WEAK) == 0) entry.versions.emplace_back(string(auxiliary.vna_name));
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
    const Elf64_Verdef definition = array<Elf64_Verdef>(address, 1).front();
    const Elf64_Verdaux name = array<Elf64_Verdaux>(address + definition.vd_aux, 1).front();
    versions.emplace_back(string(name.vda_name));
    if (!advance(address, definition.vd_next)) break;
  }
  return versions;
}

std::uint64_t ElfImage::symbol_count_of_gnu_hash() const {
  struct Header {
    std::uint32_t buckets, first_symbol, filter_words, shift;
  };
  const Header header = array<Header>(gnu_hash_, 1).front();
  const std::uint64_t buckets_address = gnu_hash_ + sizeof header + std::uint64_t{header.filter_words} * 8;
  const std::vector<std::uint32_t> buckets = array<std::uint32_t>(buckets_address, header.buckets);
  const auto largest = std::max_element(buckets.begin(), buckets.end());
  if (largest == buckets.end() || *largest < header.first_symbol) return header.first_symbol;
  // The last chain begins at the largest bucket and ends with the first entry whose lowest bit is set.
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
  malformed("a hash table of symbols without an end");
}

std::uint64_t ElfImage::symbol_count() const {
  if (hash_ != 0) {
    struct Header {
      std::uint32_t buckets, chains;
    };
    return array<Header>(hash_, 1).front().chains;
  }
  return gnu_hash_ != 0 ? symbol_count_of_gnu_hash() : 0;
}

std::vector<DynamicSymbol> ElfImage::dynamic_symbols() const {
  std::vector<DynamicSymbol> symbols;
  const std::uint64_t count = symbol_count();
  if (symbols_ == 0 || count == 0) return symbols;
  const std::vector<Elf64_Sym> entries = array<Elf64_Sym>(symbols_, count);
  symbols.reserve(entries.size());
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const Elf64_Sym& entry = entries[i];
    symbols.push_back({string(entry.st_name), entry.st_shndx != SHN_UNDEF,
                       static_cast<std::uint8_t>(ELF64_ST_BIND(entry.st_info)),
                       static_cast<std::uint8_t>(ELF64_ST_VISIBILITY(entry.st_other)),
                       static_cast<std::uint8_t>(ELF64_ST_TYPE(entry.st_info)), entry.st_value});
  }
  return symbols;
}

}  // namespace kairos::host
