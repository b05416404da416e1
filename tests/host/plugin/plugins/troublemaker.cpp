// SPDX-License-Identifier: MIT
// Callbacks that fail, overreach, publish, remember and work in the background, as an option says.
#include <chrono>
#include <fstream>
#include <kairos/plugin.hpp>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

using namespace kairos;

/// Throws in the hook that its option names.
struct Thrower : Callback<Thrower> {
  static constexpr auto id = "test.Thrower";
  static constexpr auto phase = Phase::Report;
  Option<std::string_view> hook{this, "hook", "on_epoch_end", "where to throw"};
  Option<std::string_view> what{this, "what", "std", "std, own or int"};

  void trip(const char* here) {
    if (hook != here) return;
    if (what == "own") throw Error(KAIROS_E_IO, "the disk is full");
    if (what == "int") throw 42;
    throw std::runtime_error("thrown on purpose");
  }
  void setup(Run&) { trip("setup"); }
  void on_train_begin(Run&) { trip("on_train_begin"); }
  void on_epoch_begin(Epoch&) { trip("on_epoch_begin"); }
  void on_train_batch_begin(Batch&) { trip("on_train_batch_begin"); }
  void on_backward_end(Batch&) { trip("on_backward_end"); }
  void on_train_batch_end(Batch&) { trip("on_train_batch_end"); }
  void on_test_begin(Test&) { trip("on_test_begin"); }
  void on_test_batch_begin(Batch&) { trip("on_test_batch_begin"); }
  void on_test_batch_end(Batch&) { trip("on_test_batch_end"); }
  void on_test_end(Test&) { trip("on_test_end"); }
  void on_epoch_end(Epoch&) { trip("on_epoch_end"); }
  void on_train_end(End&) { trip("on_train_end"); }
  void teardown(End&) { trip("teardown"); }
};

/// Asks for a stop in the hook that its option names.
struct Stopper : Callback<Stopper> {
  static constexpr auto id = "test.Stopper";
  Option<std::string_view> hook{this, "hook", "on_epoch_end", "where to stop"};

  void trip(Event& event, const char* here) {
    if (hook == here) event.stop(std::string("asked in ") + here);
  }
  void setup(Run& run) { trip(run, "setup"); }
  void on_train_begin(Run& run) { trip(run, "on_train_begin"); }
  void on_epoch_begin(Epoch& epoch) { trip(epoch, "on_epoch_begin"); }
  void on_train_batch_end(Batch& batch) { trip(batch, "on_train_batch_end"); }
  void on_test_end(Test& test) { trip(test, "on_test_end"); }
  void on_epoch_end(Epoch& epoch) { trip(epoch, "on_epoch_end"); }
};

/// Declares no capability and tries what needs one.
struct Meddler : Callback<Meddler> {
  static constexpr auto id = "test.Meddler";
  static constexpr auto capabilities = Can::Nothing;
  Option<std::string_view> act{this, "act", "stop", "what to try"};

  void on_epoch_end(Epoch& epoch) {
    if (act == "stop") epoch.stop("because");
    if (act == "rate") epoch.set_learning_rate(1.0);
    if (act == "write") static_cast<void>(epoch.tensor(Role::Weight, 0, Access::Write));
    if (act == "save") epoch.save("/tmp/never.h5", SaveContent::Weights);
    if (act == "publish") epoch.publish("loss", 1.0);
    if (act == "publish_unknown") epoch.publish("nothing", 1.0);
    if (act == "declare") epoch.declare_log("late", KAIROS_DIRECTION_MIN);
    if (act == "gradients" && epoch.tensor_count(Role::Gradient) != 0)
      throw Error("there are gradients here");
    if (act == "tensor_index") static_cast<void>(epoch.tensor(Role::Weight, 99));
    if (act == "hyper") static_cast<void>(epoch.hyper("momentums"));
    if (act == "rollback") epoch.rollback(7);
  }
};

/// Measures: publishes a fixed key and one that it declares in setup.
struct Measurer : Callback<Measurer> {
  static constexpr auto id = "test.Measurer";
  static constexpr auto phase = Phase::Measure;
  static constexpr auto publishes = "doubled_loss";

  void setup(Run& run) { run.declare_log("declared", KAIROS_DIRECTION_MAX); }
  void on_epoch_end(Epoch& epoch) {
    epoch.publish("doubled_loss", 2 * epoch.metric("loss"));
    epoch.publish("declared", 7.0);
  }
};

/// Adds up losses and keeps the weights of the first epoch.
struct Rememberer : Callback<Rememberer> {
  static constexpr auto id = "test.Rememberer";
  static constexpr auto capabilities = Can::WriteWeights;
  static constexpr auto publishes = "sum";
  State<double> sum{this, "sum", 0.0};
  State<std::string> note{this, "note"};
  Snapshot first{this, "first"};

  void on_epoch_end(Epoch& epoch) {
    sum += epoch.metric("loss");
    epoch.publish("sum", sum);
    if (first.empty()) first.take(epoch);
    note->append("x");
  }
  void on_train_end(End& end) { first.restore(end); }
};

/// Doubles all weights after each epoch.
struct Doubler : Callback<Doubler> {
  static constexpr auto id = "test.Doubler";
  static constexpr auto capabilities = Can::WriteWeights;
  void on_epoch_end(Epoch& epoch) {
    for (std::uint32_t i = 0; i < epoch.tensor_count(Role::Weight); ++i) {
      const Tensor weight = epoch.tensor(Role::Weight, i, Access::Write);
      for (std::int64_t j = 0; j < weight.size(); ++j) weight.mutable_data()[j] *= 2;
    }
  }
};

/// Gives the host a task after each epoch; the task fails if the option says so.
struct Worker : Callback<Worker> {
  static constexpr auto id = "test.Worker";
  static constexpr auto phase = Phase::Report;
  Option<bool> fails{this, "fails", false, "whether the task fails"};
  Option<OutputPath> file{this, "file", required, "the task adds a line to it"};

  static kairos_status work(void* self) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const Worker& worker = *static_cast<Worker*>(self);
    std::ofstream(std::string(worker.file.value()), std::ios::app) << "worked\n";
    return worker.fails ? KAIROS_E_IO : KAIROS_OK;
  }
  void on_epoch_end(Epoch&) { interfaces.tasks->submit(interfaces.host, &work, this); }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", Thrower, Stopper, Meddler, Measurer, Rememberer, Doubler, Worker)
