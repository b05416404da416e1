// SPDX-License-Identifier: MIT
// x, y, sample_weight, and the same with a number or with _val.
#include "data/npz_dataset.hpp"

#include <map>
#include <utility>

#include "data/csv.hpp"
#include "io/npy.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

using Arrays = std::map<std::string, Array>;

/// Takes `stem`+`suffix`, else `stem`0+`suffix`, `stem`1+`suffix`, … out of `arrays`.
std::vector<NamedArray> take(Arrays& arrays, const std::string& stem, const std::string& suffix) {
  std::vector<NamedArray> taken;
  if (auto node = arrays.extract(stem + suffix)) {
    taken.push_back({"", std::move(node.mapped())});
    return taken;
  }
  while (auto node = arrays.extract(stem + std::to_string(taken.size()) + suffix))
    taken.push_back({"", std::move(node.mapped())});
  return taken;
}

Dataset take_dataset(Arrays& arrays, const DataSpec& spec, const std::string& suffix) {
  Dataset data;
  data.origin = spec.file.string();
  const auto stem = [](const std::string& asked, const char* usual) {
    return asked.empty() || names_file(asked) ? std::string(usual) : asked;
  };
  data.inputs = take(arrays, "x", suffix);
  data.targets = take(arrays, stem(spec.target, "y"), suffix);
  data.sample_weights = take(arrays, stem(spec.sample_weight, "sample_weight"), suffix);
  return data;
}

std::vector<std::string> names_of(const Arrays& arrays) {
  std::vector<std::string> names;
  for (const auto& [name, array] : arrays) names.push_back(name);
  return names;
}

[[noreturn]] void missing(const DataSpec& spec, const std::string& wanted,
                          const std::vector<std::string>& names) {
  throw Error(
      ErrorKind::Data,
      {"KAIROS-D042", spec.file.string(), "the archive has no array \"" + wanted + "\"", "",
       "x, y and, if you like, sample_weight, x_val, y_val, sample_weight_val", suggest(wanted, names)});
}

}  // namespace

LoadedData read_npz_dataset(const DataSpec& spec) {
  Arrays arrays = read_npz(spec.file);
  const std::vector<std::string> names = names_of(arrays);
  LoadedData loaded;
  loaded.train = take_dataset(arrays, spec, "");
  Dataset validation = take_dataset(arrays, spec, "_val");
  if (loaded.train.inputs.empty()) missing(spec, "x", names);
  if (loaded.train.targets.empty() && !names_file(spec.target) && spec.target_use == TargetUse::Required)
    missing(spec, spec.target.empty() ? "y" : spec.target, names);
  if (loaded.train.sample_weights.empty() && !spec.sample_weight.empty() && !names_file(spec.sample_weight))
    missing(spec, spec.sample_weight, names);
  if (!arrays.empty())
    throw Error(
        ErrorKind::Data,
        {"KAIROS-D043", spec.file.string(), "the archive has an array whose name means nothing here",
         "\"" + arrays.begin()->first + "\"", "",
         suggest(arrays.begin()->first, {"x", "y", "sample_weight", "x_val", "y_val", "sample_weight_val"})});
  if (validation.inputs.empty() && (!validation.targets.empty() || !validation.sample_weights.empty()))
    missing(spec, "x_val", names);
  if (!validation.inputs.empty()) {
    if (validation.targets.empty() && !loaded.train.targets.empty()) missing(spec, "y_val", names);
    loaded.validation = std::move(validation);
  }
  return loaded;
}

}  // namespace kairos::host
