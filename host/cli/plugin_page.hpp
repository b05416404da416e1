// SPDX-License-Identifier: MIT
// The page of a plugin: its README, whose examples show options that work.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kairos::host::cli {

struct PluginPage {
  std::filesystem::path file;
  std::string text;
};

/// README.md beside the plugin's file or one directory above, as in a project that builds it, or the page of
/// an installed plugin, share/doc/kairos-plugins/NAME/README.md for lib/kairos/plugins/NAME.so. Empty if
/// there is none.
[[nodiscard]] std::optional<PluginPage> page_of(const std::filesystem::path& plugin);

struct PluginExample {
  std::string plugin;     ///< what follows --plugin
  std::string optimizer;  ///< what follows --optimizer in the same line; "" if it has none
};

/// The plugins in the lines "    kairos …" of the page, with `directory` in place of $PWD.
[[nodiscard]] std::vector<PluginExample> plugin_examples(const PluginPage& page,
                                                         const std::filesystem::path& directory);

/// The block of code in the page whose first line is a comment that names the file, as in "-- plateau.lua:
/// …"; empty if there is none.
[[nodiscard]] std::optional<std::string> file_in_page(const PluginPage& page, const std::string& name);

}  // namespace kairos::host::cli
