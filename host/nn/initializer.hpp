// SPDX-License-Identifier: MIT
// Initializers of weights, with Keras' names and formulas.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "compute/random.hpp"
#include "nn/keras/config_reader.hpp"
#include "nn/parameter.hpp"

namespace kairos::host {

/// The distributions are Keras'. The numbers are the same for the same key on every machine.
class Initializer {
 public:
  enum class Fan { In, Out, Average };
  enum class Draw { Constant, Uniform, Normal, TruncatedNormal, Orthogonal };

  /// `key` is the seed, unless the architecture has one.
  void fill(const Shape& shape, std::uint64_t key, float* values) const;
  /// In the format of Keras 3.
  [[nodiscard]] nlohmann::json json() const;

 private:
  friend Initializer read_initializer(ConfigReader& config, std::string_view key, std::string_view fallback);

  [[nodiscard]] double scaled_spread(const Shape& shape) const;
  /// The rows or columns, whichever are fewer, become orthonormal; all dimensions but the last make the rows.
  void fill_orthogonal(const Shape& shape, RandomStream& random, float* values) const;

  std::string class_name_;
  Draw draw_ = Draw::Constant;
  double first_ = 0;   ///< constant, mean, lower bound, or gain
  double second_ = 0;  ///< standard deviation, or upper bound
  double scale_ = 0;   ///< of variance scaling; 0 for other initializers
  Fan fan_ = Fan::In;
  std::optional<std::int64_t> seed_;
};

/// Reads a name or an object; `fallback` is the name if there is neither. Throws Error(Model).
[[nodiscard]] Initializer read_initializer(ConfigReader& config, std::string_view key,
                                           std::string_view fallback);

}  // namespace kairos::host
