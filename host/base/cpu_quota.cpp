// SPDX-License-Identifier: MIT
// Reads the files of control groups.
#include "base/cpu_quota.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>

namespace kairos::host {

namespace {

namespace fs = std::filesystem;
using Quota = std::optional<double>;

Quota smaller(Quota a, Quota b) {
  if (a && b) return std::min(*a, *b);
  return a ? a : b;
}

std::string first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  return line;
}

Quota ratio(double quota, double period) {
  return quota > 0 && period > 0 ? Quota(quota / period) : std::nullopt;
}

/// "QUOTA PERIOD" in microseconds; "max PERIOD" for none.
Quota of_version_2(const fs::path& group) {
  std::istringstream text(first_line(group / "cpu.max"));
  double quota = 0, period = 0;
  return text >> quota >> period ? ratio(quota, period) : std::nullopt;
}

/// -1 for none.
Quota of_version_1(const fs::path& group) {
  std::istringstream quota_text(first_line(group / "cpu.cfs_quota_us"));
  std::istringstream period_text(first_line(group / "cpu.cfs_period_us"));
  double quota = 0, period = 0;
  return quota_text >> quota && period_text >> period ? ratio(quota, period) : std::nullopt;
}

/// The smallest quota of `group` and its ancestors up to `root`. Inside a container, the path of the group
/// may be the one outside: missing groups set no limit.
template <class QuotaOf>
Quota of_groups(const fs::path& root, const std::string& group, QuotaOf&& quota_of) {
  Quota found = quota_of(root);
  fs::path place = root;
  for (const fs::path& part : fs::path(group).relative_path()) {
    if (part == "..") return found;
    found = smaller(found, quota_of(place /= part));
  }
  return found;
}

/// Whether "cpu" is in the comma-separated list of controllers.
bool has_cpu(const std::string& controllers) {
  std::istringstream text(controllers);
  for (std::string one; std::getline(text, one, ',');)
    if (one == "cpu") return true;
  return false;
}

}  // namespace

std::optional<double> cpu_quota(const fs::path& root, std::string_view membership) {
  // Lines are NUMBER:CONTROLLERS:GROUP; without controllers, version 2.
  Quota found;
  std::istringstream lines{std::string(membership)};
  for (std::string line; std::getline(lines, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1),
                      group = line.substr(second + 1);
    if (controllers.empty())
      found = smaller(found, of_groups(root, group, of_version_2));
    else if (has_cpu(controllers))
      for (const fs::path& mount : {root / controllers, root / "cpu"})
        found = smaller(found, of_groups(mount, group, of_version_1));
  }
  return found;
}

unsigned usable_processors() {
  const unsigned processors = std::max(1U, std::thread::hardware_concurrency());
  std::ifstream in("/proc/self/cgroup");
  std::ostringstream membership;
  membership << in.rdbuf();
  const Quota quota = cpu_quota("/sys/fs/cgroup", membership.str());
  // As a double: a quota may exceed the number of processors of any machine.
  if (!quota || std::ceil(*quota) >= processors) return processors;
  return static_cast<unsigned>(std::ceil(*quota));
}

}  // namespace kairos::host
