// SPDX-License-Identifier: MIT
// First values of weights, by Keras' names and formulas.
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

/// The distribution is Keras', the numbers are our own: the same for the same key on every machine.
class Initializer {
 public:
  enum class Fan { In, Out, Average };
  enum class Draw { Constant, Uniform, Normal, TruncatedNormal, Orthogonal };

  /// `key` is not used where the architecture names a seed.
  void fill(const Shape& shape, std::uint64_t key, float* values) const;
  /// As Keras 3 writes it.
  [[nodiscard]] nlohmann::json json() const;

 private:
  friend Initializer read_initializer(ConfigReader& config, std::string_view key, std::string_view fallback);

  [[nodiscard]] double scaled_spread(const Shape& shape) const;
  /// Rows or columns, whichever are fewer, are orthonormal; all dimensions but the last make one.
  void fill_orthogonal(const Shape& shape, RandomStream& random, float* values) const;

  std::string class_name_;
  Draw draw_ = Draw::Constant;
  double first_ = 0;   ///< constant, mean, least, or gain
  double second_ = 0;  ///< standard deviation, or most
  double scale_ = 0;   ///< of variance scaling; 0 if it is none
  Fan fan_ = Fan::In;
  std::optional<std::int64_t> seed_;
};

/// A name or an object. `fallback` is a name too. Throws Error(Model).
[[nodiscard]] Initializer read_initializer(ConfigReader& config, std::string_view key,
                                           std::string_view fallback);

}  // namespace kairos::host
