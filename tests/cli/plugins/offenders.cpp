// SPDX-License-Identifier: MIT
// Callbacks that break the rules of the ABI in ways that the host only notices when it checks plugins.
#include <kairos/plugin.hpp>

#include <cstring>
#include <string>
#include <string_view>
#include <thread>

/// Reports, and writes through what it may only read.
struct Offender : kairos::Callback<Offender> {
  static constexpr auto id = "com.example.Offender";
  static constexpr auto phase = kairos::Phase::Report;
  kairos::Option<std::string_view> what{this, "what", "weight", "what it does"};

  static void write(const kairos::Tensor& tensor) { const_cast<float*>(tensor.data())[0] += 1.0F; }

  void on_train_begin(kairos::Run& run) {
    if (what == "slot") write(run.tensor(kairos::Role::Slot, 2));
  }
  void on_backward_end(kairos::Batch& batch) {
    if (what == "gradient") write(batch.tensor(kairos::Role::Gradient, 0));
    if (what == "output") write(batch.tensor(kairos::Role::Output, 0));
  }
  void on_epoch_begin(kairos::Epoch& epoch) {
    if (what == "weight") write(epoch.tensor(kairos::Role::Weight, 1));
    if (what == "thread")
      std::thread([&] { static_cast<void>(epoch.tensor_count(kairos::Role::Weight)); }).join();
  }
  void setup(kairos::Run& run) {
    if (what == "hook") try {
        run.publish("loss", 1.0);
      } catch (const kairos::Error&) {  // goes on as if nothing had happened
      }
  }
};

/// May write weights, and writes one of them as it should.
struct Writer : kairos::Callback<Writer> {
  static constexpr auto id = "com.example.Writer";
  static constexpr auto capabilities = kairos::Can::WriteWeights | kairos::Can::SetOptimizer;
  kairos::Snapshot kept{this, "kept"};

  void on_epoch_begin(kairos::Epoch& epoch) {
    epoch.set_learning_rate(0.5);
    epoch.tensor(kairos::Role::Weight, 1, kairos::Access::Write).mutable_data()[0] = 0.5F;
    if (kept.empty()) kept.take(epoch);
  }
  void on_train_end(kairos::End& end) { kept.restore(end); }
};

KAIROS_PLUGIN("1.0.0", Offender, Writer)
