// SPDX-License-Identifier: MIT
// Averages the weights, shows the average to tests and files, and fails where its option says.
#include <kairos/plugin.hpp>
#include <stdexcept>
#include <string>

namespace {

using namespace kairos;

struct Averager : Callback<Averager> {
  static constexpr auto id = "test.Averager";
  static constexpr auto capabilities = Can::WriteWeights | Can::SaveModel;
  Option<double> momentum{this, "momentum", 0.5, "share of the average that stays"};
  Option<std::string_view> fails{this, "fails", "", "hook that fails after it has swapped in"};
  Option<bool> puts{this, "puts", true, "makes the average the result"};
  Option<SavePath> file{this, "file", unset, "what on_epoch_end saves"};
  Option<bool> later{this, "later", false, "saves in the background"};
  Average average{this, "average"};

  void show(Event& event, const char* hook) {
    event.swap_in(average, std::string("average ") + (momentum > 0.7 ? "slow" : "fast"));
    if (fails == hook) throw std::runtime_error("failed on purpose");
  }
  void trip(const char* hook) {
    if (fails == hook) throw std::runtime_error("failed on purpose");
  }
  void on_train_batch_end(Batch& batch) { average.blend(batch, momentum); }
  void on_test_begin(Test& test) { show(test, "on_test_begin"); }
  void on_test_batch_begin(Batch&) { trip("on_test_batch_begin"); }
  void on_test_batch_end(Batch&) { trip("on_test_batch_end"); }
  void on_test_end(Test&) { trip("on_test_end"); }
  void on_epoch_end(Epoch& epoch) {
    show(epoch, "on_epoch_end");
    if (file.is_set() && later) epoch.save_in_background(file.value(), SaveContent::Weights);
    if (file.is_set() && !later) epoch.save(file.value(), SaveContent::Weights);
  }
  void on_train_end(End& end) {
    show(end, "on_train_end");
    if (puts) end.put(average);
  }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", Averager)
