// SPDX-License-Identifier: MIT
// Who is told of a checkpoint, and when, if it was written in the background.
#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "plugin/run/session.hpp"

namespace kairos::host {

void Session::checkpoint_saved(const std::string& path, SaveContent content, const Instance& author) {
  const kairos_checkpoint_event event{sizeof event,
                                      content == SaveContent::Model ? KAIROS_SAVE_MODEL : KAIROS_SAVE_WEIGHTS,
                                      {path.data(), path.size()},
                                      {author.name.data(), author.name.size()}};
  HookList others{on_checkpoint_saved.name, {}};
  std::copy_if(on_checkpoint_saved.listeners.begin(), on_checkpoint_saved.listeners.end(),
               std::back_inserter(others.listeners),
               [&](const Instance* instance) { return instance != &author; });
  const Breadcrumb saver = breadcrumb;
  try {
    dispatch(others, &kairos_hooks::on_checkpoint_saved, event, Moment::Training);
  } catch (...) {
    postponed = std::current_exception();
    breadcrumb = saver;
  }
}

void Session::settle_background_saves(BackgroundSave::Waiting waiting) {
  for (const BackgroundSave::Outcome& outcome : background_save.take(waiting)) {
    const auto& [author, file, content] = outcome.order;
    if (outcome.failure) {
      kairos_call call(this, author, "saving in the background", Moment::Training);
      try {
        std::rethrow_exception(outcome.failure);
      } catch (const std::exception& error) {
        call.reason = error.what();
      }
      if (!author->disabled) handle_failure(call, KAIROS_E_IO);
      continue;
    }
    saved_files.emplace_back(file);
    checkpoint_saved(file, content, *author);
    if (postponed) std::rethrow_exception(std::exchange(postponed, nullptr));
  }
}

}  // namespace kairos::host
