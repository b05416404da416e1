// SPDX-License-Identifier: MIT
// The number of processors that a container may use.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace kairos::host {

/// The smallest CPU quota, in processors, of the control group of a process and its ancestors, in version 1
/// or 2 of control groups; empty if none is set. `root` is the mount point of control groups, `membership`
/// the text of /proc/self/cgroup.
[[nodiscard]] std::optional<double> cpu_quota(const std::filesystem::path& root, std::string_view membership);

/// Threads that can run at once: the processors that this process may use, or fewer if its control group has
/// a quota. The kernel stops threads beyond a quota while others wait for them. At least 1.
[[nodiscard]] unsigned usable_processors();

}  // namespace kairos::host
