// SPDX-License-Identifier: MIT
// Rules that keep declarations unambiguous on a command line, in a table and in a checkpoint.
#include "plugin/manifest/rules.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "base/printable.hpp"
#include "plugin/manifest/manifest.hpp"
#include "plugin/options/list_value.hpp"
#include "plugin/options/option_value.hpp"
#include "plugin/options/published.hpp"
#include "plugin/options/secrets.hpp"
#include "plugin/refusal.hpp"

namespace kairos::host {

namespace {

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_identifier(std::string_view word) {
  return !word.empty() && is_letter(word.front()) &&
         std::all_of(word.begin(), word.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_snake_case(std::string_view word) {
  return is_identifier(word) &&
         std::none_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

/// A word of a list: no list separators and no control characters.
bool is_word(std::string_view word) {
  return !word.empty() && word.find_first_of(", \"'=") == std::string_view::npos;
}

/// Words separated by dots. The last one is an identifier other than "so", which would look like a file name.
bool is_id(std::string_view id) {
  const std::size_t dot = id.rfind('.');
  if (dot == std::string_view::npos || !is_identifier(id.substr(dot + 1)) || id.substr(dot + 1) == "so")
    return false;
  std::string_view domain = id.substr(0, dot);
  while (true) {
    const std::size_t end = domain.find('.');
    const std::string_view word = domain.substr(0, end);
    const bool good =
        !word.empty() && (is_letter(word.front()) || is_digit(word.front())) &&
        std::all_of(word.begin(), word.end(), [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
    if (!good) return false;
    if (end == std::string_view::npos) return true;
    domain.remove_prefix(end + 1);
  }
}

/// Options that hosts have, or may have later, beside those of the callback.
bool is_reserved(std::string_view name) {
  constexpr std::array<std::string_view, 7> reserved = {"on_error", "on_missing", "isolate", "every_rank",
                                                        "before",   "after",      "instance"};
  return std::ranges::find(reserved, name) != reserved.end() || name.starts_with("kairos_");
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

void check_text(const FieldName& field, const std::string& text) {
  if (text.size() > longest_text)
    throw BrokenRule{field, fmt::format("{} bytes", text.size()),
                     fmt::format("at most {} bytes", longest_text)};
  if (std::any_of(text.begin(), text.end(), is_control))
    throw BrokenRule{field, "a control character", "printable text"};
}

bool has_bounds(std::int32_t type) {
  return type == KAIROS_TYPE_INT || type == KAIROS_TYPE_FLOAT || type == KAIROS_TYPE_DURATION;
}

/// A number that the table of this host does not have.
[[noreturn]] void refuse_number(const BrokenRule& rule, bool newer) {
  if (newer) throw NeedsNewerHost{rule};
  throw BrokenRule{rule};
}

class OptionRules {
 public:
  OptionRules(const std::string& id, const OptionSpec& option) : id_(id), option_(option) {}

  void check(std::set<std::string>& taken, bool newer) const {
    if (!is_snake_case(option_.name)) fail("name", quoted(option_.name), "a name in snake_case");
    if (type_name(option_.type) == "absent" || type_name(option_.type) == "unknown")
      refuse_number(
          {option_field(id_, option_.name, "type"), std::to_string(option_.type), "a type of this ABI"},
          newer);
    take(option_.name, taken);
    for (const std::string& alias : option_.aliases) {
      if (!is_identifier(alias)) fail("aliases", quoted(alias), "a name");
      take(alias, taken);
    }
    check_items(newer);
    for (const auto& [field, text] : {std::pair{"help", &option_.help},
                                      {"deprecated", &option_.deprecated},
                                      {"unit", &option_.unit},
                                      {"default", &option_.initial.text}})
      check_text(option_field(id_, option_.name, field), *text);
    check_choices();
    check_access();
    check_secret();
    check_values();
  }

 private:
  static std::string quoted(const std::string& text) { return '"' + text + '"'; }

  [[noreturn]] void fail(std::string_view field, std::string found, std::string expected) const {
    throw BrokenRule{option_field(id_, option_.name, field), std::move(found), std::move(expected)};
  }

  void take(const std::string& name, std::set<std::string>& taken) const {
    if (is_reserved(name) || !taken.insert(name).second)
      fail("name", quoted(name) + " twice or reserved by the host", "a name of its own");
  }

  void check_items(bool newer) const {
    if (option_.type != KAIROS_TYPE_LIST) {
      if (option_.item_type != 0)
        refuse_number({option_field(id_, option_.name, "items"), std::to_string(option_.item_type),
                       "a type of items for a list only"},
                      newer);
      return;
    }
    constexpr std::array may_be_items{KAIROS_TYPE_BOOL,   KAIROS_TYPE_INT,  KAIROS_TYPE_FLOAT,
                                      KAIROS_TYPE_STRING, KAIROS_TYPE_ENUM, KAIROS_TYPE_DURATION};
    if (std::ranges::find(may_be_items, option_.item_type) == may_be_items.end())
      refuse_number({option_field(id_, option_.name, "items"), std::to_string(option_.item_type),
                     "bool, int, float, string, enum or duration"},
                    newer);
  }

  void check_choices() const {
    const bool variables = option_.type == KAIROS_TYPE_EXPRESSION;
    const bool chosen = type_of_value(option_) == KAIROS_TYPE_ENUM;
    if (chosen && option_.choices.empty()) fail("choices", "none", "at least one");
    if (!variables && !chosen && !option_.choices.empty())
      fail("choices", "some", "none for the type " + std::string(type_name(option_.type)));
    std::set<std::string> seen;
    for (const std::string& choice : option_.choices) {
      if (variables ? !is_identifier(choice) : !is_word(choice)) fail("choices", quoted(choice), "a name");
      if (!seen.insert(choice).second) fail("choices", quoted(choice) + " twice", "different words");
    }
  }

  /// Access flags are for paths only.
  void check_access() const {
    constexpr std::uint32_t further = KAIROS_OPTION_DIRECTORY | KAIROS_OPTION_SAVES;
    const std::uint32_t access = option_.flags & (KAIROS_OPTION_READS | KAIROS_OPTION_WRITES | further);
    if (access != 0 && option_.type != KAIROS_TYPE_PATH)
      fail("flags", "reads, writes, directory or saves",
           "none of them for the type " + std::string(type_name(option_.type)));
    if ((access & further) == further) fail("flags", "directory and saves", "one of the two");
    if ((access & further) != 0 && (access & KAIROS_OPTION_WRITES) == 0)
      fail("flags", "directory or saves alone", "writes beside it");
  }

  /// Only a text can be a secret, and its default could be read in the file.
  void check_secret() const {
    if ((option_.flags & KAIROS_OPTION_SECRET) == 0) return;
    if (option_.type != KAIROS_TYPE_STRING)
      fail("flags", "secret", "no secret of the type " + std::string(type_name(option_.type)));
    if ((option_.flags & KAIROS_OPTION_STATE) != 0) fail("flags", "secret and state", "one of the two");
    if (!option_.initial.absent()) fail("default", "a default of a secret", "none");
  }

  void check_values() const {
    const OptionValue& initial = option_.initial;
    for (const OptionValue* bound : {&option_.min, &option_.max})
      if (!bound->absent() && (!has_bounds(type_of_value(option_)) || bound->type != type_of_value(option_)))
        fail("min, max", std::string(type_name(bound->type)),
             "bounds of the type of the option, and only for numbers");
    if (initial.absent()) return;
    if (initial.type != option_.type)
      fail("default", std::string(type_name(initial.type)), std::string(type_name(option_.type)));
    if ((option_.flags & KAIROS_OPTION_REQUIRED) != 0)
      fail("default", value_text(initial), "none, because the option is required");
    if (initial.type == KAIROS_TYPE_LIST) return check_default_items();
    if (initial.type == KAIROS_TYPE_ENUM &&
        std::find(option_.choices.begin(), option_.choices.end(), initial.text) == option_.choices.end())
      fail("default", quoted(initial.text), "one of the choices");
    if (!within_bounds(option_, initial)) fail("default", value_text(initial), bounds_text(option_));
  }

  void check_default_items() const {
    const std::optional<OptionValue> list = parse_list(option_.item_type, option_.initial.text);
    if (!list) fail("default", quoted(option_.initial.text), std::string(list_syntax(option_.item_type)));
    if (const OptionValue* const wrong = first_outside(option_, *list); wrong != nullptr)
      fail("default", value_text(*wrong),
           option_.item_type == KAIROS_TYPE_ENUM ? "one of the choices" : bounds_text(option_));
  }

  const std::string& id_;
  const OptionSpec& option_;
};

/// Every entry is a key, with at most a direction and with placeholders that have a value to show.
void check_published(const CallbackManifest& callback) {
  const FieldName field = callback_field(callback.id, "publishes");
  std::set<std::string> seen;
  for (const std::string& text : callback.publishes) {
    check_text(field, text);
    const std::optional<PublishedEntry> entry = read_published(text);
    if (!entry) throw BrokenRule{field, '"' + text + '"', "keys of the logs, such as score:max"};
    if (!seen.insert(entry->name).second) throw BrokenRule{field, '"' + text + "\" twice", "different keys"};
    for (const std::string& placeholder : entry->placeholders) {
      if (placeholder == "instance") continue;
      const OptionSpec* const option = find_option(callback, placeholder);
      if (option == nullptr || is_secret(*option))
        throw BrokenRule{field, '"' + text + '"',
                         "{instance}, or an option that is no secret, between the braces"};
    }
  }
}

/// Different ids of other callbacks.
void check_ids(const CallbackManifest& callback, const char* name, const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  std::set<std::string_view> seen{callback.id};
  if (&ids != &callback.aliases) seen.insert(callback.aliases.begin(), callback.aliases.end());
  for (const std::string& id : ids)
    if (!is_id(id) || !seen.insert(id).second)
      throw BrokenRule{callback_field(callback.id, name), '"' + id + '"', "different ids of other callbacks"};
}

void check_callback(const CallbackManifest& callback, bool newer) {
  const auto field = [&callback](std::string_view name) { return callback_field(callback.id, name); };
  if (!is_id(callback.id))
    throw BrokenRule{field("id"), '"' + callback.id + '"',
                     "a reverse domain and a name, such as com.example.StallStop"};
  check_text(field("summary"), callback.summary);
  if (phase_name(callback.phase) == "unknown")
    refuse_number({field("phase"), std::to_string(callback.phase), "measure, decide, report or persist"},
                  newer);
  check_published(callback);
  check_ids(callback, "aliases", callback.aliases);
  check_ids(callback, "before", callback.before);
  check_ids(callback, "after", callback.after);
  const auto has = [&callback](std::string_view hook) {
    return std::find(callback.hooks.begin(), callback.hooks.end(), hook) != callback.hooks.end();
  };
  const bool state = callback.state_version != 0;
  if (has("state_save") != state || has("state_load") != state)
    throw BrokenRule{
        field("state_version"), std::to_string(callback.state_version),
        state ? "the hooks state_save and state_load" : "a version, because there are state hooks"};
  if (callback.oldest_state_version > callback.state_version || (state && callback.oldest_state_version == 0))
    throw BrokenRule{field("oldest_state_version"), std::to_string(callback.oldest_state_version),
                     fmt::format("1 to {}", callback.state_version)};
  std::set<std::string> taken;
  for (const OptionSpec& option : callback.options) OptionRules(callback.id, option).check(taken, newer);
}

}  // namespace

FieldName::operator std::string() const {
  switch (of_) {
    case Of::Option:
      return fmt::format("callback {}, option {}, {}", callback_, option_, name_);
    case Of::Callback:
      return fmt::format("callback {}, {}", callback_, name_);
    case Of::Plugin:
      break;
  }
  return std::string(name_);
}

Error newer_host_needed(const NeedsNewerHost& rule, std::uint16_t minor_built) {
  return refusal(RefusalCode::NewerMinor, {"",
                                           printable(fmt::format("{}: {}, built for ABI {}.{}", rule.field,
                                                                 rule.found, KAIROS_ABI_MAJOR, minor_built)),
                                           fmt::format("at most ABI {}.{}, which this host offers",
                                                       KAIROS_ABI_MAJOR, KAIROS_ABI_MINOR),
                                           "Update Kairos"});
}

void check_rules(const Manifest& manifest) {
  check_text("version", manifest.version);
  check_text("sdk", manifest.sdk);
  check_text("compiler", manifest.compiler);
  if (manifest.version.empty()) throw BrokenRule{"version", "nothing", "the version of the plugin"};
  if (manifest.callbacks.empty()) throw BrokenRule{"callbacks", "none", "at least one"};
  std::set<std::string_view> ids;
  for (const CallbackManifest& callback : manifest.callbacks) {
    check_callback(callback, manifest.minor_built > KAIROS_ABI_MINOR);
    if (!ids.insert(callback.id).second)
      throw BrokenRule{"callbacks", callback.id + " twice", "different ids"};
  }
}

}  // namespace kairos::host
