// SPDX-License-Identifier: MIT
// How often a sample of one class was predicted to be of another.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <kairos/error.hpp>
#include <kairos/plugin.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "one_process.hpp"
#include "output_place.hpp"
#include "output_target.hpp"
#include "text.hpp"

namespace kairos::plugins {

/// The error of an output that cannot be counted.
[[nodiscard]] inline Error no_such_output(std::uint32_t output, std::uint32_t targets) {
  return Error("the model has no output " + std::to_string(output) +
               " with a target. Set output to a number from 0 to " +
               std::to_string(std::max(targets, 1U) - 1));
}

/// A confusion matrix: row i and column k count the samples of class i that were predicted as k.
class ClassCounts {
 public:
  void clear() { std::fill(counts_.begin(), counts_.end(), 0); }
  [[nodiscard]] std::size_t classes() const { return classes_; }
  [[nodiscard]] std::int64_t operator()(std::size_t row, std::size_t column) const {
    return counts_[row * classes_ + column];
  }
  [[nodiscard]] std::int64_t of_class(std::size_t row) const {
    std::int64_t sum = 0;
    for (std::size_t k = 0; k < classes_; ++k) sum += (*this)(row, k);
    return sum;
  }
  [[nodiscard]] std::int64_t predicted_as(std::size_t column) const {
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < classes_; ++i) sum += (*this)(i, column);
    return sum;
  }
  [[nodiscard]] std::int64_t total() const {
    std::int64_t sum = 0;
    for (const std::int64_t count : counts_) sum += count;
    return sum;
  }

  /// Counts a batch of an output, numbered among those that have a target: [samples, …, classes], of which
  /// the largest value is the prediction, or [samples, …, 1], where a value above 0.5 is class 1. Targets are
  /// class numbers, or one-hot.
  void add(const Event& event, std::uint32_t output_index) {
    if (output_index >= event.tensor_count(Role::Target))
      throw no_such_output(output_index, event.tensor_count(Role::Target));
    const Tensor output = event.tensor(Role::Output, output_of(event, output_index));
    const Tensor target = event.tensor(Role::Target, output_index);
    const auto width = static_cast<std::size_t>(output.rank() > 1 ? output.shape(output.rank() - 1) : 1);
    const std::size_t count = static_cast<std::size_t>(output.size()) / width;
    if (classes_ == 0) {
      classes_ = std::max<std::size_t>(width, 2);
      counts_.assign(classes_ * classes_, 0);
    }
    const bool one_hot = width > 1 && target.size() == output.size();
    if (!one_hot && static_cast<std::size_t>(target.size()) != count)
      throw Error(
          "the targets of output " + std::to_string(output_index) + " are " + std::to_string(target.size()) +
          " numbers for " + std::to_string(count) +
          " predictions; expected class numbers or one-hot vectors. Use this callback for classification");
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t predicted = class_of(output.data() + i * width, width, "the output ");
      const std::size_t actual =
          one_hot ? class_of(target.data() + i * width, width, "the target ") : number(target.data()[i]);
      ++counts_[actual * classes_ + predicted];
    }
  }

 private:
  static std::size_t class_of(const float* values, std::size_t width, const char* what) {
    if (std::any_of(values, values + width, [](float value) { return std::isnan(value); }))
      throw Error(std::string(what) +
                  "is NaN for a sample, which is no class. TerminateOnNaN ends a run that becomes NaN");
    if (width == 1) return values[0] > 0.5F ? 1 : 0;
    return static_cast<std::size_t>(std::max_element(values, values + width) - values);
  }
  [[nodiscard]] std::size_t number(float target) const {
    if (!(target >= 0 && target < static_cast<float>(classes_)) || target != std::floor(target))
      throw Error("a target is " + shortest(target) + "; expected a class number from 0 to " +
                  std::to_string(classes_ - 1) + ". Use this callback for classification");
    return static_cast<std::size_t>(target);
  }

  std::size_t classes_ = 0;  ///< 0: no batch has been seen
  std::vector<std::int64_t> counts_;
};

/// The names of the classes: those in `text`, else their numbers. Throws if there are more or fewer.
[[nodiscard]] inline std::vector<std::string> class_names(std::string_view text, std::size_t classes) {
  std::vector<std::string> names = words_of(text);
  if (names.empty())
    for (std::size_t i = 0; i < classes; ++i) names.push_back(std::to_string(i));
  if (names.size() != classes)
    throw Error("class_names has " + std::to_string(names.size()) + " names for " + std::to_string(classes) +
                " classes. Write one for each, such as 'cat,dog'");
  return names;
}

/// A text without the control characters that an artifact must not have (C0, DEL and C1), which names from
/// the data may.
[[nodiscard]] inline std::string shown_text(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool is_c1 = byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if ((byte < ' ' && byte != '\n' && byte != '\t') || byte == 0x7F || is_c1)
      out += "\xEF\xBF\xBD";
    else
      out += text[i];
    if (is_c1) ++i;
  }
  return out;
}

/// The names to show: those of the option, else those of the data, else numbers.
[[nodiscard]] inline std::vector<std::string> shown_class_names(std::string_view text, std::size_t classes,
                                                                const Event& event) {
  const InfoEntries known = event.info(Info::Classes);
  if (!words_of(text).empty() || known.size() != classes) return class_names(text, classes);
  std::vector<std::string> names;
  for (const auto& [name, unused] : known) names.push_back(name);
  return names;
}

/// Counts a batch. The first one tells how many classes there are, where setup could not know it, and thus
/// whether the names fit.
inline void count_batch(ClassCounts& counts, const Event& event, std::uint32_t output,
                        std::string_view names) {
  const bool first = counts.classes() == 0;
  counts.add(event, output);
  if (first) static_cast<void>(class_names(names, counts.classes()));
}

/// In setup: rejects a run whose classes cannot be counted, as far as is known before the first batch.
inline void check_counting(const Run& run, std::string_view filename, std::uint32_t output,
                           std::string_view names) {
  require_one_process(run);
  check_output_place(filename, Writing::Replaced);
  if (run.mode() == Mode::Fit && run.validation_samples() == 0)
    throw Error(
        "this callback counts the samples of a validation, and this run has none. Give it validation data, "
        "or leave the callback out");
  // Class numbers of a target tell the classes; a model without targets does not tell anything.
  const auto classes = [&run](std::uint32_t target) -> std::optional<std::int64_t> {
    try {
      return run.classes(target);
    } catch (const Error&) {
      return std::nullopt;
    }
  };
  if (run.mode() == Mode::Predict || !classes(0)) return;
  if (!classes(output)) {
    std::uint32_t targets = 1;
    while (classes(targets)) ++targets;
    throw no_such_output(output, targets);
  }
  if (const std::int64_t count = *classes(output); count > 0)
    static_cast<void>(class_names(names, static_cast<std::size_t>(count)));
}

}  // namespace kairos::plugins
