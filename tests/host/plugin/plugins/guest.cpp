// SPDX-License-Identifier: MIT
// Callbacks that try what the host must answer with a status, and write down what they were told.
#include <algorithm>
#include <fstream>
#include <kairos/plugin.hpp>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace kairos;

/// Saves after each epoch, and again when somebody else has saved.
struct Saver : Callback<Saver> {
  static constexpr auto id = "test.Saver";
  static constexpr auto capabilities = Can::SaveModel;
  Option<SavePath> file{this, "file", required, "what to write"};
  Option<std::string_view> on_saved{this, "on_saved", "nothing", "nothing, save or throw"};

  void on_epoch_end(Epoch& epoch) {
    if (on_saved == "nothing") epoch.save(file.value(), SaveContent::Weights);
    epoch.publish_text("saver", "an epoch has ended");
  }
  void on_checkpoint_saved(Checkpoint& checkpoint) {
    if (on_saved == "throw") throw Error(KAIROS_E_IO, "nobody can be told");
    if (on_saved == "save") checkpoint.save(file.value(), SaveContent::Weights);
  }
};

/// Writes down how many tensors of the batch there are in each hook, and the number of their generation.
struct Peeker : Callback<Peeker> {
  static constexpr auto id = "test.Peeker";
  Option<OutputPath> file{this, "file", required, "where it is written"};

  void look(const Event& event, const char* hook) {
    std::string line = hook;
    for (const Role role : {Role::Input, Role::Target, Role::Output})
      line += " " + std::to_string(event.tensor_count(role));
    line += " generation " + std::to_string(event.tensor(Role::Weight, 0).generation());
    std::ofstream(std::string(file.value()), std::ios::app) << line << "\n";
  }
  void on_epoch_begin(Epoch& epoch) { look(epoch, "on_epoch_begin"); }
  void on_train_batch_begin(Batch& batch) { look(batch, "on_train_batch_begin"); }
  void on_backward_end(Batch& batch) { look(batch, "on_backward_end"); }
  void on_train_batch_end(Batch& batch) { look(batch, "on_train_batch_end"); }
  void on_epoch_end(Epoch& epoch) { look(epoch, "on_epoch_end"); }
  void on_test_batch_begin(Batch& batch) { look(batch, "on_test_batch_begin"); }
  void on_test_batch_end(Batch& batch) { look(batch, "on_test_batch_end"); }
  void on_predict_batch_end(Batch& batch) { look(batch, "on_predict_batch_end"); }
};

/// Undoes the step of each batch, slot by slot, or writes one slot that it should not.
struct Restorer : Callback<Restorer> {
  static constexpr auto id = "test.Restorer";
  static constexpr auto capabilities = Can::WriteWeights;
  Option<std::string_view> act{this, "act", "restore", "restore, rate or count"};
  Option<std::string_view> order{this, "order", "forward", "forward or backward"};
  Owned<std::vector<std::vector<float>>> kept{this};

  void on_train_batch_begin(Batch& batch) {
    kept->clear();
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::Slot); ++i) {
      const Tensor slot = batch.tensor(Role::Slot, i);
      kept->emplace_back(slot.begin(), slot.end());
    }
  }
  void on_train_batch_end(Batch& batch) {
    if (act == "rate") batch.tensor(Role::Slot, 1, Access::Write).mutable_data()[0] = 0.5F;
    if (act == "count") batch.tensor(Role::Slot, 0, Access::Write).mutable_data()[0] = -4.0F;
    if (act != "restore") return;
    for (std::uint32_t i = 0; i < batch.tensor_count(Role::Slot); ++i) {
      const std::uint32_t which = order == "forward" ? i : batch.tensor_count(Role::Slot) - 1 - i;
      Tensor slot = batch.tensor(Role::Slot, which, Access::Write);
      std::copy((*kept)[which].begin(), (*kept)[which].end(), slot.mutable_data());
    }
  }
};

/// Sets the learning rate as a slot, and may.
struct RateWriter : Callback<RateWriter> {
  static constexpr auto id = "test.RateWriter";
  static constexpr auto capabilities = Can::WriteWeights | Can::SetOptimizer;
  void on_train_batch_end(Batch& batch) {
    batch.tensor(Role::Slot, 1, Access::Write).mutable_data()[0] = 0.5F;
  }
};

/// Remembers how often it was called, and fails from its second epoch on.
struct Faltering : Callback<Faltering> {
  static constexpr auto id = "test.Faltering";
  static constexpr auto phase = Phase::Report;
  static constexpr auto publishes = "calls";
  State<int> calls{this, "calls", 0};
  Option<bool> fails{this, "fails", false, "whether to fail in the first epoch"};

  void on_epoch_end(Epoch& epoch) {
    calls += 1;
    epoch.publish("calls", static_cast<double>(calls));
    if (fails) throw Error("it falters");
  }
};

/// Asks the host for what it must refuse, and ends the run with the status.
struct Asker : Callback<Asker> {
  static constexpr auto id = "test.Asker";
  static constexpr auto capabilities = Can::WriteWeights;
  Option<std::string_view> what{this, "what", required, "load, formula or thread"};
  Option<Expression> formula{this, "formula", "0/x", "a formula without a value where x is 0", choices("x")};

  void on_epoch_end(Epoch& epoch) {
    try {
      if (what == "load") epoch.load_weights("weights of another model.h5");
      if (what == "formula") static_cast<void>(formula(epoch, 0));
      if (what == "thread") std::thread([&] { hyper_of(epoch); }).join();
    } catch (const Error& error) {
      throw Error("status " + std::to_string(error.status()));
    }
  }

 private:
  static void hyper_of(const Epoch& epoch) {
    try {
      static_cast<void>(epoch.hyper("learning_rate"));
    } catch (const Error& error) {
      epoch.print("status " + std::to_string(error.status()), Level::Warning);
    }
  }
};

/// Tells in teardown how the run ended, and before how many batches each epoch has.
struct Teller : Callback<Teller> {
  static constexpr auto id = "test.Teller";
  void on_train_batch_begin(Batch& batch) {
    batch.print("batch of " + std::to_string(batch.raw().batches), Level::Warning);
  }
  void teardown(End& end) {
    const kairos_str reason = end.raw().reason;
    end.print("ended: " + std::string(reason.ptr == nullptr ? "" : reason.ptr, reason.length),
              Level::Warning);
  }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", Saver, Peeker, Faltering, Asker, Teller, Restorer, RateWriter)
