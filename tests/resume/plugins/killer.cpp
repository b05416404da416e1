// SPDX-License-Identifier: MIT
// Kills its process in a hook: in call number KAIROS_TEST_KILL_AT of all its hooks, in no call without it.
// The number is no option, because a run goes on with the options it began with. With KAIROS_TEST_KILL_LATER
// it waits before, so that a checkpoint that is being written is complete.
#include <kairos/plugin.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <thread>

struct Killer : kairos::Callback<Killer> {
  static constexpr auto id = "com.example.Killer";

  kairos::State<std::int64_t> batches{this, "batches", 0};  ///< of training and tests, in all processes

  void setup(kairos::Run&) {
    const char* const at = std::getenv("KAIROS_TEST_KILL_AT");
    left_ = at == nullptr ? 0 : std::atoll(at);
    count();
  }
  void on_train_begin(kairos::Run&) { count(); }
  void on_epoch_begin(kairos::Epoch&) { count(); }
  void on_train_batch_begin(kairos::Batch&) { count(); }
  void on_backward_end(kairos::Batch&) { count(); }
  void on_train_batch_end(kairos::Batch&) {
    ++batches;
    count();
  }
  void on_test_begin(kairos::Test&) { count(); }
  void on_test_batch_end(kairos::Batch&) {
    ++batches;
    count();
  }
  void on_test_end(kairos::Test&) { count(); }
  void on_epoch_end(kairos::Epoch&) { count(); }
  void on_checkpoint_saved(kairos::Checkpoint&) { count(); }
  void on_train_end(kairos::End&) { count(); }
  void teardown(kairos::End&) { count(); }

 private:
  void count() {
    if (left_ <= 0 || --left_ != 0) return;
    if (std::getenv("KAIROS_TEST_KILL_LATER") != nullptr)
      std::this_thread::sleep_for(std::chrono::seconds(1));
    static_cast<void>(std::raise(SIGKILL));
  }

  std::int64_t left_ = 0;
};

KAIROS_PLUGIN("1.0.0", Killer)
