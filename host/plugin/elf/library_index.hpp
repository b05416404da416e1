// SPDX-License-Identifier: MIT
// Finds the libraries that plugins need as the dynamic linker would, and caches the answers.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugin/elf/image.hpp"

namespace kairos::host {

/// One per scan, so that libc and the like are opened once and not for every plugin.
class LibraryIndex {
 public:
  /// A library that was found.
  struct Found {
    std::filesystem::path file;
    std::vector<std::string> versions;  ///< defined symbol versions; empty if it has none
  };

  LibraryIndex();

  /// The library that `name` in the section of `plugin` means, or null. Looks at the libraries of this
  /// process, RPATH, LD_LIBRARY_PATH, RUNPATH, the loader's cache and its default directories. Borrowed as
  /// long as the index lives.
  [[nodiscard]] const Found* find(const std::string& name, const DynamicSection& section,
                                  const std::filesystem::path& plugin);

 private:
  [[nodiscard]] const Found* at(const std::filesystem::path& file);
  [[nodiscard]] const Found* in_directories(const std::vector<std::filesystem::path>& directories,
                                            const std::string& name);
  [[nodiscard]] const Found* in_process(const std::string& name);
  [[nodiscard]] const Found* in_system(const std::string& name);
  /// The files that the loader's cache has for `name`, in its order.
  [[nodiscard]] std::vector<std::filesystem::path> in_cache(std::string_view name);

  std::map<std::string, std::filesystem::path> loaded_;  ///< by file name
  std::map<std::string, const Found*> process_;          ///< answers of in_process
  std::optional<std::string> cache_;                     ///< /etc/ld.so.cache, once it was needed
  std::vector<std::filesystem::path> environment_;       ///< LD_LIBRARY_PATH
  std::map<std::filesystem::path, std::optional<Found>>
      examined_;                                ///< empty for files that are no library for us
  std::map<std::string, const Found*> system_;  ///< answers of in_system
};

}  // namespace kairos::host
