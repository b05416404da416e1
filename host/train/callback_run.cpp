// SPDX-License-Identifier: MIT
// Notifies callbacks of failures. pthread_exit cannot be stopped, and leaves callbacks as they are.
#include "train/callback_run.hpp"

#include <cxxabi.h>

#include <exception>
#include <string>

#include "plugin/run/breadcrumb.hpp"

namespace kairos::host {

namespace {

/// What the data call classes and columns.
void add_names(RunNotes& notes, const Dataset& data) {
  for (const std::string& name : data.class_names) notes.classes.emplace_back(name, "");
  for (const NamedArray& input : data.inputs)
    for (const std::string& column : input.columns) notes.columns.emplace_back(column, input.name);
}

CallbacksOptions callbacks_options(const Model& model, const RunOptions& options, bool validates,
                                   std::initializer_list<const Dataset*> data, ForwardControl* forward,
                                   RunControl* control, Ranks* ranks) {
  const auto keys = model.log_keys();
  CallbacksOptions all{{keys.begin(), keys.end()},
                       validates,
                       options.run_directory,
                       options.messages,
                       options.files,
                       options.owns_process,
                       options.interrupted,
                       options.slow_hook,
                       options.checks_plugins,
                       control,
                       options.notes,
                       forward,
                       ranks};
  for (const Dataset* one : data)
    if (one != nullptr)
      for (const std::filesystem::path& file : one->sources) all.files.read.push_back({file, "the data"});
  if (data.size() > 0 && *data.begin() != nullptr) add_names(all.notes, **data.begin());
  return all;
}

/// The breadcrumb still names the hook that ended the thread.
void report_thread_end(const MessageSink& messages) {
  const Breadcrumb at = breadcrumb.now();
  if (messages && at.hook != nullptr)
    messages(Level::Error, at.instance,
             std::string("its ") + at.hook + " ended the thread that trains (pthread_exit); file " + at.file);
}

}  // namespace

CallbackRun::CallbackRun(Model& model, const RunOptions& options, bool validates,
                         std::initializer_list<const Dataset*> data, ForwardControl* forward,
                         RunControl* control, Ranks* ranks)
    : messages_(options.messages),
      callbacks_(options.catalog == nullptr ? no_plugins_ : *options.catalog, options.plugins, model,
                 callbacks_options(model, options, validates, data, forward, control, ranks)) {}

void CallbackRun::run(const RunInfo& info, const std::function<RunEnd()>& work) {
  try {
    callbacks_.setup(info);
    callbacks_.finish(work());
  } catch (const abi::__forced_unwind&) {
    report_thread_end(messages_);
    throw;
  } catch (const std::exception& error) {
    callbacks_.fault("", "", error.what());
    try {
      callbacks_.finish(RunEnd::Fault);
    } catch (const std::exception&) {
      // The first error is the one to report; finish has reported those of teardowns.
    }
    throw;
  }
}

ProgressRecord::ProgressRecord(FitProgress& progress, Callbacks& callbacks)
    : progress_(progress), callbacks_(callbacks) {
  progress_.record = [this] { fail(); };
}

void ProgressRecord::update() {
  progress_.history.stop = callbacks_.stop();
  progress_.history.saved_files = callbacks_.saved_files();
  progress_.target_version = callbacks_.target_version();
}

void ProgressRecord::update_state() {
  progress_.history.callback_state = callbacks_.rescue_state();
  progress_.target_version = callbacks_.target_version();  // what was swapped in has been taken out
}

void ProgressRecord::complete() {
  update();
  progress_.history.callback_state = callbacks_.save_state();
  progress_.record = nullptr;
}

void ProgressRecord::fail() {
  const BreadcrumbScope keeps_the_failed_hook(breadcrumb.now());
  progress_.history.end = RunEnd::Fault;
  try {
    update();
    update_state();
  } catch (const std::exception&) {
    // The failure that ended the run is the one to report.
  }
}

}  // namespace kairos::host
