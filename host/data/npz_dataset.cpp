// SPDX-License-Identifier: MIT
// x, y, sample_weight, the same with a number, or arrays with the names of the model's ports; each also with
// _val.
#include "data/npz_dataset.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "data/array_file.hpp"
#include "io/npy.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

using Arrays = std::map<std::string, Array>;

/// How the arrays of the inputs, the targets or the weights are named.
struct Group {
  std::string stem;                        ///< "x": by position, also x0, x1, …
  const std::vector<PortSource>& sources;  ///< by name, if the user gave some: then nothing else counts
  const std::vector<std::string>& ports;   ///< by name, if the archive has arrays with these names
  std::string port_prefix;                 ///< "sample_weight_", before the name of a port
};

class NpzReader {
 public:
  explicit NpzReader(const DataSpec& spec) : spec_(spec), arrays_(read_npz(spec.file)) {
    for (const auto& [name, array] : arrays_) names_.push_back(name);
  }

  LoadedData read() {
    LoadedData loaded;
    loaded.train = take_dataset("");
    Dataset validation = take_dataset("_val");
    if (loaded.train.inputs.empty()) missing("x", spec_.input_ports, input_cure());
    const bool has_targets = !loaded.train.targets.empty() || !spec_.targets.empty();
    if (!has_targets && !names_file(spec_.target) && spec_.target_use == TargetUse::Required)
      missing(
          spec_.target.empty() ? "y" : spec_.target, spec_.output_ports,
          spec_.target.empty() ? "Name the array of the target; the archive has: " + list_of(names_) : "");
    if (loaded.train.sample_weights.empty() && !spec_.sample_weight.empty() &&
        !names_file(spec_.sample_weight))
      missing(spec_.sample_weight, {});
    refuse_unused();
    if (validation.inputs.empty() && (!validation.targets.empty() || !validation.sample_weights.empty()))
      missing("x_val", {});
    if (!validation.inputs.empty()) {
      if (validation.targets.empty() && !loaded.train.targets.empty()) missing("y_val", {});
      loaded.validation = std::move(validation);
    }
    return loaded;
  }

 private:
  /// Moves `stem`+`suffix`, or `stem`0+`suffix`, `stem`1+`suffix`, … out of the arrays.
  std::vector<NamedArray> take_positional(const std::string& stem, const std::string& suffix) {
    std::vector<NamedArray> taken;
    if (auto node = arrays_.extract(stem + suffix)) {
      taken.push_back({"", std::move(node.mapped())});
      return taken;
    }
    while (auto node = arrays_.extract(stem + std::to_string(taken.size()) + suffix))
      taken.push_back({"", std::move(node.mapped())});
    return taken;
  }

  std::vector<NamedArray> take_sources(const Group& group, const std::string& suffix) {
    std::vector<NamedArray> taken;
    for (const PortSource& source : group.sources) {
      if (names_file(source.source)) continue;
      if (auto node = arrays_.extract(source.source + suffix))
        taken.push_back({source.port, std::move(node.mapped())});
      else if (suffix.empty())
        missing(source.source, {});
    }
    return taken;
  }

  std::vector<NamedArray> take_ports(const Group& group, const std::string& suffix) {
    std::vector<NamedArray> taken;
    const std::string* absent = nullptr;
    for (const std::string& port : group.ports)
      if (auto node = arrays_.extract(group.port_prefix + port + suffix))
        taken.push_back({port, std::move(node.mapped())});
      else
        absent = &port;
    // An output without weights is not weighted; a missing input or target is reported by the caller.
    if (!taken.empty() && absent != nullptr && group.port_prefix.empty())
      missing(*absent + suffix, group.ports);
    return taken;
  }

  std::vector<NamedArray> take(const Group& group, const std::string& suffix) {
    std::vector<NamedArray> named = take_sources(group, suffix);
    std::vector<NamedArray> positional = take_positional(group.stem, suffix);
    // Files given by the user replace the training arrays; those for validation are still in the archive.
    if (!group.sources.empty() && (suffix.empty() || !named.empty())) return named;
    return positional.empty() ? take_ports(group, suffix) : positional;
  }

  Dataset take_dataset(const std::string& suffix) {
    const auto stem = [](const std::string& asked, const char* usual) {
      return asked.empty() || names_file(asked) ? std::string(usual) : asked;
    };
    Dataset data;
    data.origin = spec_.file.string();
    data.inputs = take({"x", spec_.inputs, spec_.input_ports, ""}, suffix);
    data.targets = take({stem(spec_.target, "y"), spec_.targets, spec_.output_ports, ""}, suffix);
    data.sample_weights = take({stem(spec_.sample_weight, "sample_weight"), spec_.sample_weights,
                                spec_.output_ports, "sample_weight_"},
                               suffix);
    return data;
  }

  /// How to declare an array as an input, whatever its name.
  [[nodiscard]] std::string input_cure() const {
    // The ports of a shorthand model are unknown before its data are read.
    const std::string how = spec_.input_ports.empty()
                                ? "NAME=ARRAY (NAME is input_layer for a shorthand model)"
                                : spec_.input_ports.front() + "=ARRAY";
    return "Name it as the input " + how + "; the archive has: " + list_of(names_);
  }

  static std::string list_of(const std::vector<std::string>& names) {
    constexpr std::size_t listed = 20;
    std::string text;
    for (std::size_t i = 0; i < std::min(listed, names.size()); ++i) text += (i > 0 ? ", " : "") + names[i];
    return text + (names.size() > listed ? ", …" : "");
  }

  [[noreturn]] void missing(const std::string& wanted, const std::vector<std::string>& ports,
                            const std::string& cure = "") const {
    std::string expected = "x, y and optionally sample_weight, x_val, y_val, sample_weight_val";
    for (std::size_t i = 0; i < ports.size(); ++i) expected += (i == 0 ? "; or " : ", ") + ports[i];
    throw Error(ErrorKind::Data,
                {"KAIROS-D042", spec_.file.string(), "the archive has no array \"" + wanted + "\"", "",
                 expected, cure.empty() ? suggest(wanted, names_) : cure});
  }

  void refuse_unused() const {
    if (arrays_.empty()) return;
    std::vector<std::string> known{"x", "y", "sample_weight", "x_val", "y_val", "sample_weight_val"};
    known.insert(known.end(), spec_.input_ports.begin(), spec_.input_ports.end());
    known.insert(known.end(), spec_.output_ports.begin(), spec_.output_ports.end());
    throw Error(ErrorKind::Data,
                {"KAIROS-D043", spec_.file.string(), "the archive has an array with an unexpected name",
                 "\"" + arrays_.begin()->first + "\"", "", suggest(arrays_.begin()->first, known)});
  }

  const DataSpec& spec_;
  Arrays arrays_;
  std::vector<std::string> names_;
};

}  // namespace

LoadedData read_npz_dataset(const DataSpec& spec) {
  return NpzReader(spec).read();
}

}  // namespace kairos::host
