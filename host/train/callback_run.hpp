// SPDX-License-Identifier: MIT
// The callbacks of one call of fit, evaluate, predict or explain_order.
#pragma once

#include <functional>
#include <initializer_list>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::host {

/// Creates the callbacks of a call, sets them up, and tears them down, also after a failure.
class CallbackRun {
 public:
  /// Borrows model, options, controls and ranks; `control` is null where runs cannot be saved, and ranks may
  /// be null. The sources of `data` (entries may be null) are protected as inputs. Throws as the constructor
  /// of Callbacks.
  CallbackRun(Model& model, const RunOptions& options, bool validates,
              std::initializer_list<const Dataset*> data, ForwardControl* forward,
              RunControl* control = nullptr, Ranks* ranks = nullptr);

  [[nodiscard]] Callbacks& callbacks() noexcept { return callbacks_; }

  /// Calls `setup`, then `work`, then tears the callbacks down with the RunEnd that `work` returned. If one
  /// of them throws, the callbacks are notified and torn down before the exception propagates.
  void run(const RunInfo& info, const std::function<RunEnd()>& work);

 private:
  const MessageSink& messages_;
  const Catalog no_plugins_;
  Callbacks callbacks_;
};

/// Completes FitProgress::history at the end of a run, also after a failure. Borrows its
/// arguments; while it lives, FitProgress::record is set.
class ProgressRecord {
 public:
  ProgressRecord(FitProgress& progress, Callbacks& callbacks);
  ~ProgressRecord() { progress_.record = nullptr; }
  ProgressRecord(const ProgressRecord&) = delete;
  ProgressRecord& operator=(const ProgressRecord&) = delete;

  /// At the end of all epochs, before on_train_end: everything but the states of callbacks.
  void update();
  /// After `update`: the states as they are now. Those of callbacks whose state_save fails are missing.
  void update_state();
  /// After a run that ended by itself. FitProgress::record is empty from here on.
  void complete();
  /// After a failure. States of callbacks whose state_save fails are missing. Does not throw an
  /// std::exception.
  void fail();

 private:
  FitProgress& progress_;
  Callbacks& callbacks_;
};

}  // namespace kairos::host
