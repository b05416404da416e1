// SPDX-License-Identifier: MIT
// Pages are copied, and the copy is moved into their place at once. What a thread of the plugin may be
// writing is left as it is.
#include "plugin/private_pages.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <memory>
#include <vector>

namespace kairos::host {

namespace {

struct Region {
  std::uintptr_t begin, end;
  int protection;
};

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

/// What the kernel maps from files in this range, without what can be neither read nor written.
std::vector<Region> file_regions(const LoadedCode& code) {
  std::vector<Region> regions;
  const std::unique_ptr<std::FILE, CloseFile> maps(std::fopen("/proc/self/maps", "re"));
  char line[512];
  while (maps != nullptr && std::fgets(line, sizeof line, maps.get()) != nullptr) {
    std::uintptr_t begin = 0, end = 0;
    char rights[5] = "";
    unsigned long inode = 0;
    if (std::sscanf(line, "%" SCNxPTR "-%" SCNxPTR " %4s %*x %*s %lu", &begin, &end, rights, &inode) != 4)
      continue;
    if (inode == 0 || begin >= code.end || end <= code.begin || rights[0] != 'r') continue;
    regions.push_back(
        {begin, end, PROT_READ | (rights[1] == 'w' ? PROT_WRITE : 0) | (rights[2] == 'x' ? PROT_EXEC : 0)});
  }
  return regions;
}

/// Through a descriptor, a page that the file no longer has is an error and no signal.
bool read_memory(int memory, const Region& region, char* to) {
  const std::size_t size = region.end - region.begin;
  for (std::size_t done = 0; done < size;) {
    const ssize_t got = ::pread(memory, to + done, size - done, static_cast<off_t>(region.begin + done));
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  return true;
}

bool replace(int memory, const Region& region) {
  const std::size_t size = region.end - region.begin;
  void* const copy = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED) return false;
  const bool moved = read_memory(memory, region, static_cast<char*>(copy)) &&
                     ::mprotect(copy, size, region.protection) == 0 &&
                     ::mremap(copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED,
                              reinterpret_cast<void*>(region.begin)) != MAP_FAILED;
  if (!moved) ::munmap(copy, size);
  return moved;
}

}  // namespace

bool make_private(const LoadedCode& code, Threads threads) noexcept {
  const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  if (memory < 0) return false;
  bool all = true;
  for (const Region& region : file_regions(code)) {
    const bool may_change = threads == Threads::Started && (region.protection & PROT_WRITE) != 0;
    all = !may_change && replace(memory, region) && all;
  }
  ::close(memory);
  return all;
}

}  // namespace kairos::host
