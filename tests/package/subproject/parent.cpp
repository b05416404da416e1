// SPDX-License-Identifier: MIT
// Prints the callbacks of the plugins whose files are given.
#include <kairos/host/plugins.hpp>
#include <kairos/host/version.hpp>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <vector>

int main(int argc, char** argv) {
  try {
    const std::vector<std::filesystem::path> files(argv + 1, argv + argc);
    const kairos::host::Catalog catalog = kairos::host::Catalog::scan({}, files);
    for (const auto& plugin : catalog.plugins())
      std::printf("%s\n", plugin.manifest.callbacks.front().id.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  std::printf("host " KAIROS_HOST_VERSION "\n");
}
