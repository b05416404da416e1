// SPDX-License-Identifier: MIT
// Stops the run, fails, or sends a signal in one of its hooks: for `kairos plugins check`.
#include <kairos/plugin.hpp>

#include <unistd.h>

#include <csignal>
#include <cstdint>

namespace {

using namespace kairos;

/// Counts its hooks also where a run goes on, so that it acts once.
struct Troublemaker : Callback<Troublemaker> {
  static constexpr auto id = "kairos.Troublemaker";
  static constexpr auto summary = "Makes trouble in one of its hooks, for tests of other callbacks.";
  static constexpr auto capabilities = Can::Stop;

  Option<int> at{this, "at", required, "number of the hook in which it acts, counted from 0", kairos::min(0)};
  Option<Choice> action{this, "action", "stop", "what it does", choices("stop,fail,signal")};
  State<std::int64_t> calls{this, "calls", 0};

  void setup(Run& event) { act(event); }
  void on_train_begin(Run& event) { act(event); }
  void on_epoch_begin(Epoch& event) { act(event); }
  void on_train_batch_begin(Batch& event) { act(event); }
  void on_backward_end(Batch& event) { act(event); }
  void on_train_batch_end(Batch& event) { act(event); }
  void on_test_begin(Test& event) { act(event); }
  void on_test_batch_begin(Batch& event) { act(event); }
  void on_test_batch_end(Batch& event) { act(event); }
  void on_test_end(Test& event) { act(event); }
  void on_epoch_end(Epoch& event) { act(event); }
  void on_train_end(End& event) { act(event); }

 private:
  void act(Event& event) {
    const std::int64_t now = calls;
    ++calls;
    if (now != at) return;
    if (action == "fail") throw Error("the trouble that was asked for");
    if (action == "stop") event.stop("the stop that was asked for");
    if (action == "signal") ::kill(::getpid(), SIGTERM);
  }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", Troublemaker)
