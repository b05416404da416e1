// SPDX-License-Identifier: MIT
// Reads /proc and /sys of Linux; a missing file sets no limit.
#include "base/available_memory.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string_view>

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t unlimited = UINT64_MAX;

std::uint64_t less(std::uint64_t from, std::uint64_t taken) {
  return from > taken ? from - taken : 0;
}

/// Of the machine: free and reclaimable memory, and swap.
std::uint64_t of_machine(const fs::path& root) {
  std::ifstream in(root / "proc/meminfo");
  std::uint64_t available = unlimited, swap = 0;
  std::string name;
  for (std::uint64_t kilobytes = 0; in >> name >> kilobytes; in.ignore(64, '\n')) {
    if (name == "MemAvailable:") available = kilobytes << 10;
    if (name == "SwapFree:") swap = kilobytes << 10;
  }
  return available == unlimited ? unlimited : available + swap;
}

/// The number in a file; `unlimited` for "max" and for a missing file.
std::uint64_t number_in(const fs::path& file) {
  std::uint64_t value = 0;
  return std::ifstream(file) >> value ? value : unlimited;
}

/// Pages of files in the cache, which count as used but which the kernel would reclaim.
std::uint64_t cached_in(const fs::path& file, std::string_view prefix) {
  std::ifstream in(file);
  std::string name;
  std::uint64_t cached = 0;
  for (std::uint64_t value = 0; in >> name >> value;)
    if (name == std::string(prefix) + "inactive_file" || name == std::string(prefix) + "active_file")
      cached += value;
  return cached;
}

/// File names of one version of control groups.
struct GroupFiles {
  const char *limit, *used, *prefix;
};

/// What a group and its ancestors leave.
std::uint64_t of_groups(const fs::path& mount, const fs::path& group, const GroupFiles& files) {
  std::uint64_t left = unlimited;
  fs::path relative = group.relative_path();
  for (;;) {
    const fs::path directory = mount / relative;
    const std::uint64_t limit = number_in(directory / files.limit);
    const std::uint64_t used = number_in(directory / files.used);
    if (limit != unlimited && used != unlimited)
      left = std::min(left, less(limit, less(used, cached_in(directory / "memory.stat", files.prefix))));
    if (relative.empty()) return left;
    relative = relative.parent_path();
  }
}

/// Each line of /proc/self/cgroup is "number:controllers:/path"; of version 2 "0::/path".
std::uint64_t of_control_groups(const fs::path& root) {
  std::ifstream in(root / "proc/self/cgroup");
  std::uint64_t left = unlimited;
  for (std::string line; std::getline(in, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1),
                      path = line.substr(second + 1);
    if (controllers.empty())
      left = std::min(left, of_groups(root / "sys/fs/cgroup", path, {"memory.max", "memory.current", ""}));
    else if (("," + controllers + ",").find(",memory,") != std::string::npos)
      left = std::min(left, of_groups(root / "sys/fs/cgroup/memory", path,
                                      {"memory.limit_in_bytes", "memory.usage_in_bytes", "total_"}));
  }
  return left;
}

/// Within the limits of the process.
std::uint64_t of_process(const fs::path& root) {
  std::uint64_t total = 0, resident = 0, shared = 0, code = 0, libraries = 0, data = 0;  // in pages
  std::ifstream(root / "proc/self/statm") >> total >> resident >> shared >> code >> libraries >> data;
  const auto page = static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_PAGESIZE)));
  const auto left = [page](auto resource, std::uint64_t pages) {
    rlimit limit{};
    if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return unlimited;
    return less(limit.rlim_cur, pages * page);
  };
  return std::min(left(RLIMIT_AS, total), left(RLIMIT_DATA, data));
}

}  // namespace

std::uint64_t available_memory(const fs::path& root) {
  return std::min({of_machine(root), of_control_groups(root), of_process(root)});
}

void require_memory(const std::string& origin, std::uint64_t bytes, const MemoryError& error,
                    std::uint64_t earlier) {
  constexpr std::uint64_t unchecked = std::uint64_t{16} << 20;
  if (earlier <= unchecked && bytes <= unchecked - earlier) return;
  const std::uint64_t available = available_memory();
  if (bytes <= available) return;
  throw Error(error.kind,
              {error.code, origin, "the contents do not fit into memory", std::to_string(bytes) + " bytes",
               "at most " + std::to_string(available) + " bytes, the available memory", error.cure});
}

}  // namespace kairos::host
