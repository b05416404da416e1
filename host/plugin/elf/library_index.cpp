// SPDX-License-Identifier: MIT
// Follows ld.so(8). A wrong guess only makes a message worse, because the dynamic linker decides in the end.
#include "plugin/elf/library_index.hpp"

#include <dlfcn.h>
#include <link.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "base/input_file.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t largest_cache = 16ull << 20;

/// Header and entries of /etc/ld.so.cache as glibc has written them since 2.2.
constexpr std::string_view cache_mark = "glibc-ld.so.cache1.1";
struct CacheHeader {
  std::array<char, 20> mark;
  std::uint32_t count, strings_size;
  std::array<std::uint32_t, 5> unused;
};
struct CacheEntry {
  std::int32_t flags;
  std::uint32_t key, value, unused;
  std::uint64_t capabilities;
};
static_assert(sizeof(CacheHeader) == 48 && sizeof(CacheEntry) == 24);

#if defined(__aarch64__)
constexpr std::array default_directories = {
    "/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"};
#else
constexpr std::array default_directories = {
    "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib"};
#endif

std::string_view text_at(std::string_view text, std::size_t offset) {
  if (offset >= text.size()) return "";
  const std::size_t end = text.find('\0', offset);
  return end == std::string_view::npos ? "" : text.substr(offset, end - offset);
}

void replace_all(std::string& text, std::string_view from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::vector<fs::path> split_directories(std::string_view list, std::string_view separators,
                                        const std::string& origin) {
  std::vector<fs::path> directories;
  while (!list.empty()) {
    const std::size_t end = list.find_first_of(separators);
    std::string entry(list.substr(0, end));
    replace_all(entry, "${ORIGIN}", origin);
    replace_all(entry, "$ORIGIN", origin);
    if (!entry.empty()) directories.emplace_back(std::move(entry));
    list = end == std::string_view::npos ? "" : list.substr(end + 1);
  }
  return directories;
}

int note_loaded(dl_phdr_info* info, std::size_t, void* data) {
  auto& loaded = *static_cast<std::map<std::string, fs::path>*>(data);
  if (info->dlpi_name == nullptr || *info->dlpi_name != '/') return 0;
  const fs::path file(info->dlpi_name);
  loaded.emplace(file.filename().string(), file);
  return 0;
}

}  // namespace

LibraryIndex::LibraryIndex() {
  dl_iterate_phdr(note_loaded, &loaded_);
  if (const char* path = ::secure_getenv("LD_LIBRARY_PATH"); path != nullptr)
    environment_ = split_directories(path, ":;", "");
}

const LibraryIndex::Found* LibraryIndex::find(const std::string& name, const DynamicSection& section,
                                              const fs::path& plugin) {
  if (name.find('/') != std::string::npos) return at(name);
  if (const Found* found = in_process(name)) return found;
  if (section.rpath.empty() && section.runpath.empty() && environment_.empty()) return in_system(name);
  const std::string origin = plugin.parent_path().string();
  if (section.runpath.empty())
    if (const Found* found = in_directories(split_directories(section.rpath, ":", origin), name))
      return found;
  if (const Found* found = in_directories(environment_, name)) return found;
  if (const Found* found = in_directories(split_directories(section.runpath, ":", origin), name))
    return found;
  return in_system(name);
}

const LibraryIndex::Found* LibraryIndex::at(const fs::path& file) {
  auto [place, is_new] = examined_.try_emplace(file);
  if (is_new) {
    try {
      ElfImage image(file);
      static_cast<void>(image.dynamic_section());
      place->second = Found{file, image.defined_versions()};
    } catch (const Error&) {
      // Missing, or for another machine: the dynamic linker tries the next directory too.
    }
  }
  return place->second ? &*place->second : nullptr;
}

const LibraryIndex::Found* LibraryIndex::in_directories(const std::vector<fs::path>& directories,
                                                        const std::string& name) {
  for (const fs::path& directory : directories)
    if (const Found* found = at(directory / name)) return found;
  return nullptr;
}

const LibraryIndex::Found* LibraryIndex::in_process(const std::string& name) {
  auto [place, is_new] = process_.try_emplace(name, nullptr);
  if (!is_new) return place->second;
  if (const auto loaded = loaded_.find(name); loaded != loaded_.end()) place->second = at(loaded->second);
  return place->second;
}

const LibraryIndex::Found* LibraryIndex::in_system(const std::string& name) {
  auto [place, is_new] = system_.try_emplace(name, nullptr);
  if (!is_new) return place->second;
  for (const fs::path& file : in_cache(name))
    if ((place->second = at(file)) != nullptr) break;
  if (place->second == nullptr) {
    const std::vector<fs::path> defaults(default_directories.begin(), default_directories.end());
    place->second = in_directories(defaults, name);
  }
  return place->second;
}

std::vector<fs::path> LibraryIndex::in_cache(std::string_view name) {
  if (!cache_) {
    cache_.emplace();
    try {
      *cache_ = read_file("/etc/ld.so.cache", largest_cache);
    } catch (const Error&) {
      // A system without a cache has its default directories.
    }
  }
  std::vector<fs::path> files;
  // An old-format cache may stand before the one that counts; offsets in entries begin at the latter's
  // header.
  const std::size_t start = cache_->find(cache_mark);
  if (start == std::string::npos || cache_->size() - start < sizeof(CacheHeader)) return files;
  const std::string_view cache = std::string_view(*cache_).substr(start);
  CacheHeader header;
  std::memcpy(&header, cache.data(), sizeof header);
  const std::size_t room = (cache.size() - sizeof header) / sizeof(CacheEntry);
  for (std::size_t i = 0; i < header.count && i < room; ++i) {
    CacheEntry entry;
    std::memcpy(&entry, cache.data() + sizeof header + i * sizeof entry, sizeof entry);
    if (entry.key >= cache.size() || !cache.substr(entry.key).starts_with(name)) continue;
    const std::string_view file = text_at(cache, entry.value);
    if (text_at(cache, entry.key) == name && !file.empty()) files.emplace_back(file);
  }
  return files;
}

}  // namespace kairos::host
