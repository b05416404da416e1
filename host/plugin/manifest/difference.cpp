// SPDX-License-Identifier: MIT
// Finds the first field in which two manifests differ.
#include <fmt/format.h>

#include <cmath>

#include "plugin/manifest/manifest.hpp"
#include "plugin/manifest/rules.hpp"

namespace kairos::host {

namespace {

std::string shown(const std::string& text) {
  return text.empty() ? "nothing" : '"' + text + '"';
}

std::string shown(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list.empty() ? "none" : list;
}

std::string shown(const OptionValue& value) {
  return value.absent() ? "none" : fmt::format("{} {}", type_name(value.type), value_text(value));
}

std::string shown(std::uint32_t number) {
  return std::to_string(number);
}

class Comparison {
 public:
  /// True once a difference was found; the first one is kept.
  template <class T>
  bool differs(const T& manifest, const T& data, const FieldName& field) {
    if (manifest == data) return false;
    difference_ = ManifestDifference{field, shown(manifest), shown(data)};
    return true;
  }

  bool differs(const OptionSpec& manifest, const OptionSpec& data, const std::string& id) {
    const auto field = [&](std::string_view name) { return option_field(id, manifest.name, name); };
    return differs(manifest.name, data.name, field("name")) ||
           differs(std::string(type_name(manifest.type)), std::string(type_name(data.type)), field("type")) ||
           differs(std::string(type_name(manifest.item_type)), std::string(type_name(data.item_type)),
                   field("items")) ||
           differs(names_of(option_flag_table, manifest.flags), names_of(option_flag_table, data.flags),
                   field("flags")) ||
           differs(manifest.help, data.help, field("help")) ||
           differs(manifest.deprecated, data.deprecated, field("deprecated")) ||
           differs(manifest.aliases, data.aliases, field("aliases")) ||
           differs(manifest.unit, data.unit, field("unit")) ||
           differs(manifest.choices, data.choices, field("choices")) ||
           differs(manifest.initial, data.initial, field("default")) ||
           differs(manifest.min, data.min, field("min")) || differs(manifest.max, data.max, field("max"));
  }

  bool differs(const CallbackManifest& manifest, const CallbackManifest& data) {
    const auto field = [&](std::string_view name) { return callback_field(manifest.id, name); };
    if (differs(manifest.id, data.id, field("id")) ||
        differs(manifest.summary, data.summary, field("summary")) ||
        differs(std::string(phase_name(manifest.phase)), std::string(phase_name(data.phase)),
                field("phase")) ||
        differs(capability_names(manifest.capabilities), capability_names(data.capabilities),
                field("capabilities")) ||
        differs(names_of(callback_flag_table, manifest.flags), names_of(callback_flag_table, data.flags),
                field("flags")) ||
        differs(manifest.publishes, data.publishes, field("publishes")) ||
        differs(manifest.aliases, data.aliases, field("aliases")) ||
        differs(manifest.before, data.before, field("before")) ||
        differs(manifest.after, data.after, field("after")) ||
        differs(manifest.state_version, data.state_version, field("state_version")) ||
        differs(manifest.oldest_state_version, data.oldest_state_version, field("oldest_state_version")) ||
        differs(manifest.hooks, data.hooks, field("hooks")) ||
        differs(count(manifest.options), count(data.options), field("number of options")))
      return true;
    for (std::size_t i = 0; i < manifest.options.size(); ++i)
      if (differs(manifest.options[i], data.options[i], manifest.id)) return true;
    return false;
  }

  std::optional<ManifestDifference> first(const Manifest& manifest, const Manifest& data) {
    if (differs(std::uint32_t{manifest.major}, std::uint32_t{data.major}, "major") ||
        differs(std::uint32_t{manifest.minor_required}, std::uint32_t{data.minor_required},
                "minor required") ||
        differs(std::uint32_t{manifest.minor_built}, std::uint32_t{data.minor_built}, "minor built") ||
        differs(manifest.version, data.version, "version") ||
        differs(count(manifest.callbacks), count(data.callbacks), "number of callbacks"))
      return difference_;
    for (std::size_t i = 0; i < manifest.callbacks.size(); ++i)
      if (differs(manifest.callbacks[i], data.callbacks[i])) return difference_;
    return std::nullopt;
  }

 private:
  template <class T>
  static std::uint32_t count(const std::vector<T>& entries) {
    return static_cast<std::uint32_t>(entries.size());
  }

  template <class Table>
  static std::vector<std::string> names_of(const Table& table, std::uint32_t flags) {
    std::vector<std::string> names;
    for (const auto& [name, bit] : table)
      if ((flags & bit) != 0) names.emplace_back(name);
    return names;
  }

  std::optional<ManifestDifference> difference_;
};

}  // namespace

bool OptionValue::operator==(const OptionValue& other) const {
  if (type != other.type) return false;
  switch (type) {
    case KAIROS_TYPE_ABSENT:
      return true;
    case KAIROS_TYPE_BOOL:
    case KAIROS_TYPE_INT:
    case KAIROS_TYPE_DURATION:
      return integer == other.integer;
    case KAIROS_TYPE_FLOAT:
      return number == other.number || (std::isnan(number) && std::isnan(other.number));
    default:
      return text == other.text;
  }
}

std::string_view CallbackManifest::short_name() const noexcept {
  const std::string_view whole = id;
  return whole.substr(whole.rfind('.') + 1);
}

std::string_view type_name(std::int32_t type) noexcept {
  if (type == KAIROS_TYPE_ABSENT) return "absent";
  for (const auto& [name, number] : type_table)
    if (number == type) return name;
  return "unknown";
}

std::string_view phase_name(std::int32_t phase) noexcept {
  for (const auto& [name, number] : phase_table)
    if (number == phase) return name;
  return "unknown";
}

std::vector<std::string> capability_names(std::uint64_t capabilities) {
  std::vector<std::string> names;
  for (const auto& [name, bit] : capability_table)
    if ((capabilities & bit) != 0) names.emplace_back(name);
  return names;
}

std::optional<ManifestDifference> first_difference(const Manifest& manifest, const Manifest& data) {
  return Comparison().first(manifest, data);
}

}  // namespace kairos::host
