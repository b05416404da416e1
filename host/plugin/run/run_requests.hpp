// SPDX-License-Identifier: MIT
// What instances ask of run checkpoints (kairos.run/1).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>

namespace kairos::host {

struct Instance;

struct RunRequests {
  std::map<std::filesystem::path, Instance*> askers;  ///< for a checkpoint, by directory: the last one
  const Instance* resumer = nullptr;                  ///< that says what the run goes on from
  std::filesystem::path resumed_from;
  std::int64_t initial_epoch = 0;  ///< of the checkpoint
};

}  // namespace kairos::host
