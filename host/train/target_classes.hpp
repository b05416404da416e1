// SPDX-License-Identifier: MIT
// The class of each sample, derived from its target.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "kairos/host/array.hpp"
#include "kairos/host/model.hpp"
#include "kairos/host/stream.hpp"
#include "train/split.hpp"

namespace kairos::host {

/// Collects the classes of a model's only target, if it is one class per sample: a class number, a one-hot
/// row, or one of two values.
class TargetClasses {
 public:
  /// For `samples` samples.
  TargetClasses(const Model& model, std::int64_t samples);

  /// Adds the targets of the next samples; ignored once a target was not a class.
  void add(const Array& target);

  /// Whether the targets so far divide the samples into classes, which any whole numbers do.
  [[nodiscard]] bool divide() const noexcept { return kind_ != Kind::None; }
  /// Whether the targets so far are certainly classes; whole numbers of a regression are not.
  [[nodiscard]] bool are_classes() const noexcept;
  /// One per sample.
  [[nodiscard]] const std::vector<std::int32_t>& numbers() const noexcept { return numbers_; }
  [[nodiscard]] std::map<std::int64_t, std::int64_t> count(const RowSet& rows) const;

 private:
  enum class Kind { None, Label, OneHot, Number };
  [[nodiscard]] bool take(const float* row);

  Kind kind_ = Kind::None;
  std::int64_t size_ = 0;                      ///< values of a sample's target
  bool of_zero_ = true, of_minus_one_ = true;  ///< Kind::Number: all are 0 or 1, all are -1 or 1
  std::vector<std::int32_t> numbers_;
};

/// How much of a stream may be read to find its classes.
enum class ReadTargets {
  Quickly,  ///< nothing if reading would take long
  All,      ///< everything
};

/// The classes of a stream; those of no sample if its targets are not classes or were not read. Errors are
/// thrown only with ReadTargets::All: Error(Data), Error(File).
[[nodiscard]] TargetClasses classes_of(const Model& model, const SampleSource& source, ReadTargets how);

}  // namespace kairos::host
