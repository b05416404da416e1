// SPDX-License-Identifier: MIT
// x, y, sample_weight, the same with a number, or arrays with the names of the model's ports; each also with
// _val. x_train is read as x, and x_test then as x_val, as in the archives that Keras offers.
#include "data/npz_dataset.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/name_list.hpp"
#include "data/array_file.hpp"
#include "data/text_labels.hpp"
#include "io/npy.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

using Arrays = std::map<std::string, Array>;
using Names = std::vector<std::string>;

constexpr std::string_view train_ending = "_train";

/// How the arrays of the inputs, the targets or the weights are named.
struct Group {
  std::string stem;                        ///< "x": by position, also x0, x1, …
  const std::vector<PortSource>& sources;  ///< by name, if the user gave some: then nothing else counts
  const Names& ports;                      ///< by name, if the archive has arrays with these names
  std::string port_prefix;                 ///< "sample_weight_", before the name of a port
  bool is_file = false;                    ///< whether a separate file has the training array
};

enum class Part { Training, Validation };

/// "x" of "x_train"; any other name unchanged.
std::string without_train(const std::string& name) {
  return name.ends_with(train_ending) ? name.substr(0, name.size() - train_ending.size()) : name;
}

/// Decides by the names which arrays have which role. With arrays that are empty, it finds out which ones
/// have to be read.
class NpzReader {
 public:
  NpzReader(const DataSpec& spec, const Names& names, Arrays arrays)
      : spec_(spec), names_(names), arrays_(std::move(arrays)) {}

  LoadedData read() {
    LoadedData loaded;
    loaded.train = take_dataset(Part::Training);
    Dataset validation = take_dataset(Part::Validation);
    if (loaded.train.inputs.empty()) missing("x", spec_.input_ports, input_cure());
    const bool has_targets = !loaded.train.targets.empty() || !spec_.targets.empty();
    if (!has_targets && !names_file(spec_.target) && spec_.target_use == TargetUse::Required)
      missing(spec_.target.empty() ? "y" : spec_.target, spec_.output_ports,
              spec_.target.empty() ? "Name the array of the target; the archive has: " + joined_names(names_)
                                   : "");
    if (loaded.train.sample_weights.empty() && !spec_.sample_weight.empty() &&
        !names_file(spec_.sample_weight))
      missing(spec_.sample_weight, {});
    loaded.train.notes = left_out();
    if (validation.inputs.empty() && (!validation.targets.empty() || !validation.sample_weights.empty()))
      missing("x" + validation_ending(), {});
    if (!validation.inputs.empty()) {
      if (validation.targets.empty() && !loaded.train.targets.empty()) missing("y" + validation_ending(), {});
      loaded.validation = std::move(validation);
    }
    return loaded;
  }

  /// The names of the arrays that have a role.
  [[nodiscard]] const std::set<std::string>& used() const noexcept { return used_; }
  [[nodiscard]] const Names& targets() const noexcept { return targets_; }
  [[nodiscard]] const Names& validation_targets() const noexcept { return validation_targets_; }

 private:
  using Node = Arrays::node_type;

  Node extract(const std::string& name) {
    Node node = arrays_.extract(name);
    if (node) used_.insert(name);
    return node;
  }

  /// Moves `stem`+`suffix`, or `stem`0+`suffix`, `stem`1+`suffix`, … out of the arrays.
  std::vector<NamedArray> take_positional(const std::string& stem, const std::string& suffix) {
    std::vector<NamedArray> taken;
    if (Node node = extract(stem + suffix)) {
      taken.push_back({"", std::move(node.mapped())});
      return taken;
    }
    while (Node node = extract(stem + std::to_string(taken.size()) + suffix))
      taken.push_back({"", std::move(node.mapped())});
    return taken;
  }

  std::vector<NamedArray> take_sources(const Group& group, Part part, const std::string& suffix) {
    std::vector<NamedArray> taken;
    for (const PortSource& source : group.sources) {
      if (names_file(source.source)) continue;
      Node node = extract(part == Part::Training ? source.source : source.source + suffix);
      if (!node && part == Part::Validation) node = extract(without_train(source.source) + suffix);
      if (node)
        taken.push_back({source.port, std::move(node.mapped())});
      else if (part == Part::Training)
        missing(source.source, {});
      if (part == Part::Training) is_split_ = is_split_ || source.source.ends_with(train_ending);
    }
    return taken;
  }

  std::vector<NamedArray> take_ports(const Group& group, const std::string& suffix) {
    std::vector<NamedArray> taken;
    const std::string* absent = nullptr;
    for (const std::string& port : group.ports)
      if (Node node = extract(group.port_prefix + port + suffix))
        taken.push_back({port, std::move(node.mapped())});
      else
        absent = &port;
    // An output without weights is not weighted; a missing input or target is reported by the caller.
    if (!taken.empty() && absent != nullptr && group.port_prefix.empty())
      missing(*absent + suffix, group.ports);
    return taken;
  }

  std::vector<NamedArray> take_with(const Group& group, Part part, const std::string& suffix) {
    std::vector<NamedArray> positional = take_positional(group.stem, suffix);
    if (positional.empty() && part == Part::Validation)
      positional = take_positional(without_train(group.stem), suffix);
    return positional.empty() ? take_ports(group, suffix) : positional;
  }

  std::vector<NamedArray> take(const Group& group, Part part) {
    const bool training = part == Part::Training;
    // Files given by the user replace the training arrays; those for validation are still in the archive.
    if (training && group.is_file) return {};
    if (training && !group.sources.empty()) return take_sources(group, part, "");
    const Names suffixes = training    ? Names{"", std::string(train_ending)}
                           : is_split_ ? Names{"_val", "_test"}
                                       : Names{"_val"};
    for (const std::string& suffix : suffixes) {
      std::vector<NamedArray> taken = take_sources(group, part, suffix);
      if (taken.empty()) taken = take_with(group, part, suffix);
      if (taken.empty()) continue;
      is_split_ = is_split_ || (training && (suffix == train_ending || group.stem.ends_with(train_ending)));
      return taken;
    }
    return {};
  }

  Dataset take_dataset(Part part) {
    const auto stem = [](const std::string& asked, const char* usual) {
      return asked.empty() || names_file(asked) ? std::string(usual) : asked;
    };
    Dataset data;
    data.origin = spec_.file.string();
    data.inputs = take({"x", spec_.inputs, spec_.input_ports, ""}, part);
    const std::set<std::string> before = used_;
    data.targets = take(
        {stem(spec_.target, "y"), spec_.targets, spec_.output_ports, "", names_file(spec_.target)}, part);
    std::set_difference(used_.begin(), used_.end(), before.begin(), before.end(),
                        std::back_inserter(part == Part::Training ? targets_ : validation_targets_));
    data.sample_weights = take({stem(spec_.sample_weight, "sample_weight"), spec_.sample_weights,
                                spec_.output_ports, "sample_weight_", names_file(spec_.sample_weight)},
                               part);
    return data;
  }

  /// Of the validation arrays that the archive has.
  [[nodiscard]] std::string validation_ending() const {
    const bool is_test =
        std::ranges::any_of(used_, [](const std::string& one) { return one.ends_with("_test"); });
    return is_test ? "_test" : "_val";
  }

  /// How to declare an array as an input, whatever its name.
  [[nodiscard]] std::string input_cure() const {
    // The ports of a shorthand model are unknown before its data are read.
    const std::string how = spec_.input_ports.empty()
                                ? "NAME=ARRAY (NAME is input_layer for a shorthand model)"
                                : spec_.input_ports.front() + "=ARRAY";
    return "Name it as the input " + how + "; the archive has: " + joined_names(names_);
  }

  [[noreturn]] void missing(const std::string& wanted, const Names& ports,
                            const std::string& cure = "") const {
    std::string expected = "x, y and optionally sample_weight, x_val, y_val, sample_weight_val";
    for (std::size_t i = 0; i < ports.size(); ++i) expected += (i == 0 ? "; or " : ", ") + ports[i];
    throw Error(ErrorKind::Data,
                {"KAIROS-D042", spec_.file.string(), "the archive has no array \"" + wanted + "\"", "",
                 expected, cure.empty() ? suggest(wanted, names_) : cure});
  }

  /// Arrays without a role, as columns of a table that nothing asks for; where the user lists the inputs,
  /// others are left out intentionally. One that has nearly the name of a role that no array has is more
  /// likely a typing error.
  [[nodiscard]] Names left_out() const {
    if (arrays_.empty() || !spec_.inputs.empty()) return {};
    Names absent{"sample_weight", "x_val", "y_val", "sample_weight_val"};
    if (is_split_) absent.insert(absent.end(), {"x_test", "y_test"});
    absent.insert(absent.end(), spec_.input_ports.begin(), spec_.input_ports.end());
    absent.insert(absent.end(), spec_.output_ports.begin(), spec_.output_ports.end());
    std::erase_if(absent, [&](const std::string& name) {
      return name.size() < 3 || std::find(names_.begin(), names_.end(), name) != names_.end();
    });
    Names others;
    for (const auto& [name, array] : arrays_) {
      others.push_back(name);
      if (const std::string near = name.size() < 3 ? "" : nearest(name, absent); !near.empty())
        throw Error(ErrorKind::Data,
                    {"KAIROS-D043", spec_.file.string(), "the archive has an array with an unexpected name",
                     "\"" + name + "\"", "",
                     "Did you mean \"" + near + "\"? Rename it, or save the archive without it"});
    }
    return {spec_.file.string() + ": " +
            (others.size() == 1 ? "an array that nothing asks for is left out: "
                                : "arrays that nothing asks for are left out: ") +
            joined_names(others)};
  }

  const DataSpec& spec_;
  const Names& names_;
  Arrays arrays_;
  std::set<std::string> used_;
  Names targets_, validation_targets_;
  bool is_split_ = false;  ///< whether the training arrays have names that end in _train
};

/// Numbers of the validation would not be those of the labels, or the opposite.
void refuse_mixed_targets(const DataSpec& spec, const NpzReader& plan, const Arrays& labels) {
  const auto text_count = [&](const Names& names) {
    return std::ranges::count_if(names, [&](const std::string& name) { return labels.contains(name); });
  };
  const auto training = text_count(plan.targets()), validation = text_count(plan.validation_targets());
  if (plan.targets().empty() || plan.validation_targets().empty() || training == validation) return;
  throw Error(ErrorKind::Data,
              {"KAIROS-D342", spec.file.string(), "the targets of training and validation differ in kind",
               training > 0 ? "labels as text, and numbers for the validation"
                            : "numbers, and labels as text for the validation",
               "both as text or both as numbers", "Write both with the same program"});
}

}  // namespace

LoadedData read_npz_dataset(const DataSpec& spec) {
  const NpzFile file(spec.file);
  Arrays unread;
  for (const std::string& name : file.names()) unread.emplace(name, Array{});
  NpzReader plan(spec, file.names(), std::move(unread));
  const LoadedData planned = plan.read();
  std::set<std::string> of_numbers = plan.used();
  Arrays labels;
  Names class_names = spec.class_names;
  for (const Names* targets : {&plan.targets(), &plan.validation_targets()})
    for (const std::string& name : *targets) {
      TextArray texts = file.read_text(name);
      if (!texts.is_text) continue;
      const std::string origin = spec.file.string() + ":" + name;
      if (targets == &plan.targets() && !labels.empty()) refuse_second_text_target(origin);
      labels.emplace(name, number_labels(std::move(texts), origin, spec.encoding, class_names));
      of_numbers.erase(name);
    }
  refuse_mixed_targets(spec, plan, labels);
  Arrays arrays = file.read(of_numbers);
  const bool has_labels = !labels.empty();
  arrays.merge(labels);
  LoadedData loaded = NpzReader(spec, file.names(), std::move(arrays)).read();
  if (has_labels) loaded.train.class_names = class_names;
  if (has_labels && loaded.validation) loaded.validation->class_names = class_names;
  loaded.train.notes = planned.train.notes;
  return loaded;
}

}  // namespace kairos::host
