// SPDX-License-Identifier: MIT
// The part of kairos::Event that makes passes between batches (kairos.forward/1).
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "kairos/detail/event_artifacts.hpp"

namespace kairos {
inline namespace v1 {

/// Data of a run.
enum class Source : std::int32_t {
  Training = KAIROS_SOURCE_TRAINING,     ///< in the order of the current pass
  Validation = KAIROS_SOURCE_VALIDATION  ///< of a fit
};

/// Values for an input of the model, borrowed: [samples, …], row-major.
struct Input {
  const float* values = nullptr;
  std::vector<std::int64_t> shape;
};

namespace detail {

/// Passes and trial steps that the training does not notice. All but batches() are for the hooks between
/// batches: on_train_begin, on_epoch_begin, on_epoch_end, on_train_end, and the begin and the end of tests
/// and predictions; elsewhere they throw KAIROS_E_STATE. A signal ends them: they return nothing then, and
/// the hook should return. They throw KAIROS_E_UNSUPPORTED in a training loop that makes no passes for
/// callbacks.
class EventForward : public EventArtifacts {
 public:
  using EventArtifacts::EventArtifacts;

  /// Number of batches of `batch_size` samples (0: as the run has); 0 if the run has no such data. In every
  /// hook with an event.
  [[nodiscard]] std::int64_t batches(Source source, std::int64_t batch_size = 0) const {
    std::int64_t count = 0;
    const kairos_status status =
        passes().batches(call_, static_cast<std::int32_t>(source), batch_size, &count);
    if (status != KAIROS_E_NOT_FOUND) check(status, "counting batches");
    return status == KAIROS_OK ? count : 0;
  }

  /// Loss and metrics of `count` batches from batch `first` on, with the live weights in inference mode, by
  /// the index of their key (Event::find_log), NaN where a pass has none. Empty after a signal. Throws
  /// KAIROS_E_NOT_FOUND without such data, KAIROS_E_RANGE for batches that do not exist.
  [[nodiscard]] std::vector<double> evaluate_on(Source source, std::int64_t first, std::int64_t count) const {
    std::vector<double> values(need(interfaces_.logs, KAIROS_LOGS).count(call_),
                               std::numeric_limits<double>::quiet_NaN());
    const kairos_status status = passes().evaluate(call_, static_cast<std::int32_t>(source), first, count,
                                                   values.data(), static_cast<std::uint32_t>(values.size()));
    if (!ended(status, "evaluating")) values.clear();
    return values;
  }
  /// The same of all batches.
  [[nodiscard]] std::vector<double> evaluate_on(Source source) const {
    return evaluate_on(source, 0, batches(source));
  }

  /// The outputs of the model for these inputs, one per input of the model, with the live weights. Borrowed
  /// until the next prediction, at most until the hook returns. Empty after a signal. Throws KAIROS_E_INVALID
  /// for a shape, KAIROS_E_DATA for values that the model cannot take.
  [[nodiscard]] std::vector<Tensor> predict(const std::vector<Input>& inputs) const {
    std::vector<kairos_view> views;
    for (const Input& input : inputs)
      views.push_back({const_cast<float*>(input.values),
                       {1, 0},
                       static_cast<std::int32_t>(input.shape.size()),
                       {2, 32, 1},
                       const_cast<std::int64_t*>(input.shape.data()),
                       nullptr,
                       0});
    std::vector<Tensor> outputs;
    const kairos_status status =
        passes().predict(call_, views.data(), static_cast<std::uint32_t>(views.size()));
    if (!ended(status, "predicting")) return outputs;
    kairos_tensor out{};
    while (true) {
      out.size = sizeof out;
      const kairos_status lent = passes().output(call_, static_cast<std::uint32_t>(outputs.size()), &out);
      if (lent == KAIROS_E_RANGE) return outputs;
      check(lent, "borrowing an output");
      outputs.emplace_back(out);
    }
  }

  /// The moving statistics of every BatchNormalization become the means over the first `count` training
  /// batches, measured with the live weights; those of frozen layers stay. False after a signal, which leaves
  /// them as they were. In a fit; needs Can::WriteWeights. Throws KAIROS_E_STATE while the weights of another
  /// callback are swapped in.
  [[nodiscard]] bool update_statistics(std::int64_t count) {
    return ended(passes().statistics(call_, count), "measuring the statistics of layers");
  }

  /// In on_train_begin, on_epoch_begin and on_epoch_end: trains one batch, seen by no hook and no log.
  /// Returns its loss before the step; empty after a signal. Trial undoes it. Needs Can::WriteWeights and
  /// Can::ControlStep. Throws KAIROS_E_RANGE for a batch that does not exist.
  [[nodiscard]] std::optional<double> trial_step(std::int64_t batch, std::int64_t batch_size = 0) {
    double loss = 0;
    if (!ended(passes().trial_step(call_, batch, batch_size, &loss), "a trial step")) return std::nullopt;
    return loss;
  }

 private:
  [[nodiscard]] const kairos_forward& passes() const { return need(interfaces_.forward, KAIROS_FORWARD); }
  /// False if a signal has ended the pass.
  bool ended(kairos_status status, const char* doing) const {
    if (status == KAIROS_E_BUSY) return false;
    check(status, doing);
    return true;
  }
};

}  // namespace detail
}  // namespace v1
}  // namespace kairos
