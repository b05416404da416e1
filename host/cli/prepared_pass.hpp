// SPDX-License-Identifier: MIT
// A forward pass over data without training: what evaluate and predict share.
#pragma once

#include <memory>
#include <utility>

#include "cli/exit_watch.hpp"
#include "cli/load_data.hpp"
#include "cli/run_directory.hpp"
#include "cli/settings.hpp"
#include "cli/signals.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

/// Plugins, data and model of the settings, read and checked. The options point into it, so it cannot be
/// moved.
class PreparedPass {
 public:
  /// `record` is the file name of the effective configuration in the run directory. Throws for settings,
  /// plugins, data and models that cannot be used.
  PreparedPass(Settings& settings, Purpose purpose, const char* record);
  PreparedPass(const PreparedPass&) = delete;
  PreparedPass& operator=(const PreparedPass&) = delete;

  [[nodiscard]] Model& model() { return *model_; }
  /// Declares a result that the command writes afterwards; run() refuses one that would replace a file that
  /// is read.
  void will_write(WrittenFile file) { options_.files.written.push_back(std::move(file)); }
  /// Dataset::files of the data.
  [[nodiscard]] const std::vector<std::string>& files() const { return data_.train.files; }
  /// Calls `pass(model, data, options)` with the data set or the stream.
  template <class Pass>
  auto run(Pass pass) {
    options_.interrupted = &watch_interrupts({"after this batch", "the result is lost"});
    return stream_ ? pass(*model_, *stream_, options_) : pass(*model_, data_.train, options_);
  }
  /// After a pass with an empty result: reports the signal that interrupted it and returns the exit code; 0
  /// if there was none.
  [[nodiscard]] int tell_interrupt() const;

 private:
  ExitWatch exits_;
  PassOptions options_;
  Catalog catalog_;
  RunDirectory directory_;
  std::unique_ptr<SampleSource> stream_;  ///< null if the data is in memory
  LoadedData data_;                       ///< of a stream, its layout only
  std::unique_ptr<Model> model_;
};

}  // namespace kairos::host::cli
