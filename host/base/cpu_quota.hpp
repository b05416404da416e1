// SPDX-License-Identifier: MIT
// How many processors a container may use.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

namespace kairos::host {

/// The processors that the smallest CPU quota grants which is set for the control group of a process or for
/// one around it, by version 2 or 1 of control groups; empty if none is set. `root` is where control groups
/// are mounted, `membership` the text of /proc/self/cgroup.
[[nodiscard]] std::optional<double> cpu_quota(const std::filesystem::path& root, std::string_view membership);

/// Threads that can run at once: the processors that this process may run on, or fewer where its control
/// group has a quota. Threads beyond a quota are stopped by the kernel while others wait for them. At
/// least 1.
[[nodiscard]] unsigned usable_processors();

}  // namespace kairos::host
