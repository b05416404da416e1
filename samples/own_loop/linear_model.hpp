// SPDX-License-Identifier: MIT
// A model that is not a Kairos model: y = w·x + b, fitted by gradient descent.
#pragma once

#include <kairos/host/training_target.hpp>

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The model of this program. Callbacks read and change it through `TrainingTarget`.
class LinearModel : public kairos::host::TrainingTarget {
 public:
  /// Trains on one sample. Returns the squared error before the step.
  float step(float x, float y);

  std::span<const kairos::host::TensorRef> tensors(kairos::host::Role role) override;
  void tensors_written(kairos::host::Role) override {}  // No value is derived from the weights.
  [[nodiscard]] std::optional<double> hyper(std::string_view name) const override;
  bool set_hyper(std::string_view name, double value) override;
  [[nodiscard]] std::int64_t iterations() const override { return steps_; }
  void save(const std::filesystem::path& file, kairos::host::SaveContent content) override;
  [[nodiscard]] std::string save_fault(const std::filesystem::path& file,
                                       kairos::host::SaveContent content) const override;
  void load_weights(const std::filesystem::path& file) override;
  [[nodiscard]] std::string architecture() const override { return ""; }

 private:
  float weight_ = 0, bias_ = 0, rate_ = 0.05f;
  std::int64_t steps_ = 0;
  std::array<kairos::host::TensorRef, 2> weights_{{{"weight", {1}, &weight_}, {"bias", {1}, &bias_}}};
};
