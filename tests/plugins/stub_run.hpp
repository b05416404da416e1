// SPDX-License-Identifier: MIT
// A loop's control over runs that writes nothing: what was asked of it, and what it finds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>

#include "kairos/host/error.hpp"
#include "kairos/host/run_control.hpp"

namespace kairos::tests {

class StubRun final : public host::RunControl {
 public:
  [[nodiscard]] std::optional<host::RunPosition> position() const override { return now; }
  void want(const std::filesystem::path& directory, std::uint32_t keep) override {
    if (fault) throw *fault;
    wanted[directory] = keep;
  }
  [[nodiscard]] bool goes_on_elsewhere() const override { return elsewhere; }
  [[nodiscard]] std::optional<std::int64_t> resume_from(const std::filesystem::path& directory) override {
    if (fault) throw *fault;
    ++reads;
    const auto found = epochs.find(directory);
    return found == epochs.end() ? std::nullopt : std::optional(found->second);
  }

  std::optional<host::RunPosition> now = host::RunPosition{2, 5, 1};
  std::map<std::filesystem::path, std::int64_t> epochs;   ///< of the checkpoints, by directory
  std::map<std::filesystem::path, std::uint32_t> wanted;  ///< how many are kept
  std::optional<host::Error> fault;
  bool elsewhere = false;
  int reads = 0;
};

}  // namespace kairos::tests
