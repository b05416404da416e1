// SPDX-License-Identifier: MIT
// The passes of callbacks (kairos.forward/1): on data of their own, so that those of the loop stay where they
// are.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kairos/host/fit.hpp"
#include "kairos/host/forward_control.hpp"
#include "kairos/host/model.hpp"
#include "kairos/host/run_control.hpp"
#include "train/batches.hpp"
#include "train/prepared.hpp"

namespace kairos::host {

/// Opens the data a second time when a pass first needs them, and keeps them open until the run ends.
class ForwardPasses final : public ForwardControl {
 public:
  /// Of a fit. Borrows its arguments; `training` tells the pass over the data.
  ForwardPasses(Model& model, const FitOptions& options, Prepared& prepared, const RunControl& training);
  /// Of an evaluation or a prediction, without data. Borrows its arguments.
  ForwardPasses(Model& model, const PassOptions& options);

  [[nodiscard]] std::string fault() const override;
  [[nodiscard]] std::optional<std::int64_t> batches(DataSide side, std::int64_t batch_size) const override;
  [[nodiscard]] bool evaluate(DataSide side, std::int64_t first, std::int64_t count,
                              std::span<double> values) override;
  [[nodiscard]] std::size_t inputs() const override { return model_.inputs().size(); }
  [[nodiscard]] std::string shape_fault(std::span<const GivenInput> inputs) const override;
  [[nodiscard]] std::string value_fault(std::span<const GivenInput> inputs) const override;
  [[nodiscard]] bool predict(std::span<const GivenInput> inputs) override;
  [[nodiscard]] std::span<const TensorRef> outputs() const override { return output_refs_; }
  [[nodiscard]] bool statistics(std::int64_t count) override;
  [[nodiscard]] std::optional<double> trial_step(std::int64_t batch, std::int64_t batch_size) override;

 private:
  /// The data of a side: those of the loop, and a second reader of them.
  struct Side {
    const BatchSource* of_loop = nullptr;
    std::unique_ptr<BatchSource> own;
    std::int64_t batch_size = 0, pass = -1, last = -1;  ///< of `own`
  };

  [[nodiscard]] Side& side(DataSide which) { return which == DataSide::Training ? training_ : validation_; }
  /// Batch `index` of batches of that size (0: that of the loop), borrowed until the next call.
  const Batch& batch(DataSide which, std::int64_t batch_size, std::int64_t index);
  [[nodiscard]] bool interrupted() const {
    return interrupted_ != nullptr && interrupted_->load(std::memory_order_relaxed) != 0;
  }
  void size_outputs(std::int64_t samples);

  Model& model_;
  const std::atomic<int>* interrupted_;
  std::int64_t batch_size_;
  Shuffle shuffle_ = Shuffle::None;
  std::uint64_t seed_ = 0;
  const RunControl* control_ = nullptr;
  bool is_alone_ = true;
  Side training_, validation_;
  std::vector<std::vector<float>> outputs_;
  std::vector<TensorRef> output_refs_;
};

}  // namespace kairos::host
