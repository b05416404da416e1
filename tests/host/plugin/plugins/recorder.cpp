// SPDX-License-Identifier: MIT
// Writes down every call that it gets.
#include <fstream>
#include <kairos/plugin.hpp>
#include <string>

namespace {

using namespace kairos;

struct Recorder : Callback<Recorder> {
  static constexpr auto id = "test.Recorder";
  static constexpr auto phase = Phase::Report;
  Option<OutputPath> file{this, "file", required, "where the calls are written"};
  State<int> calls{this, "calls", 0};

  void line(const std::string& text) {
    std::ofstream(std::string(file.value()), std::ios::app) << text << "\n";
  }
  void line(const char* hook, std::int64_t index) { line(std::string(hook) + " " + std::to_string(index)); }

  void setup(Run&) { line("setup"); }
  void on_train_begin(Run& run) { line(run.resumed() ? "on_train_begin (resumed)" : "on_train_begin"); }
  void on_epoch_begin(Epoch& epoch) { line("on_epoch_begin", epoch.index()); }
  void on_train_batch_begin(Batch& batch) { line("on_train_batch_begin", batch.index()); }
  void on_backward_end(Batch& batch) { line("on_backward_end", batch.index()); }
  void on_train_batch_end(Batch& batch) { line("on_train_batch_end", batch.index()); }
  void on_test_begin(Test&) { line("on_test_begin"); }
  void on_test_batch_begin(Batch& batch) { line("on_test_batch_begin", batch.index()); }
  void on_test_batch_end(Batch& batch) { line("on_test_batch_end", batch.index()); }
  void on_test_end(Test&) { line("on_test_end"); }
  void on_epoch_end(Epoch& epoch) {
    line(epoch.partial() ? "on_epoch_end (partial)" : "on_epoch_end", epoch.index());
  }
  void on_train_end(End&) { line("on_train_end"); }
  void on_predict_begin(Run&) { line("on_predict_begin"); }
  void on_predict_batch_begin(Batch& batch) { line("on_predict_batch_begin", batch.index()); }
  void on_predict_batch_end(Batch& batch) { line("on_predict_batch_end", batch.index()); }
  void on_predict_end(End&) { line("on_predict_end"); }
  void on_checkpoint_saved(Checkpoint&) { line("on_checkpoint_saved"); }
  void on_fault(Fault& fault) { line("on_fault " + std::string(fault.message())); }
  void on_interrupt(Interrupt&) { line("on_interrupt"); }
  void teardown(End&) { line("teardown"); }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", Recorder)
