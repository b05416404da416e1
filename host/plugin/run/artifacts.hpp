// SPDX-License-Identifier: MIT
// Artifacts that instances have published in an event, until they are delivered.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kairos/abi.h"

namespace kairos::host {

struct Instance;

/// A copy of what an instance has published, as consumers get it. It has one address, because `abi` points
/// into it.
struct ArtifactCopy {
  ArtifactCopy(const kairos_artifact& given, std::size_t data_bytes, const Instance& author);
  ArtifactCopy(const ArtifactCopy&) = delete;
  ArtifactCopy& operator=(const ArtifactCopy&) = delete;

  const Instance& publisher;
  std::string name, publisher_name, media_type, text, row_names, column_names;
  std::vector<std::int64_t> shape;
  std::vector<double> data;  ///< or bytes, in its memory
  kairos_artifact abi;
};

/// Those of one event, in the order of their publication.
class ArtifactBox {
 public:
  static constexpr std::size_t room = std::size_t{64} << 20;  ///< bytes in one event

  [[nodiscard]] bool empty() const noexcept { return waiting_.empty(); }
  [[nodiscard]] bool has_room_for(std::size_t bytes) const noexcept { return bytes <= room - bytes_; }
  /// `hook` is that of the event, by address.
  void add(std::unique_ptr<ArtifactCopy> artifact, std::size_t bytes, const char* hook) {
    if (waiting_.empty()) hook_ = hook;
    waiting_.push_back(std::move(artifact));
    bytes_ += bytes;
  }
  /// The hook in which the first of them was published. Another one may have begun inside of it, as
  /// on_checkpoint_saved does: artifacts wait for the end of the outer event.
  [[nodiscard]] const char* hook() const noexcept { return hook_; }
  [[nodiscard]] std::vector<std::unique_ptr<ArtifactCopy>> take() {
    bytes_ = 0;
    return std::exchange(waiting_, {});
  }
  void clear() { static_cast<void>(take()); }

 private:
  std::vector<std::unique_ptr<ArtifactCopy>> waiting_;
  std::size_t bytes_ = 0;
  const char* hook_ = nullptr;
};

}  // namespace kairos::host
