// SPDX-License-Identifier: MIT
// The class of each sample, read off the target.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "kairos/host/array.hpp"
#include "kairos/host/model.hpp"
#include "kairos/host/stream.hpp"
#include "train/split.hpp"

namespace kairos::host {

/// Collects the classes of a model's only target, which says one class for each sample: by its number, by a
/// row of zeros with a single one, or as one of two values.
class TargetClasses {
 public:
  /// For so many samples.
  TargetClasses(const Model& model, std::int64_t samples);

  /// The target of more samples, in their order; not looked at once a target was no class.
  void add(const Array& target);

  /// Whether the targets so far divide the samples into classes, even where they are mere whole numbers.
  [[nodiscard]] bool divide() const noexcept { return kind_ != Kind::None; }
  /// Whether the targets so far are classes without doubt.
  [[nodiscard]] bool are_classes() const noexcept;
  /// One for each sample.
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

/// How much is read to know the classes of a stream.
enum class ReadTargets {
  Quickly,  ///< nothing, where it would take a moment
  All,      ///< all, whatever it takes
};

/// The classes of a stream: of no sample, where its targets are no classes or were not read. What is wrong
/// with a value is thrown only with ReadTargets::All.
[[nodiscard]] TargetClasses classes_of(const Model& model, const SampleSource& source, ReadTargets how);

}  // namespace kairos::host
