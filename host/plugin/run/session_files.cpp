// SPDX-License-Identifier: MIT
// What a run reads and writes is known before any plugin's code is loaded; what it saves is asked for again.
#include <algorithm>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "plugin/options/option_files.hpp"
#include "plugin/run/session.hpp"
#include "plugin/trust.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

void Session::guard_files(const Catalog& catalog, std::span<const Catalog::Match> matches,
                          std::span<const ResolvedOptions> resolved, std::span<const std::string> names) {
  for (const ReadFile& file : options.files.read) files.add_read(file);
  for (const Plugin& plugin : catalog.plugins())
    files.add_read({plugin.file, "the plugin " + plugin.manifest.callbacks.front().id, FileContent::Plugin});
  for (const Refusal& refusal : catalog.refusals())
    files.add_read({refusal.file, "the plugin " + refusal.file.filename().string(), FileContent::Plugin});
  for (std::size_t i = 0; i < matches.size(); ++i)
    add_read_options(files, {*matches[i].callback, resolved[i], names[i]});
  files.add_results(options.files.written);
  std::error_code ignored;
  const fs::path base = run_directory.empty() ? fs::current_path(ignored) : fs::path(run_directory);
  for (std::size_t i = 0; i < matches.size(); ++i)
    add_written_options(files, {*matches[i].callback, resolved[i], names[i]}, base);
}

void Session::warn_of_plugins(const Catalog& catalog, std::span<const Catalog::Match> matches) const {
  if (matches.empty()) return;
  std::vector<fs::path> loaded;
  for (const Catalog::Match& match : matches)
    if (std::find(loaded.begin(), loaded.end(), match.plugin->file) == loaded.end())
      loaded.push_back(match.plugin->file);
  for (const std::string& warning : plugin_warnings(catalog.directories(), loaded))
    message(Level::Warning, "", warning);
}

}  // namespace kairos::host
