// SPDX-License-Identifier: MIT
// The flags of training and of validation data differ by their prefix only.
#include "cli/data_settings.hpp"

#include <algorithm>
#include <utility>

#include "data/array_file.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

HeaderPolicy header_policy(const std::string& text) {
  if (text == "detect") return HeaderPolicy::Detect;
  if (text == "true") return HeaderPolicy::Present;
  if (text == "false") return HeaderPolicy::Absent;
  throw Error(ErrorKind::Usage,
              {"KAIROS-U003", "--header", "the value is none of the choices", "\"" + text + "\"",
               "detect, true or false", suggest(text, {"detect", "true", "false"})});
}

char delimiter_of(const std::string& text) {
  if (text.empty()) return '\0';
  if (text == "\\t" || text == "tab") return '\t';
  if (text.size() == 1) return text.front();
  throw Error(ErrorKind::Usage, {"KAIROS-U003", "--delimiter", "the value is no single character",
                                 "\"" + text + "\"", "one character, or tab", "Write --delimiter ';'"});
}

std::vector<PortSource> sources_of(const Settings& settings, const std::string& key) {
  std::vector<PortSource> sources;
  for (NamedText& one : settings.named(key)) sources.push_back({std::move(one.name), std::move(one.value)});
  return sources;
}

/// One value without a name is `plain`; all others are `named`.
void take(const Settings& settings, const std::string& key, std::string& plain,
          std::vector<PortSource>& named) {
  named = sources_of(settings, key);
  plain.clear();
  if (named.size() != 1 || !named.front().port.empty()) return;
  plain = std::move(named.front().source);
  named.clear();
}

DataSpec spec_of(const Settings& settings, const PortNames& ports, const std::string& prefix) {
  DataSpec spec;
  spec.file = settings.text(prefix + "data");
  spec.inputs = sources_of(settings, prefix + "input");
  for (const PortSource& input : spec.inputs)
    if (input.port.empty())
      throw Error(ErrorKind::Usage,
                  {"KAIROS-U003", prefix.empty() ? "--input" : "--validation-input", "an input has no name",
                   "\"" + input.source + "\"", "NAME=FILE", "Write NAME=" + input.source});
  take(settings, prefix + "target", spec.target, spec.targets);
  take(settings, prefix + "sample_weight", spec.sample_weight, spec.sample_weights);
  spec.header = header_policy(settings.text("header"));
  spec.delimiter = delimiter_of(settings.text("delimiter"));
  spec.input_ports = ports.inputs;
  spec.output_ports = ports.outputs;
  return spec;
}

bool any_file(const std::string& plain, const std::vector<PortSource>& named) {
  return names_file(plain) || std::any_of(named.begin(), named.end(),
                                          [](const PortSource& one) { return names_file(one.source); });
}

/// Columns and arrays are called alike in training and validation; a file of training targets has no rows for
/// the samples of validation.
void inherit_roles(const Settings& settings, DataSpec& spec) {
  const bool has_target = settings.has("validation_target");
  const bool has_weight = settings.has("validation_sample_weight");
  DataSpec training;
  take(settings, "target", training.target, training.targets);
  take(settings, "sample_weight", training.sample_weight, training.sample_weights);
  if (!has_target && !any_file(training.target, training.targets)) {
    spec.target = training.target;
    spec.targets = training.targets;
  } else if (!has_target && spec.file.extension() != ".npz") {
    throw Error(ErrorKind::Usage,
                {"KAIROS-U012", "--validation-data", "the samples to validate on have no target",
                 "--target, which is a file for the training samples", "",
                 "Name a file of their targets with --validation-target"});
  }
  if (!has_weight && !any_file(training.sample_weight, training.sample_weights)) {
    spec.sample_weight = training.sample_weight;
    spec.sample_weights = training.sample_weights;
  }
}

}  // namespace

void require_data(const Settings& settings) {
  if (!settings.has("data") && !settings.has("input"))
    throw Error(ErrorKind::Usage, {"KAIROS-U005", "--data", "this setting is missing", "", "",
                                   "Name a .csv, .npy, .npz or IDX file, or file.h5:/path"});
}

LoadedData load(const Settings& settings, const PortNames& ports, Purpose purpose) {
  DataSpec spec = spec_of(settings, ports, "");
  spec.target_use = purpose == Purpose::Predict ? TargetUse::Optional : TargetUse::Required;
  return load_data(spec);
}

std::optional<Dataset> load_validation(const Settings& settings, const PortNames& ports, LoadedData& loaded) {
  if (settings.has("validation_data") || settings.has("validation_input")) {
    DataSpec spec = spec_of(settings, ports, "validation_");
    inherit_roles(settings, spec);
    spec.class_names = loaded.train.class_names;
    return load_data(spec).train;
  }
  for (const char* key : {"validation_target", "validation_sample_weight"})
    if (settings.has(key))
      throw Error(ErrorKind::Usage, {"KAIROS-U012",
                                     key == std::string("validation_target") ? "--validation-target"
                                                                             : "--validation-sample-weight",
                                     "there are no samples to validate on", "", "",
                                     "Name them with --validation-data or --validation-input"});
  return std::exchange(loaded.validation, std::nullopt);
}

}  // namespace kairos::host::cli
