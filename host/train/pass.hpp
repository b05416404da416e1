// SPDX-License-Identifier: MIT
// A pass over the data without training, with the calls of its callbacks.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "kairos/host/callbacks.hpp"
#include "kairos/host/dataset.hpp"
#include "kairos/host/model.hpp"
#include "train/batches.hpp"
#include "train/rank_agreement.hpp"

namespace kairos::host {

/// The running means of the model.
class ModelLogs final : public LogSource {
 public:
  explicit ModelLogs(Model& model) : model_(model) {}
  void read_logs(std::span<double> values) override { model_.read_logs(values); }

 private:
  Model& model_;
};

/// The logs of a pass that has ended. Allocates in the constructor only.
class KeptLogs final : public LogSource {
 public:
  explicit KeptLogs(const Model& model) : values_(model.log_keys().size()) {}
  void keep(Model& model) { model.read_logs(values_); }
  void read_logs(std::span<double> values) override {
    std::copy_n(values_.begin(), values.size(), values.begin());
  }
  [[nodiscard]] std::span<const double> values() const noexcept { return values_; }

 private:
  std::vector<double> values_;
};

/// Watches for the signal that ends a run, and tells the callbacks of it once.
class Interruption {
 public:
  /// `signal` may be null.
  Interruption(const std::atomic<int>* signal, Callbacks& callbacks)
      : signal_(signal), callbacks_(callbacks) {}
  /// The signal that all ranks have agreed on.
  Interruption(const RankAgreement& agreement, Callbacks& callbacks)
      : agreement_(&agreement), callbacks_(callbacks) {}

  [[nodiscard]] bool requested() {
    const int signal = agreement_ != nullptr ? agreement_->signal()
                       : signal_ == nullptr  ? 0
                                             : signal_->load(std::memory_order_relaxed);
    if (signal != 0 && !std::exchange(told_, true)) callbacks_.interrupt(signal);
    return signal != 0;
  }

 private:
  const std::atomic<int>* signal_ = nullptr;
  const RankAgreement* agreement_ = nullptr;
  Callbacks& callbacks_;
  bool told_ = false;
};

/// The first `steps` batches of `batches`.
struct Pass {
  Model& model;
  BatchSource& batches;
  std::int64_t steps;
  Callbacks& callbacks;
  Interruption& interruption;
  RankAgreement* agreement = nullptr;  ///< of a fit
  /// Whether the logs of each batch are read on all ranks, because a callback of one of them may.
  bool reads_every_batch = false;
};

/// Tests the model: a validation or an evaluation. `logs` are set at its end. False if it was interrupted;
/// the callbacks see no end of the test then.
[[nodiscard]] bool test(const Pass& pass, KeptLogs& logs);

/// Predicts: `outputs` has one array per output of the model, [n, …], named like the output. False if it was
/// interrupted; the callbacks see no end of the prediction then.
[[nodiscard]] bool predict(const Pass& pass, std::vector<NamedArray>& outputs);

}  // namespace kairos::host
