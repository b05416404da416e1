// SPDX-License-Identifier: MIT
// The run checkpoints that callbacks ask for (kairos.run/1), each directory with its RunCheckpoints.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kairos/host/checkpoint.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/run_control.hpp"

namespace kairos::host {

class AskedCheckpoints final : public RunControl {
 public:
  /// Borrows the options.
  explicit AskedCheckpoints(const FitOptions& options);
  /// Waits for the files that are being written.
  ~AskedCheckpoints() override;
  AskedCheckpoints(const AskedCheckpoints&) = delete;
  AskedCheckpoints& operator=(const AskedCheckpoints&) = delete;

  [[nodiscard]] std::optional<RunPosition> position() const override;
  void want(const std::filesystem::path& directory, std::uint32_t keep) override;
  [[nodiscard]] bool goes_on_elsewhere() const override;
  [[nodiscard]] std::optional<std::int64_t> resume_from(const std::filesystem::path& directory) override;

  /// What a callback has named for the run to go on from; null if none has.
  [[nodiscard]] const FitResumption* found() const noexcept { return found_ ? &*found_ : nullptr; }
  [[nodiscard]] const std::filesystem::path& found_in() const noexcept { return found_in_; }
  /// The training has what was found: frees it.
  void forget_found() noexcept { found_.reset(); }

  /// `position` tells where the training stands, until it is empty again.
  void stand(std::function<RunPosition()> position) { position_ = std::move(position); }

  /// Whether a checkpoint is wanted after the hooks that have just been called.
  [[nodiscard]] bool any() const noexcept { return wanted_; }
  /// Takes it, for all directories. Waits for a file that is still being written in one of them.
  void take(const FitCheckpoint& checkpoint, const History& history);

  /// A checkpoint that is complete, or the reason why it could not be written.
  struct Written {
    std::filesystem::path directory;
    std::string failure;
  };
  enum class Waiting { No, Yes };
  /// Those written since the last call.
  [[nodiscard]] std::vector<Written> written(Waiting waiting);
  /// The directory of the last one that is complete.
  [[nodiscard]] const std::filesystem::path& last_saved() const noexcept { return last_saved_; }
  /// Waits until nothing is being written; failures are told as warnings. For a run that has failed.
  void wait() noexcept;

 private:
  struct Place;
  Place& place(const std::filesystem::path& directory);
  /// The outcome of the file of `place`.
  void collect(Place& place);

  const FitOptions& options_;
  std::map<std::filesystem::path, std::unique_ptr<Place>> places_;
  std::optional<FitResumption> found_;
  std::filesystem::path found_in_, last_saved_;
  std::function<RunPosition()> position_;
  std::vector<Written> written_;
  bool wanted_ = false;
};

}  // namespace kairos::host
