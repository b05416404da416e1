// SPDX-License-Identifier: MIT
// Remembers which directories did not exist before.
#include "plugin/run/made_directory.hpp"

#include <system_error>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace fs = std::filesystem;

MadeDirectory::MadeDirectory(const std::string& directory) {
  if (directory.empty()) return;
  std::error_code error;
  for (fs::path path = directory; path.has_relative_path() && !fs::exists(path, error);
       path = path.parent_path())
    created_.push_back(path);
  fs::create_directories(directory, error);
  if (error)
    throw Error(ErrorKind::File,
                {"KAIROS-F062", "the run directory " + directory, "the directory cannot be created",
                 error.message(), "", "Choose another place"});
}

MadeDirectory::~MadeDirectory() {
  std::error_code ignored;  // one that is in use stays
  for (const fs::path& path : created_) fs::remove(path, ignored);
}

}  // namespace kairos::host
