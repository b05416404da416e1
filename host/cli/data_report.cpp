// SPDX-License-Identifier: MIT
// Composes the line.
#include "cli/data_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <filesystem>
#include <set>
#include <span>
#include <string_view>
#include <vector>

namespace kairos::host::cli {

namespace {

std::string counted(std::size_t n, const char* one, const char* several) {
  return fmt::format("{} {}", n, n == 1 ? one : several);
}

/// Whether a loss or metric compares classes, by its name in any of Keras' spellings and with any arguments.
bool names_classes(const std::string& call) {
  std::string name;
  for (const char c : call.substr(0, call.find('(')))
    if (c != '_') name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array<std::string_view, 9> parts{
      "crossentropy", "hinge", "accuracy", "precision", "recall", "auc", "f1score", "fbeta", "iou"};
  return name == "acc" ||
         std::ranges::any_of(parts, [&](std::string_view part) { return name.find(part) != name.npos; });
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

/// Where the only target comes from. A column may be given by its index.
std::string origin_of_target(const Settings& settings, const Dataset& data) {
  const std::vector<NamedText> given = settings.named("target");
  if (given.size() == 1) {
    const std::string& source = given.front().value;
    if (source == "-1") return "the last column";
    return number_from<std::int64_t>(source) ? "column " + source : source;
  }
  if (!data.files.empty()) return "the directories";
  const std::string& name = data.targets.front().name;
  return name.empty() ? "y" : name;
}

/// Classes of the only target; 0 if it has none, or they were not counted.
std::size_t classes_of(const Dataset& data, const DataFacts& facts, const CompileOptions& compiled) {
  if (!data.class_names.empty()) return data.class_names.size();
  if (!learns_classes(compiled)) return 0;
  std::set<std::int64_t> classes;
  for (const auto* counts : {&facts.training_classes, &facts.validation_classes})
    for (const auto& [number, count] : *counts) classes.insert(number);
  return classes.size();
}

std::string targets_text(const Settings& settings, const Dataset& data, const DataFacts& facts,
                         const Model& model, const CompileOptions& compiled) {
  if (data.targets.size() != 1) {
    std::vector<std::string> names;
    for (const Port& target : model.targets()) names.push_back(target.name);
    return fmt::format("{} targets: {}", names.size(), fmt::join(names, ", "));
  }
  const std::string origin = origin_of_target(settings, data);
  if (const std::size_t classes = classes_of(data, facts, compiled); classes > 0)
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

bool learns_classes(const CompileOptions& options) {
  const auto all_name_classes = [](const OutputOptions& one) {
    return names_classes(one.loss) || std::ranges::any_of(one.metrics, names_classes) ||
           std::ranges::any_of(one.weighted_metrics, names_classes);
  };
  return all_name_classes({options.loss, {}, options.metrics, options.weighted_metrics}) ||
         std::ranges::any_of(options.outputs, [&](const auto& one) { return all_name_classes(one.second); });
}

std::string data_report(const Settings& settings, const Dataset& data, const DataFacts& facts,
                        const Model& model, const CompileOptions& compiled) {
  return fmt::format("{}, {}, {}{}", counted(static_cast<std::size_t>(data.size()), "sample", "samples"),
                     inputs_text(data, model), targets_text(settings, data, facts, model, compiled),
                     parts_text(settings, facts));
}

}  // namespace kairos::host::cli
