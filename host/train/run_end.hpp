// SPDX-License-Identifier: MIT
// What is done about callbacks, and what is recorded, when a run does not end by itself.
#pragma once

#include <cxxabi.h>

#include <exception>
#include <functional>
#include <string>
#include <utility>

#include "kairos/host/fit.hpp"
#include "plugin/run/breadcrumb.hpp"

namespace kairos::host {

/// The crumb is still that of the hook which was left.
inline void tell_thread_end(const MessageSink& messages) {
  if (messages && breadcrumb.hook != nullptr)
    messages(Level::Error, breadcrumb.instance,
             std::string("its ") + breadcrumb.hook + " ended the thread that trains (pthread_exit); file " +
                 breadcrumb.file);
}

/// Runs `work`; if it throws, the callbacks are told and torn down before the exception goes on.
template <class Work>
auto with_fault_handling(Callbacks& callbacks, const MessageSink& messages, Work&& work) {
  try {
    auto result = work();
    callbacks.finish(RunEnd::Completed);
    return result;
  } catch (const abi::__forced_unwind&) {  // pthread_exit; it cannot be stopped
    tell_thread_end(messages);
    throw;
  } catch (const std::exception& error) {
    callbacks.fault("", "", error.what());
    try {
      callbacks.finish(RunEnd::Fault);
    } catch (const std::exception&) {
      // The first error is the one to report; what a teardown adds to it was said by finish.
    }
    throw;
  }
}

/// What can still be said of a run that does not end by itself. The state of the callback whose failure it
/// was may be missing.
template <class Record>
void record_fault(FitProgress& progress, Record&& record) {
  const BreadcrumbScope whose_hook_was_left(breadcrumb);
  progress.history.end = RunEnd::Fault;
  try {
    record();
  } catch (const std::exception&) {
    // The failure that ended the run is the one to report.
  }
}

/// What reaches the callbacks of a run does not outlive them.
class RecordScope {
 public:
  RecordScope(FitProgress& progress, std::function<void()> record) : progress_(progress) {
    progress_.record = std::move(record);
  }
  ~RecordScope() { progress_.record = nullptr; }
  RecordScope(const RecordScope&) = delete;
  RecordScope& operator=(const RecordScope&) = delete;

 private:
  FitProgress& progress_;
};

}  // namespace kairos::host
