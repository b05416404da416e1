// SPDX-License-Identifier: MIT
// The addresses come from the program headers of the loaded objects.
#include "plugin/loaded_code.hpp"

#include <link.h>

#include <algorithm>
#include <mutex>

#include "base/printable.hpp"

namespace kairos::host {

namespace {

/// Entries are only added, in front.
std::atomic<LoadedCode*> loaded{nullptr};

struct Search {
  std::uintptr_t address, begin, end;
};

int look_at(dl_phdr_info* object, std::size_t, void* arg) {
  auto& search = *static_cast<Search*>(arg);
  std::uintptr_t begin = UINTPTR_MAX, end = 0;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    begin = std::min<std::uintptr_t>(begin, object->dlpi_addr + segment.p_vaddr);
    end = std::max<std::uintptr_t>(end, object->dlpi_addr + segment.p_vaddr + segment.p_memsz);
  }
  if (search.address < begin || search.address >= end) return 0;
  search.begin = begin;
  search.end = end;
  return 1;
}

}  // namespace

const LoadedCode* code_at(std::uintptr_t address) noexcept {
  for (const LoadedCode* code = loaded.load(std::memory_order_acquire); code != nullptr; code = code->next)
    if (address >= code->begin && address < code->end) return code;
  return nullptr;
}

const LoadedCode& keep_code(const void* address, const Plugin& plugin) {
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  Search search{reinterpret_cast<std::uintptr_t>(address), 0, 0};
  if (const LoadedCode* const known = code_at(search.address)) return *known;
  ::dl_iterate_phdr(look_at, &search);
  auto* const code =
      new LoadedCode{search.begin,    search.end,   plugin.file.string(), contact_of(plugin.manifest.about),
                     plugin.identity, loaded.load()};
  loaded.store(code, std::memory_order_release);
  return *code;
}

std::string contact_of(const About& about) {
  constexpr std::size_t most = 200;
  const std::string& place = about.support.empty() ? about.url : about.support;
  return "its author" + (about.author.empty() ? "" : ", " + printable(about.author.substr(0, most))) +
         (place.empty() ? "" : " (" + printable(place.substr(0, most)) + ")");
}

}  // namespace kairos::host
