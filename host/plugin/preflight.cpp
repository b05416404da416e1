// SPDX-License-Identifier: MIT
// Checks in the order in which a user can fix what is wrong: file, ABI, manifest, symbols, libraries.
#include "plugin/preflight.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "plugin/elf/image.hpp"
#include "plugin/manifest/manifest.hpp"
#include "plugin/refusal.hpp"

namespace kairos::host {

namespace {

struct NoteText {
  std::array<std::uint16_t, 4> numbers;  // major, minor required, minor built, reserved
  std::int32_t distance;
};
static_assert(sizeof(NoteText) == 12);

/// The note of this host's major. A note of another major is used for the message only.
ElfNote find_note(const ElfImage& image, const std::string& where) {
  const std::vector<ElfNote> notes = image.notes();
  const ElfNote* other = nullptr;
  for (const ElfNote& note : notes) {
    if (note.owner != KAIROS_NOTE_OWNER) continue;
    if (note.type == KAIROS_ABI_MAJOR) return note;
    other = &note;
  }
  if (other == nullptr) throw refusal(RefusalCode::NoNote, {where, "none"});
  throw refusal(RefusalCode::OtherMajor, {where, fmt::format("ABI {}", other->type),
                                          fmt::format("ABI {}, which this host offers", KAIROS_ABI_MAJOR)});
}

AbiVersions check_versions(const NoteText& text, const std::string& where) {
  const AbiVersions abi{text.numbers[0], text.numbers[1], text.numbers[2]};
  if (abi.major != KAIROS_ABI_MAJOR)
    throw refusal(RefusalCode::Malformed,
                  {where, fmt::format("ABI {} in a note of ABI {}", abi.major, KAIROS_ABI_MAJOR)});
  if (abi.minor_required > abi.minor_built)
    throw refusal(RefusalCode::Malformed,
                  {where, fmt::format("a note that requires minor {} but was built with {}",
                                      abi.minor_required, abi.minor_built)});
  if (abi.minor_required > KAIROS_ABI_MINOR)
    throw refusal(
        RefusalCode::NewerMinor,
        {where, fmt::format("ABI {}.{} required", abi.major, abi.minor_required),
         fmt::format("at most ABI {}.{}, which this host offers", KAIROS_ABI_MAJOR, KAIROS_ABI_MINOR)});
  if (abi.minor_built <= KAIROS_ABI_MINOR && text.numbers[3] != 0)
    throw refusal(RefusalCode::Malformed,
                  {where, fmt::format("{} in the reserved number of the note", text.numbers[3]), "0"});
  return abi;
}

Manifest read_manifest(const ElfImage& image, const std::string& where) {
  const ElfNote note = find_note(image, where);
  if (note.description.size() < sizeof(NoteText))
    throw refusal(RefusalCode::Malformed,
                  {where, fmt::format("a note of {} bytes", note.description.size())});
  NoteText text;
  std::memcpy(&text, note.description.data(), sizeof text);
  const AbiVersions abi = check_versions(text, where);
  const std::uint64_t address = note.description_address + offsetof(NoteText, distance) +
                                static_cast<std::uint64_t>(std::int64_t{text.distance});
  kairos_manifest_header header;
  std::memcpy(&header, image.memory(address, sizeof header).data(), sizeof header);
  if (header.length > KAIROS_MANIFEST_LIMIT)
    throw refusal(RefusalCode::BadManifest, {where, fmt::format("{} bytes", header.length),
                                             fmt::format("at most {} bytes", KAIROS_MANIFEST_LIMIT)});
  if (abi.minor_built <= KAIROS_ABI_MINOR && header.reserved != 0)
    throw refusal(RefusalCode::BadManifest,
                  {where, fmt::format("{} in the reserved number of its header", header.reserved), "0"});
  const std::vector<std::byte> json = image.memory(address + sizeof header, header.length);
  return parse_manifest({reinterpret_cast<const char*>(json.data()), json.size()}, abi);
}

bool is_entry_symbol(std::string_view name) {
  constexpr std::string_view stem = "kairos_plugin_v";
  if (!name.starts_with(stem) || name.size() == stem.size()) return false;
  return name.find_first_not_of("0123456789", stem.size()) == std::string_view::npos;
}

/// True for symbols that linkers add.
bool is_of_linker(std::string_view name) {
  constexpr std::array<std::string_view, 7> names = {"_init", "_fini", "_edata",     "edata",
                                                     "_end",  "end",   "__bss_start"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// True for a symbol of a sanitizer that must be in the process from its start, and is not. Loading the
/// plugin would end the process. UBSan's runtime may be loaded later.
bool is_missing_runtime(const std::string& symbol) {
  constexpr std::array<std::string_view, 4> prefixes = {"__asan_", "__hwasan_", "__msan_", "__tsan_"};
  const bool is_of_sanitizer = std::ranges::any_of(
      prefixes, [&symbol](std::string_view prefix) { return symbol.starts_with(prefix); });
  return is_of_sanitizer && ::dlsym(RTLD_DEFAULT, symbol.c_str()) == nullptr;
}

/// Refuses a plugin that another plugin could bind to by accident, or that binds to symbols of the host. An
/// entry symbol of another major is allowed: one file may support two majors.
void check_symbols(ElfImage& image, const std::string& where) {
  bool has_entry = false;
  std::vector<std::string_view> extra;  // views, for a million symbols may have the same long name
  for (const DynamicSymbol& symbol : image.dynamic_symbols()) {
    if (symbol.binding == STB_LOCAL) continue;
    if (!symbol.defined) {
      if (symbol.name.starts_with("kairos_"))
        throw refusal(RefusalCode::WantsHostSymbol, {where, std::string(symbol.name)});
      if (symbol.binding == STB_GLOBAL && is_missing_runtime(std::string(symbol.name)))
        throw refusal(RefusalCode::Sanitizer, {where, "the undefined symbol " + std::string(symbol.name)});
      continue;
    }
    if (symbol.visibility == STV_HIDDEN || symbol.visibility == STV_INTERNAL) continue;
    if (symbol.name == KAIROS_PLUGIN_SYMBOL) {
      if (symbol.type == STT_FUNC || symbol.type == STT_GNU_IFUNC || symbol.type == STT_TLS)
        throw refusal(RefusalCode::NoEntrySymbol, {where, "a kairos_plugin_v1 that is not data"});
      image.require(symbol.address, sizeof(std::uint32_t));
      has_entry = true;
    } else if (!is_entry_symbol(symbol.name) && !is_of_linker(symbol.name)) {
      extra.push_back(symbol.name);
    }
  }
  if (!has_entry) throw refusal(RefusalCode::NoEntrySymbol, {where, "no such symbol"});
  if (extra.empty()) return;
  const std::size_t shown = std::min<std::size_t>(extra.size(), 3);
  std::partial_sort(extra.begin(), extra.begin() + static_cast<std::ptrdiff_t>(shown), extra.end());
  std::string list(extra[0]);
  for (std::size_t i = 1; i < shown; ++i) list.append(", ").append(extra[i]);
  if (extra.size() > shown) list += fmt::format(" and {} more", extra.size() - shown);
  throw refusal(RefusalCode::ExtraExports, {where, list});
}

/// Refuses what would weaken the whole process: for one such file the dynamic linker makes every stack
/// executable, or writes to code.
void check_memory_rights(const ElfImage& image, const DynamicSection& section, const std::string& where) {
  switch (image.stack_demand()) {
    case StackDemand::None:
      break;
    case StackDemand::Executable:
      throw refusal(RefusalCode::ExecutableStack, {where, "an executable PT_GNU_STACK segment"});
    case StackDemand::Unsaid:
      throw refusal(RefusalCode::ExecutableStack, {where, "no PT_GNU_STACK segment, which means the same"});
  }
  if (section.text_relocations) throw refusal(RefusalCode::TextRelocations, {where, "DT_TEXTREL"});
}

/// Only the libraries that the plugin itself names; the dynamic linker checks what those need.
void check_libraries(const DynamicSection& section, const std::filesystem::path& file,
                     LibraryIndex& libraries) {
#if defined(__GLIBC__)
  for (const std::string& name : section.needed)
    if (name.starts_with("libc.musl-") || name.starts_with("ld-musl-"))
      throw refusal(RefusalCode::OtherCLibrary, {file.string(), "musl (" + name + ")"});
#endif
  for (const std::string& name : section.needed)
    if (libraries.find(name, section, file) == nullptr)
      throw refusal(RefusalCode::LibraryMissing, {file.string(), "no " + name, name});
  for (const VersionNeed& need : section.version_needs) {
    const LibraryIndex::Found* library = libraries.find(need.library, section, file);
    // The dynamic linker only warns about a library without any versions.
    if (library == nullptr || library->versions.empty()) continue;
    for (const std::string& version : need.versions)
      if (std::find(library->versions.begin(), library->versions.end(), version) == library->versions.end())
        throw refusal(RefusalCode::SymbolVersionMissing,
                      {file.string(), fmt::format("{} without {}", library->file.string(), version),
                       fmt::format("{} with {}", need.library, version)});
  }
}

/// The dynamic linker would report that it cannot map a segment.
void check_execution(const std::filesystem::path& file) {
  struct statvfs system {};
  if (::statvfs(file.c_str(), &system) == 0 && (system.f_flag & ST_NOEXEC) != 0)
    throw refusal(RefusalCode::NoExecution, {file.string(), "a mount with noexec"});
}

}  // namespace

Inspection inspect(const std::filesystem::path& file, LibraryIndex& libraries) {
  Inspection inspection;
  inspection.plugin.file = file;
  const std::string where = file.string();
  try {
    ElfImage image(file);
    inspection.plugin.identity = image.identity();
    const DynamicSection section = image.dynamic_section();
    inspection.plugin.manifest = read_manifest(image, where);
    check_execution(file);
    check_symbols(image, where);
    check_memory_rights(image, section, where);
    check_libraries(section, file, libraries);
  } catch (const Error& error) {
    inspection.refusal = with_where(error, where).diagnosis();
  }
  return inspection;
}

}  // namespace kairos::host
