// SPDX-License-Identifier: MIT
// One pass over data without training: what evaluate and predict share.
#pragma once

#include <memory>
#include <utility>

#include "cli/data_settings.hpp"
#include "cli/exit_watch.hpp"
#include "cli/run_directory.hpp"
#include "cli/settings.hpp"
#include "cli/signals.hpp"
#include "kairos/host/fit.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

/// Everything that the settings name, found and read. The options refer to it, so it stays where it is.
class PreparedPass {
 public:
  /// `record` is the name that the effective configuration gets in the run directory. Throws for settings,
  /// plugins, data and models that cannot be used.
  PreparedPass(const Settings& settings, Purpose purpose, const char* record);
  PreparedPass(const PreparedPass&) = delete;
  PreparedPass& operator=(const PreparedPass&) = delete;

  [[nodiscard]] Model& model() { return *model_; }
  /// A result that the command writes afterwards; run() refuses one that would take the place of what is
  /// read.
  void will_write(WrittenFile file) { options_.files.written.push_back(std::move(file)); }
  /// Dataset::files of what is passed over.
  [[nodiscard]] const std::vector<std::string>& files() const { return data_.train.files; }
  /// `pass(model, data, options)`, with the data set or with the stream.
  template <class Pass>
  auto run(Pass pass) {
    options_.interrupted = &watch_interrupts({"after this batch", "the result is lost"});
    return stream_ ? pass(*model_, *stream_, options_) : pass(*model_, data_.train, options_);
  }
  /// Exit code of a pass that was interrupted, whose result is empty, after saying so; 0 if it was not.
  [[nodiscard]] int tell_interrupt() const;

 private:
  ExitWatch exits_;
  PassOptions options_;
  Catalog catalog_;
  RunDirectory directory_;
  std::unique_ptr<SampleSource> stream_;  ///< null where the data are in memory
  LoadedData data_;                       ///< of a stream only its layout
  std::unique_ptr<Model> model_;
};

}  // namespace kairos::host::cli
