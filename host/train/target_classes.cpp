// SPDX-License-Identifier: MIT
// The shapes of output and target decide how a class is written, the values whether they are classes.
#include "train/target_classes.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/input_file.hpp"
#include "base/shape.hpp"
#include "kairos/host/error.hpp"
#include "train/sample_rows.hpp"
#include "train/target_output.hpp"

namespace kairos::host {

namespace {

constexpr float largest_number = 1 << 24;  ///< a float represents every whole number up to this one

bool is_number(float value) {
  return std::abs(value) <= largest_number && value == std::floor(value);
}

}  // namespace

TargetClasses::TargetClasses(const Model& model, std::int64_t samples) {
  if (model.targets().size() != 1) return;
  const std::optional<std::size_t> output = output_of_target(model, 0);
  if (!output) return;
  const std::vector<std::int64_t>& shape = model.outputs()[*output].shape;
  if (shape.empty() || product(shape) != shape.back()) return;
  size_ = product(model.targets().front().shape);
  const std::int64_t units = shape.back();
  if (size_ == 1)
    kind_ = units > 1 ? Kind::Label : Kind::Number;
  else if (size_ == units)
    kind_ = Kind::OneHot;
  if (kind_ != Kind::None) numbers_.reserve(static_cast<std::size_t>(samples));
}

bool TargetClasses::take(const float* row) {
  if (kind_ == Kind::OneHot) {
    const auto ones = std::count(row, row + size_, 1.0F), zeros = std::count(row, row + size_, 0.0F);
    if (ones != 1 || zeros != size_ - 1) return false;
    numbers_.push_back(static_cast<std::int32_t>(std::find(row, row + size_, 1.0F) - row));
    return true;
  }
  if (!is_number(*row)) return false;
  of_zero_ = of_zero_ && (*row == 0 || *row == 1);
  of_minus_one_ = of_minus_one_ && (*row == -1 || *row == 1);
  numbers_.push_back(static_cast<std::int32_t>(*row));
  return true;
}

void TargetClasses::add(const Array& target) {
  if (kind_ == Kind::None) return;
  for (std::int64_t row = 0; row < target.rows(); ++row)
    if (target.row_size() != size_ || !take(target.values.data() + row * size_)) {
      kind_ = Kind::None;
      numbers_.clear();
      return;
    }
}

bool TargetClasses::are_classes() const noexcept {
  if (numbers_.empty()) return false;
  return kind_ == Kind::Number ? of_zero_ || of_minus_one_ : kind_ != Kind::None;
}

std::map<std::int64_t, std::int64_t> TargetClasses::count(const RowSet& rows) const {
  std::map<std::int64_t, std::int64_t> counts;
  for (std::int64_t i = 0; i < rows.size(); ++i) ++counts[numbers_[static_cast<std::size_t>(rows.at(i))]];
  return counts;
}

namespace {

constexpr std::int64_t rows_at_once = 1024;
/// Numbers of values that are quick to read: of targets alone, and of whole samples, which may need parsing.
constexpr std::int64_t quick_targets = std::int64_t{1} << 24, quick_values = std::int64_t{1} << 21;

/// Reads the targets of `block` into `classes`. False if that requires whole samples and `samples_too` is not
/// set.
bool read_block(SampleReader& reader, std::int64_t first, Dataset& block, bool samples_too,
                TargetClasses& classes) {
  const std::int64_t count = block.targets.front().array.rows();
  if (!reader.read_targets(first, count, block)) {
    if (!samples_too) return false;
    set_rows(block.inputs, count);
    set_rows(block.sample_weights, count);
    reader.read(first, count, block);
  }
  classes.add(block.targets.front().array);
  return true;
}

/// False if the source cannot read targets alone and has too many samples to read them whole.
bool read_classes(const SampleSource& source, ReadTargets how, TargetClasses& classes) {
  const Dataset& layout = source.layout();
  Dataset block = layout;
  const std::int64_t n = layout.size(), of_targets = values_per_sample(layout.targets);
  const std::int64_t of_samples =
      of_targets + values_per_sample(layout.inputs) + values_per_sample(layout.sample_weights);
  const bool all = how == ReadTargets::All;
  if (!all && n > quick_targets / std::max<std::int64_t>(1, of_targets)) return false;
  const bool samples_too = all || n <= quick_values / std::max<std::int64_t>(1, of_samples);
  const std::unique_ptr<SampleReader> reader = source.reader();
  for (std::int64_t first = 0; first < n && classes.divide(); first += rows_at_once) {
    set_rows(block.targets, std::min(rows_at_once, n - first));
    if (!unless_changed(*reader, [&] { return read_block(*reader, first, block, samples_too, classes); }))
      return false;
  }
  reader->check_unchanged();
  return true;
}

}  // namespace

TargetClasses classes_of(const Model& model, const SampleSource& source, ReadTargets how) {
  TargetClasses classes(model, source.layout().size());
  const TargetClasses none = classes;
  if (source.layout().targets.size() != 1 || !classes.divide()) return none;
  try {
    return read_classes(source, how, classes) ? classes : none;
  } catch (const Error&) {
    if (how == ReadTargets::All) throw;
    return none;
  }
}

}  // namespace kairos::host
