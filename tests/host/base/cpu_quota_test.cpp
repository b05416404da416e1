// SPDX-License-Identifier: MIT
#include "base/cpu_quota.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "host/temporary_directory.hpp"

using namespace kairos::host;

namespace {

namespace fs = std::filesystem;

/// A directory that stands for the mount point of control groups.
struct Groups {
  void put(const fs::path& file, const std::string& text) const {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text << "\n";
  }
  kairos::tests::TemporaryDirectory directory;
  fs::path root = directory.path();
};

}  // namespace

TEST_CASE("A quota of version 2 is the smallest of the group and its ancestors", "[host]") {
  const Groups groups;
  groups.put("cpu.max", "max 100000");
  groups.put("jobs/cpu.max", "150000 100000");
  groups.put("jobs/one/cpu.max", "max 100000");
  CHECK(cpu_quota(groups.root, "0::/jobs/one\n") == 1.5);
  groups.put("jobs/one/cpu.max", "50000 100000");
  CHECK(cpu_quota(groups.root, "0::/jobs/one\n") == 0.5);
  CHECK(cpu_quota(groups.root, "0::/jobs\n") == 1.5);
  CHECK_FALSE(cpu_quota(groups.root, "0::/\n"));
}

TEST_CASE("A quota of version 1 is found under either name of its mount", "[host]") {
  const Groups groups;
  groups.put("cpu,cpuacct/box/cpu.cfs_quota_us", "400000");
  groups.put("cpu,cpuacct/box/cpu.cfs_period_us", "100000");
  const std::string membership = "12:memory:/box\n4:cpu,cpuacct:/box\n2:cpuset:/\n";
  CHECK(cpu_quota(groups.root, membership) == 4);
  groups.put("cpu/cpu.cfs_quota_us", "200000");  // of a container that sees its own group as the root
  groups.put("cpu/cpu.cfs_period_us", "100000");
  CHECK(cpu_quota(groups.root, membership) == 2);
  CHECK(cpu_quota(groups.root, "1:cpu:/elsewhere\n") == 2);
  groups.put("cpu/cpu.cfs_quota_us", "-1");
  CHECK_FALSE(cpu_quota(groups.root, "1:cpu:/elsewhere\n"));
}

TEST_CASE("Invalid quotas set no limit", "[host]") {
  const Groups groups;
  CHECK_FALSE(cpu_quota(groups.root, ""));
  CHECK_FALSE(cpu_quota(groups.root, "nonsense\n0:\n:\n"));
  CHECK_FALSE(cpu_quota(groups.root / "missing", "0::/a/b\n"));
  groups.put("cpu.max", "");
  groups.put("a/cpu.max", "0 100000");
  groups.put("b/cpu.max", "100000 0");
  groups.put("c/cpu.max", "many few");
  for (const char* group : {"/a", "/b", "/c", "/../a"})
    CHECK_FALSE(cpu_quota(groups.root, std::string("0::") + group + "\n"));
  CHECK(usable_processors() >= 1);
  CHECK(usable_processors() <= std::max(1U, std::thread::hardware_concurrency()));
}
