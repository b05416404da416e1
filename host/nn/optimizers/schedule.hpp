// SPDX-License-Identifier: MIT
// Learning rates that are a function of the step: Keras' schedules.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "nn/keras/config_reader.hpp"

namespace kairos::host {

/// Keras 3's formulas, computed in double precision.
class LearningRateSchedule {
 public:
  virtual ~LearningRateSchedule() = default;

  /// "CosineDecay"
  [[nodiscard]] virtual std::string_view class_name() const = 0;
  /// The rate of the step that is made when `step` steps have been made.
  [[nodiscard]] virtual double at(std::int64_t step) const = 0;
  /// As Keras 3 writes it.
  [[nodiscard]] nlohmann::json json() const;

 protected:
  /// Takes what all schedules have.
  LearningRateSchedule(ConfigReader& config, std::string_view default_name);

  virtual void write_config(nlohmann::json& config) const = 0;

 private:
  std::string name_;
};

/// The schedule under that key; null if there is none, but a number or nothing. Throws Error(Model).
[[nodiscard]] std::unique_ptr<LearningRateSchedule> read_schedule(ConfigReader& config, std::string_view key);

/// "CosineDecay(0.1,decay_steps=1000)" as Keras JSON; arguments without a name are given theirs. Throws
/// Error(Model).
[[nodiscard]] nlohmann::json schedule_call_json(std::string_view text);

}  // namespace kairos::host
