// SPDX-License-Identifier: MIT
// Requests a stop, or fails, in one of its hooks; the host's dispatch, not this plugin, is being tested.
#include <kairos/plugin.hpp>

namespace {

using namespace kairos;

struct Troublemaker : Callback<Troublemaker> {
  static constexpr auto id = "kairos.tests.Troublemaker";
  static constexpr auto capabilities = Can::Stop;

  Option<int> at{this, "at", required, "number of the hook in which it acts, counted from 0", kairos::min(0)};
  Option<Choice> action{this, "action", "stop", "what it does", choices("stop,fail")};

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
    if (calls_++ != at) return;
    if (action == "fail") throw Error("the trouble that was asked for");
    event.stop("the stop that was asked for");
  }

  std::int64_t calls_ = 0;
};

}  // namespace

KAIROS_PLUGIN("1.0.0", Troublemaker)
