// SPDX-License-Identifier: MIT
// Calls on_checkpoint_saved at once, or when a background save has ended.
#include "plugin/run/checkpoints.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <utility>

#include "base/temporary_files.hpp"
#include "plugin/run/breadcrumb.hpp"
#include "plugin/run/session.hpp"

namespace kairos::host {

void Checkpoints::prepare(const std::filesystem::path& path) {
  if (directories_.insert(path.parent_path()).second) remove_dead_temporaries(path.parent_path());
}

void Checkpoints::announce(const std::string& path, SaveContent content, const Instance& author,
                           const std::string& label) {
  files_.emplace_back(path);
  const kairos_checkpoint_event event{sizeof event,
                                      content == SaveContent::Model ? KAIROS_SAVE_MODEL : KAIROS_SAVE_WEIGHTS,
                                      {path.data(), path.size()},
                                      {author.name.data(), author.name.size()},
                                      {label.data(), label.size()}};
  const HookList& all = session_.hooks.on_checkpoint_saved;
  HookList others{all.name, {}};
  std::ranges::copy_if(all.listeners, std::back_inserter(others.listeners),
                       [&](const Instance* instance) { return instance != &author; });
  const Breadcrumb saver = breadcrumb.now();
  try {
    session_.dispatch(others, &kairos_hooks::on_checkpoint_saved, event, Moment::Running);
  } catch (...) {
    session_.failures.postpone();
    breadcrumb.set(saver);
  }
}

void Checkpoints::save_in_background(BackgroundSave::Order order, std::function<void()> write) {
  background_.start(std::move(order), std::move(write));
}

void Checkpoints::tell_waiting() const {
  constexpr std::chrono::milliseconds silence(1000);
  const BackgroundSave::Order* const order = background_.unfinished_after(std::chrono::milliseconds(0));
  if (order == nullptr) return;
  const BreadcrumbScope waiting(order->author->crumb("saving in the background"));
  if (background_.unfinished_after(silence) != nullptr)
    session_.message(Level::Warning, order->author->name, "the run waits until " + order->file + " is saved");
  background_.wait();
}

void Checkpoints::settle(BackgroundSave::Waiting waiting) {
  if (waiting == BackgroundSave::Waiting::Yes) tell_waiting();
  for (const BackgroundSave::Outcome& outcome : background_.take(waiting)) {
    const auto& [author, file, content, label] = outcome.order;
    if (outcome.failure == nullptr) {
      announce(file, content, *author, label);
      session_.failures.rethrow_postponed();
      continue;
    }
    kairos_call call(&session_, author, "saving in the background", Moment::Running);
    try {
      std::rethrow_exception(outcome.failure);
    } catch (const std::exception& error) {
      call.reason = error.what();
    }
    if (!author->disabled) session_.failed(call, KAIROS_E_IO);
  }
}

}  // namespace kairos::host
