// SPDX-License-Identifier: MIT
// Reads the JSON of a manifest. No unknown key is silently ignored.
#include "plugin/manifest/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <optional>

#include "base/printable.hpp"
#include "plugin/manifest/json.hpp"
#include "plugin/manifest/rules.hpp"
#include "plugin/refusal.hpp"

namespace kairos::host {

namespace {

using Kind = JsonValue::Kind;

/// "0x1.8p+1", "-0x1p-3", "nan", "inf", "-inf"
std::optional<double> read_hex_float(std::string_view text) {
  if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  double value = 0;
  if (text == "inf") {
    value = std::numeric_limits<double>::infinity();
  } else {
    if (!text.starts_with("0x")) return std::nullopt;
    text.remove_prefix(2);
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::hex);
    if (error != std::errc() || end != text.data() + text.size() || text.starts_with('-'))
      return std::nullopt;
  }
  return negative ? -value : value;
}

/// Reads objects, naming fields in its errors.
class Reader {
 public:
  explicit Reader(bool newer) : newer_(newer) {}

  Manifest manifest(const JsonValue& object) const {
    expect_object(object, "manifest");
    known_keys(object, "", {"version", "sdk", "compiler", "about", "callbacks"});
    Manifest manifest;
    manifest.version = text(object, "version", "version");
    manifest.sdk = text(object, "sdk", "sdk");
    manifest.compiler = text(object, "compiler", "compiler");
    manifest.about = about(object);
    for (const JsonValue& entry : list(object, "callbacks", "callbacks", most_callbacks))
      if (counts(entry, Kind::Object)) manifest.callbacks.push_back(callback(entry));
    return manifest;
  }

 private:
  /// Values that are no texts, and further keys, mean nothing.
  static About about(const JsonValue& object) {
    About about;
    const JsonValue* const given = object.find("about");
    if (given == nullptr) return about;
    std::size_t bytes = 0;
    for (const auto& [key, field] : {std::pair{"author", &About::author},
                                     {"license", &About::license},
                                     {"url", &About::url},
                                     {"description", &About::description},
                                     {"support", &About::support}}) {
      const JsonValue* const text = given->find(key);
      if (text == nullptr || !text->is(Kind::Text)) continue;
      about.*field = text->text;
      bytes += text->text.size();
    }
    if (bytes > longest_about)
      throw BrokenRule{"about", fmt::format("{} bytes", bytes),
                       fmt::format("at most {} bytes", longest_about)};
    return about;
  }

  CallbackManifest callback(const JsonValue& object) const {
    expect_object(object, "callbacks");
    CallbackManifest callback;
    callback.id = text(object, "id", "callbacks, id");
    const auto field = [&callback](std::string_view name) { return callback_field(callback.id, name); };
    known_keys(object, callback.id,
               {"id", "summary", "phase", "capabilities", "flags", "publishes", "aliases", "before", "after",
                "state_version", "oldest_state_version", "hooks", "options"});
    callback.summary = text(object, "summary", field("summary"));
    callback.phase = word(text(object, "phase", field("phase")), phase_table, field("phase"));
    for (const std::string& name : words(object, "capabilities", field("capabilities")))
      callback.capabilities |= capability(name, field("capabilities"));
    for (const std::string& name : words(object, "flags", field("flags")))
      callback.flags |= word(name, callback_flag_table, field("flags"));
    callback.publishes = words(object, "publishes", field("publishes"));
    callback.aliases = words(object, "aliases", field("aliases"));
    callback.before = words(object, "before", field("before"));
    callback.after = words(object, "after", field("after"));
    callback.state_version = natural(object, "state_version", field("state_version"));
    callback.oldest_state_version = natural(object, "oldest_state_version", field("oldest_state_version"));
    callback.hooks = hooks(words(object, "hooks", field("hooks")), field("hooks"));
    for (const JsonValue& entry : list(object, "options", field("options"), most_options))
      if (counts(entry, Kind::Object)) callback.options.push_back(option(entry, callback.id));
    return callback;
  }

  OptionSpec option(const JsonValue& object, const std::string& id) const {
    expect_object(object, callback_field(id, "options"));
    OptionSpec option;
    option.name = text(object, "name", callback_field(id, "options"));
    const auto field = [&](std::string_view name) { return option_field(id, option.name, name); };
    known_keys(object, id,
               {"name", "type", "items", "help", "deprecated", "unit", "aliases", "choices", "flags",
                "default", "min", "max"});
    const std::string type = text(object, "type", field("type"));
    option.type = word(type, type_table, field("type"));
    if (object.find("items") != nullptr)
      option.item_type = word(text(object, "items", field("items")), type_table, field("items"));
    option.help = text(object, "help", field("help"));
    option.deprecated = text(object, "deprecated", field("deprecated"));
    option.unit = text(object, "unit", field("unit"));
    option.aliases = words(object, "aliases", field("aliases"));
    option.choices = words(object, "choices", field("choices"));
    for (const std::string& name : words(object, "flags", field("flags")))
      option.flags |= word(name, option_flag_table, field("flags"));
    option.initial = value(object, "default", option.type, field("default"));
    const std::int32_t bounded = option.type == KAIROS_TYPE_LIST ? option.item_type : option.type;
    option.min = value(object, "min", bounded, field("min"));
    option.max = value(object, "max", bounded, field("max"));
    return option;
  }

  static OptionValue value(const JsonValue& object, const char* key, std::int32_t type,
                           const FieldName& field) {
    OptionValue value;
    const JsonValue* const given = object.find(key);
    if (given == nullptr) return value;
    value.type = type;
    switch (type) {
      case KAIROS_TYPE_BOOL:
        if (!given->is(Kind::Boolean)) fail(field, *given, "true or false");
        value.integer = given->integer;
        break;
      case KAIROS_TYPE_INT:
      case KAIROS_TYPE_DURATION:
        if (!given->is(Kind::Integer)) fail(field, *given, "a whole number of 64 bits");
        value.integer = given->integer;
        break;
      case KAIROS_TYPE_FLOAT: {
        if (is_number(*given)) {
          value.number = given->number;
          break;
        }
        const auto number = given->is(Kind::Text) ? read_hex_float(given->text) : std::nullopt;
        if (!number) fail(field, *given, "a number, or the text of a hexadecimal one");
        value.number = *number;
        break;
      }
      default:
        if (!given->is(Kind::Text)) fail(field, *given, "a text");
        value.text = given->text;
    }
    return value;
  }

  std::vector<std::string> hooks(const std::vector<std::string>& names, const FieldName& field) const {
    std::vector<std::string> known;
    std::size_t next = 0;
    for (const std::string& name : names) {
      const auto slots = hook_slots();
      const auto slot =
          std::find_if(slots.begin(), slots.end(), [&name](const HookSlot& s) { return s.name == name; });
      if (slot == slots.end()) {
        if (newer_) continue;
        throw BrokenRule{field, '"' + name + '"', "hooks of this ABI"};
      }
      const auto index = static_cast<std::size_t>(slot - slots.begin());
      if (index < next)
        throw BrokenRule{field, '"' + name + "\" out of order or twice", "the order of kairos_hooks"};
      next = index + 1;
      known.push_back(name);
    }
    return known;
  }

  /// The number of a word. One that only a newer host knows is refused, because passing over it would change
  /// what the others mean. A later flag that may be ignored is therefore not written as a text.
  template <class T, std::size_t N>
  T word(const std::string& name, const std::array<std::pair<std::string_view, T>, N>& table,
         const FieldName& field) const {
    std::string expected;
    for (const auto& [known, number] : table) {
      if (known == name) return number;
      expected += (expected.empty() ? "" : ", ") + std::string(known);
    }
    const BrokenRule rule{field, '"' + name + '"', expected};
    if (newer_) throw NeedsNewerHost{rule};
    throw BrokenRule{rule};
  }

  /// A capability that this host does not know is not granted.
  std::uint64_t capability(const std::string& name, const FieldName& field) const {
    const bool known =
        std::ranges::any_of(capability_table, [&](const auto& one) { return one.first == name; });
    return known || !newer_ ? word(name, capability_table, field) : 0;
  }

  /// Whether an entry of a list means something to this host. Null entries are skipped, because macros of the
  /// SDK begin each entry with a comma; a newer minor may add others.
  bool counts(const JsonValue& entry, Kind expected) const {
    return !entry.is(Kind::Null) && (!newer_ || entry.is(expected));
  }

  void known_keys(const JsonValue& object, const std::string& id,
                  std::initializer_list<std::string_view> keys) const {
    if (newer_) return;
    // The alphabetically first one, so that the message does not depend on the order in the file.
    std::optional<std::string_view> unknown;
    for (const JsonValue& value : object.children())
      if (std::find(keys.begin(), keys.end(), value.key) == keys.end() && !value.key.starts_with("x-") &&
          (!unknown || value.key < *unknown))
        unknown = value.key;
    if (unknown)
      throw BrokenRule{id.empty() ? "manifest" : "callback " + id,
                       "the key \"" + std::string(*unknown) + "\"", "keys of this ABI"};
  }

  static bool is_number(const JsonValue& value) {
    return value.is(Kind::Integer) || value.is(Kind::Large) || value.is(Kind::Float);
  }

  static void expect_object(const JsonValue& object, const FieldName& field) {
    if (!object.is(Kind::Object)) fail(field, object, "an object");
  }

  static std::string text(const JsonValue& object, const char* key, const FieldName& field) {
    const JsonValue* const given = object.find(key);
    if (given == nullptr) return "";
    if (!given->is(Kind::Text)) fail(field, *given, "a text");
    return std::string(given->text);
  }

  static std::uint32_t natural(const JsonValue& object, const char* key, const FieldName& field) {
    const JsonValue* const given = object.find(key);
    if (given == nullptr) return 0;
    if (!given->is(Kind::Integer) || given->integer < 0 ||
        given->integer > std::numeric_limits<std::uint32_t>::max())
      fail(field, *given, "a whole number of 32 bits");
    return static_cast<std::uint32_t>(given->integer);
  }

  static JsonValue::Children list(const JsonValue& object, const char* key, const FieldName& field,
                                  std::size_t limit) {
    const JsonValue* const given = object.find(key);
    if (given == nullptr) return {nullptr, nullptr};
    if (!given->is(Kind::List)) fail(field, *given, "a list");
    if (given->count > limit)
      throw BrokenRule{field, fmt::format("{} entries", given->count), fmt::format("at most {}", limit)};
    return given->children();
  }

  std::vector<std::string> words(const JsonValue& object, const char* key, const FieldName& field) const {
    std::vector<std::string> words;
    for (const JsonValue& entry : list(object, key, field, most_words)) {
      if (!counts(entry, Kind::Text)) continue;
      if (!entry.is(Kind::Text)) fail(field, entry, "texts");
      words.emplace_back(entry.text);
    }
    return words;
  }

  [[noreturn]] static void fail(const FieldName& field, const JsonValue& found, const char* expected) {
    throw BrokenRule{field, found.kind_name(), expected};
  }

  bool newer_;  ///< built with a minor version that this host does not know
};

}  // namespace

Manifest parse_manifest(std::string_view text, const AbiVersions& abi) {
  try {
    const ManifestJson document(text);
    Manifest manifest = Reader(abi.minor_built > KAIROS_ABI_MINOR).manifest(document.root());
    manifest.major = abi.major;
    manifest.minor_required = abi.minor_required;
    manifest.minor_built = abi.minor_built;
    check_rules(manifest);
    return manifest;
  } catch (const NeedsNewerHost& rule) {
    throw newer_host_needed(rule, abi.minor_built);
  } catch (const BrokenRule& rule) {
    throw refusal(RefusalCode::BadManifest, {"", printable(rule.field + ": " + rule.found), rule.expected});
  } catch (const Error& error) {
    const Diagnosis& inner = error.diagnosis();
    throw refusal(RefusalCode::BadManifest, {"", printable(inner.where + ": " + inner.what), "JSON"});
  }
}

}  // namespace kairos::host
