// SPDX-License-Identifier: MIT
// Keras' learning rate schedules, functions of the step.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "nn/keras/config_reader.hpp"

namespace kairos::host {

/// Keras 3's formulas in double precision.
class LearningRateSchedule {
 public:
  virtual ~LearningRateSchedule() = default;

  /// "CosineDecay"
  [[nodiscard]] virtual std::string_view class_name() const = 0;
  /// The learning rate of the step after `step` steps.
  [[nodiscard]] virtual double at(std::int64_t step) const = 0;
  /// The schedule as Keras 3 writes it.
  [[nodiscard]] nlohmann::json json() const;

 protected:
  /// Reads the common arguments.
  LearningRateSchedule(ConfigReader& config, std::string_view default_name);

  virtual void write_config(nlohmann::json& config) const = 0;

 private:
  std::string name_;
};

/// Reads the schedule at `key`; null if the key is absent or a number. Throws Error(Model).
[[nodiscard]] std::unique_ptr<LearningRateSchedule> read_schedule(ConfigReader& config, std::string_view key);

/// "CosineDecay(0.1,decay_steps=1000)" as Keras JSON with named arguments. Throws Error(Model).
[[nodiscard]] nlohmann::json schedule_call_json(std::string_view text);

}  // namespace kairos::host
