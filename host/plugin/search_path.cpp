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
  if (list.empty()) return;
  while (true) {
    const std::size_t end = list.find(':');
    const std::string entry(list.substr(0, end));
    // An empty entry would silently mean the current directory.
    if (entry.empty() || entry.front() != '/')
      throw refusal(RefusalCode::RelativeDirectory,
                    {"KAIROS_PLUGIN_PATH", entry.empty() ? "an empty entry" : '"' + entry + '"', "",
                     entry.empty() ? "Remove the ':' with nothing beside it"
                                   : "Write " + fs::absolute(entry).lexically_normal().string()});
    require_directory(entry);
    append(directories, entry);
    if (end == std::string_view::npos) return;
    list.remove_prefix(end + 1);
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
