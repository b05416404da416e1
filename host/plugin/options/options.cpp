// SPDX-License-Identifier: MIT
// Checks first what the user gave, then what the plugin declares.
#include "plugin/options/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "kairos/abi.h"
#include "plugin/options/expression.hpp"
#include "plugin/options/given_text.hpp"
#include "plugin/options/list_value.hpp"
#include "plugin/options/option_value.hpp"
#include "plugin/options/secrets.hpp"

namespace kairos::host {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::pair<std::string_view, OnError>, 3> on_error_words = {
    {{"fatal", OnError::Fatal}, {"disable", OnError::Disable}, {"warn", OnError::Warn}}};
constexpr std::array<std::pair<std::string_view, OnMissing>, 3> on_missing_words = {
    {{"error", OnMissing::Error}, {"warn", OnMissing::Warn}, {"ignore", OnMissing::Ignore}}};

std::string in_quotes(std::string_view text) {
  return '"' + std::string(text) + '"';
}

std::string joined(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

class Resolver {
 public:
  Resolver(const CallbackManifest& callback, const fs::path& base_directory, std::string_view who)
      : callback_(callback),
        base_directory_(base_directory),
        who_(who),
        given_(callback.options.size(), nullptr) {
    result_.on_error = callback.phase == KAIROS_PHASE_REPORT ? OnError::Disable : OnError::Fatal;
  }

  ResolvedOptions resolve(std::span<const PluginOption> options) {
    const std::vector<PluginOption> named = with_names(callback_, options, who_);
    for (const PluginOption& option : named) sort_in(option);
    // These two decide how the others are handled.
    if (on_error_ != nullptr) result_.on_error = word(*on_error_, on_error_words);
    if (on_missing_ != nullptr) result_.on_missing = word(*on_missing_, on_missing_words);
    for (std::size_t i = 0; i < callback_.options.size(); ++i) {
      result_.values.push_back(value(callback_.options[i], given_[i]));
      result_.given.push_back(given_[i] != nullptr && !means_unset(callback_.options[i], *given_[i]));
    }
    return std::move(result_);
  }

 private:
  using Given = PluginOption;

  [[noreturn]] void fail(const char* code, std::string_view option, std::string what, std::string found,
                         std::string expected, std::string cure) const {
    throw Error(ErrorKind::Plugin, {code, fmt::format("{}, option {}", who_, option), std::move(what),
                                    std::move(found), std::move(expected), std::move(cure)});
  }

  void sort_in(const Given& option) {
    const OptionSpec* declared = find_option(callback_, option.key);
    const Given** place = option.key == "on_error"     ? &on_error_
                          : option.key == "on_missing" ? &on_missing_
                          : declared != nullptr
                              ? &given_[static_cast<std::size_t>(declared - callback_.options.data())]
                              : nullptr;
    if (place == nullptr) return unknown(option);
    if (*place != nullptr)
      fail("KAIROS-O021", option.key, "the option is set twice",
           declared != nullptr && is_secret(*declared)
               ? ""
               : fmt::format("{}={} and {}={}", (*place)->key, (*place)->value, option.key, option.value),
           "one value", "Leave one of them out");
    *place = &option;
  }

  /// An argument of Keras that the callback does not have may be None, because None asks for nothing.
  void unknown(const Given& option) {
    std::vector<std::string> known;
    for (const OptionSpec& spec : callback_.options) {
      known.push_back(spec.name);
      known.insert(known.end(), spec.aliases.begin(), spec.aliases.end());
    }
    known.insert(known.end(), {"on_error", "on_missing"});
    if (option.written == Written::Quoted || option.value != "None")
      fail("KAIROS-O020", option.key, "no such option", "", "", suggest(option.key, known));
    result_.warnings.push_back(fmt::format("{} has no option {}; None changes nothing", who_, option.key));
  }

  template <class T, std::size_t N>
  T word(const Given& option, const std::array<std::pair<std::string_view, T>, N>& words) const {
    std::vector<std::string> known;
    for (const auto& [name, value] : words) {
      if (name == option.value) return value;
      known.emplace_back(name);
    }
    not_a_choice(option.key, option.value, known);
  }

  [[noreturn]] void not_a_choice(std::string_view option, const std::string& text,
                                 const std::vector<std::string>& choices) const {
    const std::string near = nearest(text, choices);
    fail("KAIROS-O025", option, "the value is not one of the choices", in_quotes(text), joined(choices),
         near.empty() ? "Choose one of them" : "Did you mean " + in_quotes(near) + "?");
  }

  OptionValue value(const OptionSpec& option, const Given* given) {
    OptionValue value = option.initial;
    if (given == nullptr) {
      if ((option.flags & KAIROS_OPTION_REQUIRED) != 0)
        fail("KAIROS-O022", option.name, "the option is required and not set", "",
             std::string(type_name(option.type)) + (option.help.empty() ? "" : ", " + option.help),
             fmt::format("Add {}=…", option.name));
    } else {
      if (!option.deprecated.empty())
        result_.warnings.push_back(
            fmt::format("the option {} of {} is deprecated: {}", option.name, who_, option.deprecated));
      if (means_unset(option, *given)) {
        refuse_unset(option, *given);
        return {};
      }
      value = read(option, *given);
    }
    if (value.absent()) return value;
    if (value.type == KAIROS_TYPE_LIST && given == nullptr)
      return parse_list(option.item_type, value.text).value();
    if (value.type == KAIROS_TYPE_PATH) value.text = absolute(option, value.text);
    if (value.type == KAIROS_TYPE_EXPRESSION)
      static_cast<void>(
          Expression(value.text, option.choices, fmt::format("{}, option {}", who_, option.name)));
    return value;
  }

  /// An option with a default cannot be unset.
  void refuse_unset(const OptionSpec& option, const Given& given) const {
    if ((option.flags & KAIROS_OPTION_REQUIRED) != 0)
      fail("KAIROS-O022", option.name, "the option is required and not set", given.value,
           std::string(type_name(option.type)) + (option.help.empty() ? "" : ", " + option.help),
           fmt::format("Give {} a value", option.name));
    if (!option.initial.absent())
      fail("KAIROS-O050", option.name, "the option always has a value", given.value,
           fmt::format("{}, such as its default, {}", type_name(option.type),
                       in_quotes(value_text(option.initial))),
           fmt::format("Leave {} out for the default", option.name));
  }

  OptionValue read(const OptionSpec& option, const Given& given) {
    if (is_secret(option)) return secret(option, given);
    const std::string text = plain_text(option, given, who_);
    if (option.type == KAIROS_TYPE_LIST) return list(option, given, text);
    const std::optional<OptionValue> value = parse_value(option.type, text);
    const bool empty = text.empty() && option.type != KAIROS_TYPE_STRING;
    if (!value || empty)
      fail("KAIROS-O023", given.key, fmt::format("the value is not of type {}", type_name(option.type)),
           in_quotes(text), std::string(value_syntax(option.type)), "Correct the value");
    if (!within_bounds(option, *value))
      fail("KAIROS-O024", given.key, "the value is out of range", value_text(*value), bounds_text(option),
           "Correct the value");
    if (option.type == KAIROS_TYPE_ENUM && !contains(option.choices, value->text))
      not_a_choice(given.key, value->text, option.choices);
    return *value;
  }

  OptionValue list(const OptionSpec& option, const Given& given, const std::string& text) const {
    std::optional<OptionValue> list = parse_list(option.item_type, text);
    if (!list)
      fail("KAIROS-O023", given.key,
           fmt::format("the value is not a list of type {}", type_name(option.item_type)), in_quotes(text),
           std::string(list_syntax(option.item_type)), "Correct the value");
    const OptionValue* const wrong = first_outside(option, *list);
    if (wrong != nullptr && wrong->type == KAIROS_TYPE_ENUM)
      not_a_choice(given.key, wrong->text, option.choices);
    if (wrong != nullptr)
      fail("KAIROS-O024", given.key, "a value of the list is out of range", value_text(*wrong),
           bounds_text(option), "Correct the value");
    return std::move(*list);
  }

  OptionValue secret(const OptionSpec& option, const Given& given) {
    ReadSecret read = read_secret(given.value, fmt::format("{}, option {}", who_, option.name));
    result_.secrets.push_back(read.value);
    if (!read.file.empty()) result_.secret_files.emplace_back(option.name, std::move(read.file));
    return {KAIROS_TYPE_STRING, 0, 0, std::move(read.value)};
  }

  /// Paths that are only read refer to the current directory, all others to the run directory.
  std::string absolute(const OptionSpec& option, const std::string& text) const {
    if (text.empty()) return text;
    const fs::path base =
        is_only_read(option) || base_directory_.empty() ? fs::current_path() : fs::absolute(base_directory_);
    return (base / text).lexically_normal().string();
  }

  const CallbackManifest& callback_;
  const fs::path& base_directory_;
  std::string who_;
  std::vector<const Given*> given_;  ///< one for each declared option
  const Given* on_error_ = nullptr;
  const Given* on_missing_ = nullptr;
  ResolvedOptions result_;
};

}  // namespace

const OptionSpec* find_option(const CallbackManifest& callback, std::string_view key) noexcept {
  const auto found = std::ranges::find_if(callback.options, [key](const OptionSpec& spec) {
    return spec.name == key || contains(spec.aliases, key);
  });
  return found == callback.options.end() ? nullptr : &*found;
}

bool is_only_read(const OptionSpec& option) noexcept {
  constexpr std::uint32_t both = KAIROS_OPTION_READS | KAIROS_OPTION_WRITES;
  return option.type == KAIROS_TYPE_PATH && (option.flags & both) == KAIROS_OPTION_READS;
}

std::vector<PluginOption> with_names(const CallbackManifest& callback, std::span<const PluginOption> options,
                                     std::string_view who) {
  std::vector<PluginOption> named(options.begin(), options.end());
  for (std::size_t i = 0; i < named.size() && named[i].key.empty(); ++i) {
    if (i == callback.options.size())
      throw Error(
          ErrorKind::Plugin,
          {"KAIROS-O052", std::string(who), "too many arguments",
           std::ranges::any_of(callback.options, is_secret) ? fmt::format("{}", named.size())
                                                            : in_quotes(named[i].value),
           fmt::format("at most {}", i), "Leave it out, or write key=value for an option of the host"});
    named[i].key = callback.options[i].name;
    refuse_truth_by_position(callback.options[i], named[i], who);
  }
  return named;
}

ResolvedOptions resolve_options(const CallbackManifest& callback, std::span<const PluginOption> options,
                                const OptionContext& context, std::string_view who) {
  ResolvedOptions resolved = resolve_values(callback, options, context.base_directory, who);
  rename_old_metrics(callback, resolved, context.keys);
  for (std::string& warning : check_metrics(callback, resolved, context.keys, who))
    resolved.warnings.push_back(std::move(warning));
  return resolved;
}

ResolvedOptions resolve_values(const CallbackManifest& callback, std::span<const PluginOption> options,
                               const fs::path& base_directory, std::string_view who) {
  return Resolver(callback, base_directory, who).resolve(options);
}

}  // namespace kairos::host
