// SPDX-License-Identifier: MIT
// The rules that sshd applies to files that decide who may log in.
#include "plugin/trust.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>
#include <utility>

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

/// Whether the group is the user's private group: the same name, and no other members.
bool is_own_group(gid_t group) {
  const passwd* user = ::getpwuid(::geteuid());
  if (user == nullptr || user->pw_gid != group) return false;
  const std::string name = user->pw_name;
  const struct group* entry = ::getgrgid(group);
  if (entry == nullptr || name != entry->gr_name) return false;
  for (char** member = entry->gr_mem; *member != nullptr; ++member)
    if (name != *member) return false;
  return true;
}

/// The kernel's limit of links in one path.
constexpr int most_links = 40;

/// Why one entry cannot be trusted. A sticky directory may be writable by others if only its entries matter.
std::string fault_of(const fs::path& path, bool is_parent) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return "";  // reported where it is opened
  if (status.st_uid != 0 && status.st_uid != ::geteuid())
    return fmt::format("{} belongs to user {}", path.string(), status.st_uid);
  if (is_parent && S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0) return "";
  const bool group = (status.st_mode & S_IWGRP) != 0 && !is_own_group(status.st_gid);
  if (!group && (status.st_mode & S_IWOTH) == 0) return "";
  return fmt::format("{} has mode {:04o}", path.string(), status.st_mode & 07777);
}

/// The mode of a link means nothing, but its owner can change where it points.
std::string fault_of_link(const fs::path& link) {
  struct stat status {};
  if (::lstat(link.c_str(), &status) != 0 || status.st_uid == 0 || status.st_uid == ::geteuid()) return "";
  return fmt::format("the link {} belongs to user {}", link.string(), status.st_uid);
}

}  // namespace

std::string distrust(const fs::path& path) {
  std::error_code error;
  const fs::path target = fs::canonical(path, error);
  if (error) return "";
  if (std::string fault = fault_of(target, false); !fault.empty()) return fault;
  std::vector<fs::path> ways{fs::absolute(path)};
  for (int links = 0; !ways.empty() && links < most_links;) {
    const fs::path way = std::exchange(ways.back(), {});
    ways.pop_back();
    // Whoever can write to the directory of an entry on the way can redirect it.
    for (fs::path at = way; at.has_relative_path(); at = at.parent_path()) {
      if (fs::is_symlink(at, error)) {
        ++links;
        if (std::string fault = fault_of_link(at); !fault.empty()) return fault;
        ways.push_back(at.parent_path() / fs::read_symlink(at, error));
      }
      if (std::string fault = fault_of(at.parent_path(), true); !fault.empty()) return fault;
    }
  }
  return "";
}

std::vector<std::string> plugin_warnings(std::span<const fs::path> directories,
                                         std::span<const fs::path> files) {
  constexpr const char* rest =
      "is writable by others, who can then decide which code is loaded: {}. Run chmod go-w on it, or use "
      "your own copy";
  std::vector<std::string> warnings;
  for (const fs::path& directory : directories)
    if (const std::string fault = distrust(directory); !fault.empty())
      warnings.push_back(fmt::format("the plugin directory {} ", directory.string()) +
                         fmt::format(rest, fault));
  for (const fs::path& file : files) {
    const bool told =
        std::find(directories.begin(), directories.end(), file.parent_path()) != directories.end() &&
        !distrust(file.parent_path()).empty();
    if (const std::string fault = distrust(file); !told && !fault.empty())
      warnings.push_back(fmt::format("the plugin {} ", file.string()) + fmt::format(rest, fault));
  }
  return warnings;
}

}  // namespace kairos::host
