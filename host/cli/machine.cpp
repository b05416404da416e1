// SPDX-License-Identifier: MIT
// Facts, without anything that may hold a secret: no environment, no command line.
#include "cli/machine.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "compute/parallel.hpp"
#include "compute/processor.hpp"
#include "kairos/abi/version.h"
#include "kairos/host/version.hpp"

namespace kairos::host::cli {

namespace {

/// A setting as a reader writes it.
std::string text_of(const nlohmann::ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string text;
  for (const auto& item : value) text += (text.empty() ? "" : "\n") + text_of(item);
  return text;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

std::string processor_name() {
  constexpr int lines_looked_at = 64;
  std::ifstream info("/proc/cpuinfo");
  std::string line, name = "unknown";
  for (int i = 0; i < lines_looked_at && std::getline(info, line); ++i) {
    const std::size_t colon = line.find(": ");
    if (colon == std::string::npos || !line.starts_with("model name")) continue;
    name = line.substr(colon + 2);
    break;
  }
  return name + ", " + this_processor().vectors;
}

std::string abi_version() {
  return fmt::format("{}.{}", KAIROS_ABI_MAJOR, KAIROS_ABI_MINOR);
}

RunNotes notes_of(const Settings& settings) {
  RunNotes notes;
  const auto document = nlohmann::ordered_json::parse(settings.json());
  for (const auto& [name, value] : document.items())
    if (!value.is_null()) notes.settings.emplace_back(name, text_of(value));
  notes.environment = {{"kairos", KAIROS_HOST_VERSION}, {"sdk", KAIROS_SDK_VERSION},
                       {"abi", abi_version()},          {"host", host_name()},
                       {"processor", processor_name()}, {"threads", std::to_string(parallel_threads())}};
  return notes;
}

}  // namespace kairos::host::cli
