// SPDX-License-Identifier: MIT
// Controls the update steps of a training as its options say. It has no state of its own.
#include <kairos/plugin.hpp>
#include <string>

namespace {

using namespace kairos;

struct Stepper : Callback<Stepper> {
  static constexpr auto id = "test.Stepper";
  static constexpr auto capabilities = Can::ControlStep;
  static constexpr auto publishes = "{label}_steps,{label}_shown";
  Option<std::string_view> label{this, "label", "all", "begins the keys that it publishes"};
  Option<std::string_view> at{this, "at", "on_train_begin", "the hook in which it asks"};
  Option<int> epoch{this, "epoch", 0, "in which epoch, except in setup and at the ends of the training"};
  Option<int> accumulate{this, "accumulate", -1, "batches of a step"};
  Option<int> freeze{this, "freeze", -1, "a weight"};
  Option<int> unfreeze{this, "unfreeze", -1, "a weight"};
  Option<int> scale{this, "scale", -1, "a weight"};
  Option<double> factor{this, "factor", 1, "of its learning rate"};
  Option<bool> discard{this, "discard", false, "discards the step"};
  Option<int> fails{this, "fails", -1, "the epoch at whose begin it fails"};
  Option<bool> once{this, "once", false, "asks nothing if its state was restored"};
  Option<bool> says{this, "says", false, "prints the number of each batch at its end"};
  int steps = 0;  ///< of this epoch
  int shown = 0;  ///< calls of on_backward_end in this epoch

  void ask(Event& event, std::string_view hook) {
    if (at != hook) return;
    if (accumulate >= 0) event.accumulate(static_cast<std::uint32_t>(accumulate));
    if (freeze >= 0) event.freeze(static_cast<std::uint32_t>(freeze));
    if (unfreeze >= 0) event.unfreeze(static_cast<std::uint32_t>(unfreeze));
    if (scale >= 0) event.scale_rate(static_cast<std::uint32_t>(scale), factor);
  }

  void setup(Run& run) { ask(run, "setup"); }
  void on_train_begin(Run& run) {
    if (!once || !run.resumed()) ask(run, "on_train_begin");
  }
  void on_epoch_begin(Epoch& now) {
    steps = shown = 0;
    if (fails == now.index()) throw Error("as the test wanted");
    if (epoch == now.index()) ask(now, "on_epoch_begin");
  }
  void on_train_batch_begin(Batch& batch) {
    if (batch.stepped()) throw Error("no step was made before the batch");
    if (epoch == batch.epoch()) ask(batch, "on_train_batch_begin");
  }
  void on_backward_end(Batch& batch) {
    ++shown;
    if (epoch == batch.epoch()) ask(batch, "on_backward_end");
    if (discard && at == "on_backward_end" && epoch == batch.epoch()) batch.discard_step();
  }
  void on_train_batch_end(Batch& batch) {
    if (batch.stepped()) ++steps;
    if (says) batch.print("batch " + std::to_string(batch.index()));
    if (epoch == batch.epoch()) ask(batch, "on_train_batch_end");
    if (discard && at == "on_train_batch_end") batch.discard_step();
  }
  void on_test_begin(Test& test) { ask(test, "on_test_begin"); }
  void on_epoch_end(Epoch& now) {
    now.publish(std::string(label.value()) + "_steps", steps);
    now.publish(std::string(label.value()) + "_shown", shown);
    if (epoch == now.index()) ask(now, "on_epoch_end");
  }
  void on_train_end(End& end) { ask(end, "on_train_end"); }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", Stepper)
