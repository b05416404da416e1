// SPDX-License-Identifier: MIT
// Decides when to compare, and which instance to name.
#include "plugin/run/process_guard.hpp"

#include <unistd.h>

#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

bool has_hooks_of_batches(const kairos_hooks& h) {
  return h.on_train_batch_begin != nullptr || h.on_backward_end != nullptr ||
         h.on_train_batch_end != nullptr || h.on_test_batch_begin != nullptr ||
         h.on_test_batch_end != nullptr;
}

}  // namespace

ProcessGuard::ProcessGuard(bool owns_process, Warn warn) : warn_(std::move(warn)) {
  if (!owns_process) return;
  known_ = ProcessState::now();
  streams_.emplace();
}

void ProcessGuard::end_forked_child(const Instance& instance, const char* hook) const {
  if (!fork_mark_.in_child()) return;
  constexpr int callback_failed = 7;
  const std::string line = Diagnosis{"KAIROS-C013",
                                     instance.name + " (" + instance.file + ")",
                                     std::string(hook) + " returned in a forked child, which ends here",
                                     "",
                                     "",
                                     "Let the child call exec or _exit"}
                               .text() +
                           "\n";
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
  ::_exit(
      callback_failed);  // files and buffers belong to the parent: nothing is flushed, closed or destroyed
}

bool ProcessGuard::is_due() const {
  constexpr auto free_of_charge = std::chrono::milliseconds(20);
  constexpr int share = 1000;
  if (!known_) return false;
  if (always_) return true;
  return spent_ < free_of_charge + (Clock::now() - start_) / share;
}

std::vector<std::string> ProcessGuard::restore_process() {
  const Clock::time_point begin = Clock::now();
  std::vector<std::string> what = known_->restore(ProcessState::now());
  if (std::string streams = streams_->restore(); !streams.empty()) what.push_back(std::move(streams));
  spent_ += Clock::now() - begin;
  return what;
}

void ProcessGuard::compare(const std::string& instance, const char* hook) {
  if (!known_) return;
  const std::vector<std::string> what = restore_process();
  if (what.empty()) return;
  warn_once(instance, hook, joined(what));
  unnamed_.clear();
}

void ProcessGuard::tell_suspects() {
  watches_batches_ = false;
  if (unnamed_.empty()) return;
  warn_("", "one of " + joined(suspects_) + " has changed " + std::exchange(unnamed_, "") +
                " in a hook of batches; it is restored");
}

void ProcessGuard::find_changes(const std::vector<Instance*>& instances) {
  if (!known_) return;
  const bool of_batches = std::exchange(uncompared_, 0) == OfBatches;
  const std::string what = joined(restore_process());
  if (what.empty()) return;
  std::vector<std::string> suspects;
  for (const Instance* instance : instances)
    if (!of_batches || has_hooks_of_batches(instance->hooks)) suspects.push_back(instance->name);
  const std::string hook = of_batches ? "a hook of batches" : "a hook";
  if (suspects.empty()) return;
  if (suspects.size() == 1) return warn_once(suspects.front(), hook, what);
  if (!of_batches) return warn_once("", "one of " + joined(suspects) + ", in " + hook + ",", what);
  suspects_ = std::move(suspects);
  unnamed_ = what;
  watches_batches_ = true;
  watched_whole_epoch_ = false;
}

void ProcessGuard::compare_epoch(const std::vector<Instance*>& instances) {
  if (!known_) return;
  if (watched_whole_epoch_) tell_suspects();
  if (is_due()) catch_up(instances);
  watched_whole_epoch_ = watches_batches_;
}

void ProcessGuard::conclude(const std::vector<Instance*>& instances) {
  find_changes(instances);
  tell_suspects();
}

void ProcessGuard::warn_once(const std::string& instance, const std::string& subject,
                             const std::string& what) {
  if (warned_.insert(instance + what).second)
    warn_(instance, subject + " has changed " + what + "; it is restored, now and after later hooks");
}

}  // namespace kairos::host
