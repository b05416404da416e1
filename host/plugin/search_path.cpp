// SPDX-License-Identifier: MIT
// The directories that are searched for plugins, in order.
#include "plugin/search_path.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <system_error>

#include "kairos/host/plugins.hpp"
#include "plugin/refusal.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

namespace {

void require_directory(const fs::path& directory) {
  std::error_code error;
  const fs::file_status status = fs::status(directory, error);
  if (fs::is_directory(status)) return;
  throw refusal(RefusalCode::BadDirectory,
                {directory.string(), fs::exists(status) ? "no directory" : error.message()});
}

void append(std::vector<fs::path>& directories, const fs::path& directory) {
  const fs::path normal = (directory / "").lexically_normal().parent_path();
  if (std::find(directories.begin(), directories.end(), normal) == directories.end())
    directories.push_back(normal);
}

void append_environment(std::vector<fs::path>& directories, std::string_view list) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(':'), list.size());
    const std::string entry(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    // "/mine:$KAIROS_PLUGIN_PATH" has an empty entry where the variable was empty. It names no directory.
    if (entry.empty()) continue;
    if (entry.front() != '/')
      throw refusal(RefusalCode::RelativeDirectory,
                    {"KAIROS_PLUGIN_PATH", '"' + entry + '"', "",
                     "Write " + fs::absolute(entry).lexically_normal().string() +
                         "; a directory with ':' in its name is given as `plugin_dir`"});
    require_directory(entry);
    append(directories, entry);
  }
}

}  // namespace

std::vector<fs::path> plugin_directories(std::span<const fs::path> command_line,
                                         std::optional<std::string_view> environment,
                                         const fs::path& install_directory) {
  std::vector<fs::path> directories;
  for (const fs::path& directory : command_line) {
    const fs::path absolute = fs::absolute(directory);
    require_directory(absolute);
    append(directories, absolute);
  }
  append_environment(directories, environment.value_or(""));
  std::error_code ignored;
  if (!install_directory.empty() && fs::is_directory(install_directory, ignored))
    append(directories, fs::absolute(install_directory));
  return directories;
}

std::vector<fs::path> plugin_files(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::directory_iterator entry(directory, error);
  for (const fs::directory_iterator end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name.front() != '.' && name.ends_with(".so")) files.push_back(entry->path());
  }
  if (error) throw refusal(RefusalCode::BadDirectory, {directory.string(), error.message()});
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace kairos::host
