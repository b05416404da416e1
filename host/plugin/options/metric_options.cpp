// SPDX-License-Identifier: MIT
// Options that name a key of the logs. They are checked when all keys are known.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "kairos/abi.h"
#include "kairos/host/error.hpp"
#include "plugin/options/options.hpp"

namespace kairos::host {

namespace {

/// Names that Keras 1 and 2 used in the logs.
constexpr std::array<std::pair<std::string_view, std::string_view>, 3> old_keys = {
    {{"acc", "accuracy"}, {"val_acc", "val_accuracy"}, {"lr", "learning_rate"}}};

std::string quoted_metric(std::string_view text) {
  return '"' + std::string(text) + '"';
}

/// The words of a key in sorted order, so that "kind_val_accuracy" equals "val_kind_accuracy".
std::vector<std::string_view> sorted_words(std::string_view key) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('_', begin), key.size());
    words.push_back(key.substr(begin, end - begin));
    begin = end + 1;
  }
  std::sort(words.begin(), words.end());
  return words;
}

/// The names of the keys of a run.
class Names {
 public:
  explicit Names(std::span<const LogKey> keys) {
    for (const LogKey& key : keys) names_.push_back(key.name);
  }

  [[nodiscard]] bool contain(std::string_view name) const {
    return std::ranges::find(names_, name) != names_.end();
  }
  [[nodiscard]] std::string text() const {
    return names_.empty() ? "none" : fmt::format("{}", fmt::join(names_, ", "));
  }
  /// A key of the same words in another order, else the one with the most similar spelling.
  [[nodiscard]] std::string nearest_to(const std::string& name) const {
    const auto same_words = [words = sorted_words(name)](const std::string& key) {
      return sorted_words(key) == words;
    };
    const auto found = std::ranges::find_if(names_, same_words);
    return found == names_.end() ? nearest(name, names_) : *found;
  }

 private:
  std::vector<std::string> names_;
};

[[noreturn]] void missing(const Names& names, const OptionSpec& option, const std::string& name,
                          bool set_by_user, std::string_view who) {
  std::string cure = "Set " + option.name + " to one of them";
  if (const std::string near = names.nearest_to(name); !near.empty())
    cure = "Did you mean " + quoted_metric(near) + "?";
  if (name.starts_with("val_") && names.contain(name.substr(4)))
    cure = fmt::format("Add validation data, or set {}={}", option.name, name.substr(4));
  throw Error(ErrorKind::Plugin,
              {"KAIROS-O026", fmt::format("{}, option {}", who, option.name), "no such metric in this run",
               quoted_metric(name) + (set_by_user ? "" : ", the default"), names.text(), cure});
}

}  // namespace

void rename_old_metrics(const CallbackManifest& callback, ResolvedOptions& options,
                        std::span<const LogKey> keys) {
  const Names names(keys);
  for (std::size_t i = 0; i < callback.options.size(); ++i) {
    OptionValue& value = options.values[i];
    if (callback.options[i].type != KAIROS_TYPE_METRIC || value.absent() || names.contain(value.text))
      continue;
    for (const auto& [old, now] : old_keys) {
      const std::string_view other = old == value.text ? now : now == value.text ? old : "";
      if (other.empty() || !names.contain(other)) continue;
      value.text = other;
      break;
    }
  }
}

std::vector<std::string> check_metrics(const CallbackManifest& callback, const ResolvedOptions& options,
                                       std::span<const LogKey> keys, std::string_view who) {
  const Names names(keys);
  std::vector<std::string> warnings;
  for (std::size_t i = 0; i < callback.options.size(); ++i) {
    const OptionSpec& option = callback.options[i];
    const OptionValue& value = options.values[i];
    if (option.type != KAIROS_TYPE_METRIC || value.absent() || names.contain(value.text)) continue;
    if (options.on_missing == OnMissing::Error) missing(names, option, value.text, options.given[i], who);
    if (options.on_missing == OnMissing::Warn)
      warnings.push_back(fmt::format("{}, option {}: there is no metric \"{}\" in this run; known are: {}",
                                     who, option.name, value.text, names.text()));
  }
  return warnings;
}

}  // namespace kairos::host
