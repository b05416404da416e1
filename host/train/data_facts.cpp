// SPDX-License-Identifier: MIT
// Compares the classes of training and validation data with each other and with the model.
#include "train/data_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include "train/split.hpp"
#include "train/target_output.hpp"

namespace kairos::host {

namespace {

using Counts = std::map<std::int64_t, std::int64_t>;

std::string class_name(const Dataset& data, std::int64_t number) {
  if (number < 0 || number >= std::ssize(data.class_names)) return std::to_string(number);
  return "\"" + data.class_names[static_cast<std::size_t>(number)] + "\"";
}

/// The first few, and "…" if there are more.
std::string list_of(const Dataset& data, const std::vector<std::int64_t>& classes) {
  constexpr std::size_t shown = 5;
  std::string text;
  for (std::size_t i = 0; i < std::min(classes.size(), shown); ++i)
    text += (i > 0 ? ", " : "") + class_name(data, classes[i]);
  return classes.size() > shown ? text + ", …" : text;
}

std::vector<std::int64_t> missing_in(const Counts& part, const Counts& other) {
  std::vector<std::int64_t> missing;
  for (const auto& [number, count] : other)
    if (!part.contains(number)) missing.push_back(number);
  return missing;
}

std::string classes_text(std::size_t n) {
  return n == 1 ? "1 class" : fmt::format("{} classes", n);
}

const char* fix_of_split(const FitOptions& options) {
  if (!holds_out(options)) return "check the validation data";
  if (options.split == Split::Last)
    return "`validation_split` holds out the last samples; `split=shuffled` and `split=stratified` draw them "
           "from all of the data";
  if (options.split == Split::Shuffled) return "`split=stratified` divides each class";
  return "a class of one sample cannot be in both parts";
}

void compare_parts(const Dataset& data, const DataFacts& facts, const FitOptions& options,
                   std::vector<std::string>& doubts) {
  if (facts.training_classes.empty() || facts.validation_classes.empty()) return;
  const std::string fix = fix_of_split(options);
  const auto compare = [&](const char* part, const Counts& in_part, const char* other,
                           const Counts& in_other) {
    const std::vector<std::int64_t> missing = missing_in(in_part, in_other);
    if (missing.empty()) return;
    doubts.push_back(fmt::format("the {} part has no sample of {} of the {} in the {} part ({}); {}", part,
                                 missing.size(), classes_text(in_other.size()), other, list_of(data, missing),
                                 fix));
  };
  compare("validation", facts.validation_classes, "training", facts.training_classes);
  compare("training", facts.training_classes, "validation", facts.validation_classes);
}

Counts all_classes(const DataFacts& facts) {
  Counts all = facts.training_classes;
  for (const auto& [number, count] : facts.validation_classes) all[number] += count;
  return all;
}

/// Units of the only output with a target, if there is one per class; else 0.
std::int64_t class_units(const Model& model) {
  const auto output = model.targets().size() == 1 ? output_of_target(model, 0) : std::nullopt;
  if (!output) return 0;
  const std::vector<std::int64_t>& shape = model.outputs()[*output].shape;
  return shape.size() == 1 && shape.front() > 1 ? shape.front() : 0;
}

void compare_with_names(const Dataset& data, const Counts& counts, std::vector<std::string>& doubts) {
  std::vector<std::int64_t> empty;
  for (std::int64_t number = 0; number < std::ssize(data.class_names); ++number)
    if (!counts.contains(number)) empty.push_back(number);
  if (!empty.empty())
    doubts.push_back(fmt::format("{} of the {} {} no samples in {}: {}", empty.size(),
                                 classes_text(data.class_names.size()), empty.size() == 1 ? "has" : "have",
                                 data.origin, list_of(data, empty)));
}

void compare_with_units(const Model& model, const Dataset& data, const Counts& counts,
                        std::vector<std::string>& doubts) {
  const std::int64_t units = class_units(model);
  const std::size_t classes = data.class_names.empty() ? counts.size() : data.class_names.size();
  if (units == 0 || classes == 0 || static_cast<std::int64_t>(classes) >= units) return;
  std::vector<std::int64_t> found;
  for (std::int64_t number = 0; number < std::ssize(data.class_names); ++number) found.push_back(number);
  if (found.empty())
    for (const auto& [number, count] : counts) found.push_back(number);
  doubts.push_back(fmt::format("the output \"{}\" has {} units, but the data have {}: {}",
                               model.targets().front().name, units, classes_text(classes),
                               list_of(data, found)));
}

bool names_a_part(std::string name) {
  constexpr std::array<std::string_view, 8> parts{"train", "training", "test",       "testing",
                                                  "val",   "valid",    "validation", "dev"};
  std::ranges::transform(name, name.begin(), [](char c) {
    return static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  });
  return std::ranges::find(parts, name) != parts.end();
}

void check_directories(const Dataset& data, std::vector<std::string>& doubts) {
  if (data.files.empty()) return;  // not a directory of images
  std::string parts;
  int count = 0;
  for (const std::string& name : data.class_names)
    if (names_a_part(name)) parts += (count++ > 0 ? ", \"" : "\"") + name + "\"";
  if (count > 0)
    doubts.push_back(
        fmt::format("{} in {} {}: each subdirectory is one class. Load the parts of a data set separately, "
                    "and give the validation part as `validation_data`",
                    parts, data.origin, count == 1 ? "is trained as a class" : "are trained as classes"));
}

}  // namespace

std::vector<std::string> data_doubts(const Model& model, const Dataset& data, const DataFacts& facts,
                                     const FitOptions& options) {
  std::vector<std::string> doubts;
  const Counts counts = all_classes(facts);
  check_directories(data, doubts);
  compare_parts(data, facts, options, doubts);
  if (!counts.empty()) compare_with_names(data, counts, doubts);
  compare_with_units(model, data, counts, doubts);
  return doubts;
}

}  // namespace kairos::host
