// SPDX-License-Identifier: MIT
// The minimum of what the machine, control groups and process limits leave.
#include "base/available_memory.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "base/input_file.hpp"
#include "host/memory_limit.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using kairos::tests::MemoryLimit;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

constexpr std::uint64_t megabyte = std::uint64_t{1} << 20;

void put(const TemporaryDirectory& root, const std::string& file, const std::string& content) {
  std::filesystem::create_directories((root / file).parent_path());
  static_cast<void>(root.put(file, content));
}

}  // namespace

TEST_CASE("The available memory is what the machine can free, with swap", "[host]") {
  const TemporaryDirectory root;
  CHECK(available_memory(root.path()) == UINT64_MAX);
  put(root, "proc/meminfo",
      "MemTotal:       4096000 kB\nMemFree:          10240 kB\nMemAvailable:    2048000 kB\nHugePages_Total: "
      "  "
      "0\nSwapTotal:       2048 kB\nSwapFree:          1024 kB\n");
  CHECK(available_memory(root.path()) == 2000 * megabyte + megabyte);
}

TEST_CASE("The available memory is no more than a control group leaves, of either version", "[host]") {
  const TemporaryDirectory root;
  put(root, "proc/meminfo", "MemAvailable:    2048000 kB\n");
  put(root, "proc/self/cgroup", "4:cpu,memory:/a/b\n0::/x/y\n");
  put(root, "sys/fs/cgroup/x/memory.max", std::to_string(900 * megabyte));
  put(root, "sys/fs/cgroup/x/memory.current", std::to_string(500 * megabyte));
  put(root, "sys/fs/cgroup/x/memory.stat",
      "anon 400\ninactive_file " + std::to_string(90 * megabyte) + "\nactive_file " +
          std::to_string(10 * megabyte) + "\n");
  put(root, "sys/fs/cgroup/x/y/memory.max", "max");
  put(root, "sys/fs/cgroup/x/y/memory.current", "1");
  CHECK(available_memory(root.path()) == 500 * megabyte);
  put(root, "sys/fs/cgroup/memory/a/b/memory.limit_in_bytes", std::to_string(300 * megabyte));
  put(root, "sys/fs/cgroup/memory/a/b/memory.usage_in_bytes", std::to_string(280 * megabyte));
  CHECK(available_memory(root.path()) == 20 * megabyte);
}

TEST_CASE("The available memory respects the limit of the process, and larger requests are rejected",
          "[host]") {
  const TemporaryDirectory directory;
  const MemoryLimit limit(256 * megabyte);
  CHECK(available_memory() <= 256 * megabyte);
  CHECK_NOTHROW(require_memory("x.npy", 100 * megabyte));
  CHECK_THAT(refusal(directory, [] { require_memory("x.npy", 300 * megabyte); }),
             Catch::Matchers::StartsWith("KAIROS-D340: x.npy: the contents do not fit into memory; found "
                                         "314572800 bytes, expected at most "));
}

TEST_CASE("A file that does not fit into memory is not reported as too large", "[host]") {
  const TemporaryDirectory directory;
  const std::filesystem::path file = directory.put("large.json", "{}");
  std::filesystem::resize_file(file, 300 * megabyte);
  CHECK(refusal(directory, [&] { static_cast<void>(read_file(file, 100 * megabyte)); }) ==
        "KAIROS-F007: large.json: the file is too large; found 314572800 bytes, expected at most 104857600. "
        "Check that this is the intended file.");
  const MemoryLimit limit(200 * megabyte);
  CHECK_THAT(
      refusal(directory, [&] { static_cast<void>(read_file(file)); }),
      Catch::Matchers::StartsWith(
          "KAIROS-F084: large.json: the contents do not fit into memory; found 314572800 bytes, expected at "
          "most ") &&
          Catch::Matchers::EndsWith(" bytes, the available memory. Check that this is the intended file, or "
                                    "use a machine with more memory."));
}
