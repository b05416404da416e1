// SPDX-License-Identifier: MIT
// Counts in words.
#include "cli/data_report.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <vector>

namespace kairos::host::cli {

namespace {

std::string counted(std::size_t n, const char* one, const char* several) {
  return fmt::format("{} {}", n, n == 1 ? one : several);
}

/// Of one sample: "64", or "28x28x1".
std::string size_text(const Array& array) {
  const std::span<const std::int64_t> shape = std::span(array.shape).subspan(1);
  if (shape.empty()) return "1";
  return fmt::format("{}", fmt::join(shape, "x"));
}

std::string inputs_text(const Dataset& data, const Model& model) {
  if (data.inputs.size() == 1) {
    const std::string size = size_text(data.inputs.front().array);
    return size + (size == "1" ? " input" : " inputs");
  }
  std::vector<std::string> each;
  for (std::size_t i = 0; i < data.inputs.size(); ++i) {
    const std::string& own = data.inputs[i].name;
    each.push_back(
        fmt::format("{} ({})", own.empty() ? model.inputs()[i].name : own, size_text(data.inputs[i].array)));
  }
  return fmt::format("{} inputs: {}", each.size(), fmt::join(each, ", "));
}

/// Where the only target comes from.
std::string origin_of_target(const Settings& settings, const Dataset& data) {
  const std::vector<NamedText> given = settings.named("target");
  if (given.size() == 1) return given.front().value;
  if (!data.files.empty()) return "the directories";
  const std::string& name = data.targets.front().name;
  return name.empty() ? "y" : name;
}

/// Classes of the only target; 0 where it has none, or they were not counted.
std::size_t classes_of(const Dataset& data, const DataFacts& facts) {
  if (!data.class_names.empty()) return data.class_names.size();
  std::set<std::int64_t> classes;
  for (const auto* counts : {&facts.training_classes, &facts.validation_classes})
    for (const auto& [number, count] : *counts) classes.insert(number);
  return classes.size();
}

std::string targets_text(const Settings& settings, const Dataset& data, const DataFacts& facts,
                         const Model& model) {
  if (data.targets.size() != 1) {
    std::vector<std::string> names;
    for (const Port& target : model.targets()) names.push_back(target.name);
    return fmt::format("{} targets: {}", names.size(), fmt::join(names, ", "));
  }
  const std::string origin = origin_of_target(settings, data);
  if (const std::size_t classes = classes_of(data, facts); classes > 0)
    return fmt::format("{} (from {})", counted(classes, "class", "classes"), origin);
  const std::string size = size_text(data.targets.front().array);
  return fmt::format("{} {} (from {})", size, size == "1" ? "target" : "targets", origin);
}

std::string parts_text(const Settings& settings, const DataFacts& facts) {
  if (facts.validation == 0) return "";
  std::string text = fmt::format("; {} train, {} validation", facts.training, facts.validation);
  if (settings.has("validation_data")) return text + " (from " + settings.text("validation_data") + ")";
  const bool drawn = settings.has("validation_split") && !settings.has("validation_input");
  return drawn && settings.text("split") != "last" ? text + " (" + settings.text("split") + ")" : text;
}

}  // namespace

std::string data_report(const Settings& settings, const Dataset& data, const DataFacts& facts,
                        const Model& model) {
  return fmt::format("{}, {}, {}{}", counted(static_cast<std::size_t>(data.size()), "sample", "samples"),
                     inputs_text(data, model), targets_text(settings, data, facts, model),
                     parts_text(settings, facts));
}

}  // namespace kairos::host::cli
