// SPDX-License-Identifier: MIT
// Reads the declaration of a loaded plugin. The size that the plugin gives for each struct says how much of
// it may be read.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "base/printable.hpp"
#include "plugin/manifest/manifest.hpp"
#include "plugin/manifest/rules.hpp"
#include "plugin/refusal.hpp"

namespace kairos::host {

namespace {

/// Sizes in the first release: the end of the last field of 1.0. No SDK has produced a smaller struct.
constexpr std::size_t plugin_size_1_0 = offsetof(kairos_plugin, flags) + sizeof(kairos_plugin::flags);
constexpr std::size_t callback_size_1_0 = offsetof(kairos_callback, after) + sizeof(kairos_callback::after);
constexpr std::size_t option_size_1_0 =
    offsetof(kairos_option, reserved_end) + sizeof(kairos_option::reserved_end);
constexpr std::size_t hooks_size_1_0 =
    offsetof(kairos_hooks, on_artifact) + sizeof(kairos_hooks::on_artifact);

/// All hooks but create and destroy, which every callback has, in the order of kairos_hooks.
constexpr std::array slots = [] {
  std::array all{
      HookSlot{"state_save", offsetof(kairos_hooks, state_save)},
      HookSlot{"state_load", offsetof(kairos_hooks, state_load)},
#define KAIROS_DETAIL_HOOK(name, EventClass, Event, place) HookSlot{#name, offsetof(kairos_hooks, name)},
#include "kairos/abi/hook_list.inc"
  };
  std::ranges::sort(all, {}, &HookSlot::offset);
  return all;
}();
// Fails to compile if the list lacks a hook.
static_assert(sizeof(kairos_hooks) == 2 * sizeof(std::uint32_t) + (slots.size() + 2) * sizeof(void (*)()));

void check_size(const FieldName& field, std::uint32_t size, std::size_t least) {
  if (size < least)
    throw BrokenRule{field, fmt::format("a struct of {} bytes", size),
                     fmt::format("at least {} bytes", least)};
}

std::string text_of(const char* text, const FieldName& field) {
  if (text == nullptr) return "";
  const std::size_t length = ::strnlen(text, longest_text + 1);
  if (length > longest_text)
    throw BrokenRule{field, "an unterminated string", fmt::format("at most {} bytes", longest_text)};
  return {text, length};
}

std::vector<std::string> words_of(const char* list, const FieldName& field) {
  std::vector<std::string> words;
  const std::string text = text_of(list, field);
  if (text.empty()) return words;
  for (std::size_t start = 0; start <= text.size();) {
    const std::size_t end = std::min(text.find(',', start), text.size());
    words.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

/// Of the bits that only a newer host knows, those of `vital` must not be passed over.
template <class T>
T known_bits(T bits, T known, T vital, bool newer, const FieldName& field) {
  const T unknown = bits & ~known;
  if (unknown == 0) return bits;
  const BrokenRule rule{field, fmt::format("{:#x}", unknown), "bits of this ABI"};
  if (!newer) throw BrokenRule{rule};
  if ((unknown & vital) != 0) throw NeedsNewerHost{rule};
  return bits & known;
}

constexpr std::uint32_t vital_flags = 0xFFFF;
constexpr std::uint64_t vital_capabilities = 0;  // an unknown one is not granted

template <class T, std::size_t N>
constexpr T all_bits(const std::array<std::pair<std::string_view, T>, N>& table) {
  T bits = 0;
  for (const auto& entry : table) bits |= entry.second;
  return bits;
}

OptionValue value_of(const kairos_value& value, const FieldName& field) {
  OptionValue copy;
  copy.type = value.type;
  switch (value.type) {
    case KAIROS_TYPE_ABSENT:
      break;
    case KAIROS_TYPE_BOOL:
    case KAIROS_TYPE_INT:
    case KAIROS_TYPE_DURATION:
      copy.integer = value.integer;
      if (value.type == KAIROS_TYPE_BOOL && value.integer != 0 && value.integer != 1)
        throw BrokenRule{field, std::to_string(value.integer), "0 or 1"};
      break;
    case KAIROS_TYPE_FLOAT:
      copy.number = value.number;
      break;
    default:
      if (value.text.length > longest_text || (value.text.ptr == nullptr && value.text.length != 0))
        throw BrokenRule{field, fmt::format("a text of {} bytes", value.text.length),
                         fmt::format("at most {} bytes", longest_text)};
      if (value.text.length != 0) copy.text.assign(value.text.ptr, value.text.length);
  }
  return copy;
}

OptionSpec describe(const kairos_option& data, const std::string& id, bool newer) {
  check_size(callback_field(id, "option"), data.size, option_size_1_0);
  OptionSpec option;
  option.name = text_of(data.name, callback_field(id, "option, name"));
  const auto field = [&](std::string_view name) { return option_field(id, option.name, name); };
  option.flags = known_bits(data.flags, all_bits(option_flag_table), vital_flags, newer, field("flags"));
  option.type = data.type;
  option.item_type = data.item_type;
  option.help = text_of(data.help, field("help"));
  option.deprecated = text_of(data.deprecated, field("deprecated"));
  option.aliases = words_of(data.aliases, field("aliases"));
  option.unit = text_of(data.unit, field("unit"));
  option.choices = words_of(data.choices, field("choices"));
  option.initial = value_of(data.initial, field("default"));
  option.min = value_of(data.min, field("min"));
  option.max = value_of(data.max, field("max"));
  return option;
}

std::vector<std::string> hooks_of(const kairos_hooks& data, const FieldName& field) {
  check_size(field, data.size, hooks_size_1_0);
  if (data.create == nullptr) throw BrokenRule{field, "no create", "a function that makes an instance"};
  std::vector<std::string> names;
  for (const HookSlot& slot : slots) {
    if (slot.offset + sizeof(void (*)()) > data.size) break;
    void (*function)() = nullptr;
    std::memcpy(&function, reinterpret_cast<const std::byte*>(&data) + slot.offset, sizeof function);
    if (function != nullptr) names.emplace_back(slot.name);
  }
  return names;
}

CallbackManifest describe(const kairos_callback& data, bool newer) {
  check_size("callback", data.size, callback_size_1_0);
  CallbackManifest callback;
  callback.id = text_of(data.id, "callback, id");
  const auto field = [&callback](std::string_view name) { return callback_field(callback.id, name); };
  callback.summary = text_of(data.summary, field("summary"));
  callback.phase = data.phase;
  callback.capabilities = known_bits(data.capabilities, all_bits(capability_table), vital_capabilities, newer,
                                     field("capabilities"));
  callback.flags = known_bits(data.flags, all_bits(callback_flag_table), vital_flags, newer, field("flags"));
  callback.publishes = words_of(data.publishes, field("publishes"));
  callback.aliases = words_of(data.aliases, field("aliases"));
  callback.before = words_of(data.before, field("before"));
  callback.after = words_of(data.after, field("after"));
  callback.state_version = data.state_version;
  callback.oldest_state_version = data.oldest_state_version;
  if (data.hooks == nullptr) throw BrokenRule{field("hooks"), "null", "a table of hooks"};
  callback.hooks = hooks_of(*data.hooks, field("hooks"));
  if (data.option_count > most_options || (data.option_count != 0 && data.options == nullptr))
    throw BrokenRule{field("options"), fmt::format("{} options", data.option_count),
                     fmt::format("at most {}", most_options)};
  for (std::uint32_t i = 0; i < data.option_count; ++i) {
    if (data.options[i] == nullptr) throw BrokenRule{field("options"), "null", "an option"};
    callback.options.push_back(describe(*data.options[i], callback.id, newer));
  }
  return callback;
}

Manifest read(const kairos_plugin& data) {
  if (data.magic != KAIROS_PLUGIN_MAGIC)
    throw BrokenRule{"magic", fmt::format("{:#010x}", data.magic),
                     fmt::format("{:#010x}", KAIROS_PLUGIN_MAGIC)};
  check_size("plugin", data.size, plugin_size_1_0);
  if (data.major != KAIROS_ABI_MAJOR)
    throw BrokenRule{"major", std::to_string(data.major), std::to_string(KAIROS_ABI_MAJOR)};
  Manifest manifest;
  manifest.major = data.major;
  manifest.minor_required = data.minor_required;
  manifest.minor_built = data.minor_built;
  manifest.version = text_of(data.version, "version");
  if (data.callback_count > most_callbacks || (data.callback_count != 0 && data.callbacks == nullptr))
    throw BrokenRule{"callbacks", fmt::format("{} callbacks", data.callback_count),
                     fmt::format("at most {}", most_callbacks)};
  for (std::uint32_t i = 0; i < data.callback_count; ++i) {
    if (data.callbacks[i] == nullptr) throw BrokenRule{"callbacks", "null", "a callback"};
    manifest.callbacks.push_back(describe(*data.callbacks[i], data.minor_built > KAIROS_ABI_MINOR));
  }
  check_rules(manifest);
  return manifest;
}

}  // namespace

std::span<const HookSlot> hook_slots() noexcept {
  return slots;
}

Manifest describe(const kairos_plugin& plugin) {
  try {
    return read(plugin);
  } catch (const NeedsNewerHost& rule) {
    throw newer_host_needed(rule, plugin.minor_built);
  } catch (const BrokenRule& rule) {
    throw refusal(RefusalCode::BadData, {"", printable(rule.field + ": " + rule.found), rule.expected});
  }
}

}  // namespace kairos::host
