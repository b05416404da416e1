// SPDX-License-Identifier: MIT
// What the loop asks and says where several ranks train together.
#include <cstdint>
#include <utility>

#include "kairos/host/callbacks.hpp"
#include "plugin/run/session.hpp"

namespace kairos::host {

void Callbacks::adopt_stop(StopRequest stop) {
  if (!session_->facts.stop) session_->facts.stop = std::move(stop);
}
std::uint64_t Callbacks::writes_of_weights() const noexcept {
  return session_->weight_writes;
}
bool Callbacks::hears_training_batches() const noexcept {
  const HookLists& hooks = session_->hooks;
  return !hooks.on_train_batch_begin.listeners.empty() || !hooks.on_train_batch_end.listeners.empty();
}
bool Callbacks::hears_test_batches() const noexcept {
  return !session_->hooks.on_test_batch_end.listeners.empty();
}
void Callbacks::lend_parts(bool parts) noexcept {
  session_->lends_parts = parts;
}
bool Callbacks::has_read_tests() const noexcept {
  return session_->root_reads_tests;
}

}  // namespace kairos::host
