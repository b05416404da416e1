// SPDX-License-Identifier: MIT
// Reads settings from flags and from JSON, by the table alone.
#include "cli/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json.hpp"
#include "cli/setting_text.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace po = boost::program_options;

namespace {

std::string key_of(std::string_view flag) {
  std::string key(flag.substr(std::min<std::size_t>(2, flag.size())));
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

bool names(const Setting& setting, std::string_view key) {
  if (key == setting.key) return true;
  const std::vector<std::string> aliases = split_list(setting.aliases);
  return std::find(aliases.begin(), aliases.end(), key) != aliases.end();
}

template <class T>
bool reads_as(const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

/// Every argument may end up in RUN.json, which is UTF-8 and must lead to the same run again.
void require_utf8(const std::string& argument, const std::string& command) {
  const std::string shown =
      nlohmann::json(argument).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  try {
    static_cast<void>(nlohmann::json(argument).dump());
  } catch (const nlohmann::json::type_error&) {
    throw Error(ErrorKind::Usage, {"KAIROS-U007", "kairos " + command, "an argument is not UTF-8 text", shown,
                                   "UTF-8", "Rename the file, or start from a terminal that writes UTF-8"});
  }
}

}  // namespace

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  std::string part;
  int depth = 0;
  char quote = '\0';
  for (const char c : text) {
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '(' || c == '[' || c == '{') {
      ++depth;
    } else if (c == ')' || c == ']' || c == '}') {
      --depth;
    } else if (c == ',' && depth == 0) {
      parts.push_back(std::exchange(part, {}));
      continue;
    }
    part += c;
  }
  if (!part.empty()) parts.push_back(part);
  return parts;
}

std::vector<std::string> take_words(std::vector<std::string>& arguments, const std::vector<Setting>& known) {
  std::vector<std::string> words, flags;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with("--")) {
      words.push_back(arguments[i]);
      continue;
    }
    flags.push_back(arguments[i]);
    const std::string key = key_of(arguments[i]);
    const auto setting =
        std::find_if(known.begin(), known.end(), [&](const Setting& one) { return names(one, key); });
    const bool has_value = setting != known.end() && setting->kind != Kind::Switch;
    if (has_value && i + 1 < arguments.size()) flags.push_back(arguments[++i]);
  }
  arguments = std::move(flags);
  return words;
}

Settings::Settings(std::string command, std::vector<Setting> known, std::span<const std::string> arguments)
    : command_(std::move(command)), settings_(std::move(known)) {
  read_arguments(arguments);
  if (find("config") != nullptr && has("config")) read_config(text("config"));
}

const Setting* Settings::find(std::string_view key) const {
  const auto found =
      std::find_if(settings_.begin(), settings_.end(), [&](const Setting& s) { return names(s, key); });
  return found == settings_.end() ? nullptr : &*found;
}

const Setting& Settings::known(std::string_view key) const {
  if (const Setting* setting = find(key)) return *setting;
  throw Error(ErrorKind::Internal,
              {"KAIROS-I002", command_, "the command reads a setting that it does not declare",
               std::string(key), "", "Report this"});
}

void Settings::put(const Setting& setting, std::vector<std::string> values, const std::string& where) {
  if (setting.kind == Kind::List) {
    std::vector<std::string> all;
    for (const std::string& value : values)
      for (std::string& part : split_list(value)) all.push_back(std::move(part));
    values = std::move(all);
  }
  if (setting.kind == Kind::Named) check_names(setting, values, where);
  if (is_by_output(setting)) check_outputs(setting, values, where);
  for (const std::string& value : values) {
    const bool wrong_int = setting.kind == Kind::Int && !reads_as<std::int64_t>(value);
    const bool wrong_number = setting.kind == Kind::Number && !reads_as<double>(value);
    if (wrong_int || wrong_number)
      throw Error(ErrorKind::Usage,
                  {"KAIROS-U003", where, "the value cannot be read", "\"" + value + "\"",
                   wrong_int ? "a whole number" : "a number",
                   "Write it as " + flag_of(setting.key) + " " + (wrong_int ? "10" : "0.25")});
  }
  values_[setting.key] = std::move(values);
}

namespace {

void refuse_empty_values(const std::vector<std::string>& joined, const std::string& command) {
  for (const std::string& argument : joined)
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1)
      throw Error(ErrorKind::Usage, {"KAIROS-U002", "kairos " + command, "the value of the flag is empty",
                                     argument.substr(0, argument.size() - 1), "", "Give it a value"});
}

}  // namespace

/// "--target -1": the value is joined to its flag, so that its dash is not taken for another flag.
std::vector<std::string> Settings::join_values(std::span<const std::string> arguments) const {
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const Setting* setting = name.starts_with("--") ? find(key_of(name)) : nullptr;
    // "--nb_epoch" is "--nb-epoch": Keras' arguments are written with underscores.
    joined.push_back(setting == nullptr ? arguments[i]
                                        : flag_of(key_of(name)) + arguments[i].substr(name.size()));
    if (setting == nullptr || setting->kind == Kind::Switch || equals != std::string::npos) continue;
    if (i + 1 == arguments.size() || arguments[i + 1].starts_with("--"))
      throw Error(ErrorKind::Usage,
                  {"KAIROS-U002", "kairos " + command_, "the flag has no value", arguments[i],
                   arguments[i] + " " + setting->value, "Write its value behind it"});
    joined.back() += "=" + arguments[++i];
  }
  refuse_empty_values(joined, command_);
  return joined;
}

void Settings::read_arguments(std::span<const std::string> arguments) {
  for (const std::string& argument : arguments) require_utf8(argument, command_);
  po::options_description description;
  std::vector<std::string> flags;
  for (const Setting& setting : settings_) {
    std::vector<std::string> keys = split_list(setting.aliases);
    keys.insert(keys.begin(), setting.key);
    for (const std::string& key : keys) {
      flags.push_back(flag_of(key));
      const std::string name = flags.back().substr(2);
      if (setting.kind == Kind::Switch)
        description.add_options()(name.c_str(), "");
      else
        description.add_options()(name.c_str(), po::value<std::vector<std::string>>());
    }
  }
  po::parsed_options parsed(&description);
  try {
    parsed = po::command_line_parser(join_values(arguments))
                 .options(description)
                 .style(po::command_line_style::allow_long | po::command_line_style::long_allow_adjacent)
                 .run();
  } catch (const po::unknown_option& error) {
    const std::string found = error.get_option_name();
    throw Error(ErrorKind::Usage, {"KAIROS-U001", "kairos " + command_, "there is no such flag", found, "",
                                   nearest(found, flags).empty() ? "See kairos " + command_ + " --help"
                                                                 : suggest(found, flags)});
  } catch (const po::error& error) {
    throw Error(ErrorKind::Usage, {"KAIROS-U002", "kairos " + command_, error.what(), "", "",
                                   "See kairos " + command_ + " --help"});
  }
  std::map<std::string, std::vector<std::string>> given;
  for (const po::option& option : parsed.options) {
    if (option.position_key >= 0)
      throw Error(ErrorKind::Usage, {"KAIROS-U001", "kairos " + command_, "a word stands alone",
                                     option.value.empty() ? "" : "\"" + option.value.front() + "\"",
                                     "a flag that begins with --", "See kairos " + command_ + " --help"});
    const Setting& setting = known(key_of("--" + option.string_key));
    std::vector<std::string>& values = given[setting.key];
    const bool repeats = setting.kind == Kind::List || setting.kind == Kind::Items ||
                         setting.kind == Kind::Named || is_by_output(setting);
    if (!values.empty() && !repeats)
      throw Error(ErrorKind::Usage, {"KAIROS-U002", "kairos " + command_, "the flag is given twice",
                                     flag_of(setting.key), "", "Give it once"});
    if (setting.kind == Kind::Switch) values.emplace_back("true");
    values.insert(values.end(), option.value.begin(), option.value.end());
  }
  for (auto& [key, values] : given) put(known(key), std::move(values), flag_of(key));
}

void Settings::read_config(const std::filesystem::path& file) {
  const nlohmann::json document = read_json(file);
  if (!document.is_object())
    throw Error(ErrorKind::Usage, {"KAIROS-U004", file.string(), "a configuration is a JSON object",
                                   document.type_name(), "", "See kairos fit --print-config"});
  std::vector<std::string> keys;
  for (const Setting& setting : settings_) keys.emplace_back(setting.key);
  std::map<const Setting*, std::string> seen;
  for (const auto& [key, value] : document.items()) {
    const Setting* setting = find(key);
    if (setting == nullptr || setting->kind == Kind::Switch || key == "config")
      throw Error(ErrorKind::Usage, {"KAIROS-U004", file.string(), "there is no such key", "\"" + key + "\"",
                                     "", suggest(key, keys)});
    if (const auto [other, first] = seen.emplace(setting, key); !first)
      throw Error(ErrorKind::Usage,
                  {"KAIROS-U004", file.string(), "two keys name the same setting",
                   "\"" + other->second + "\" and \"" + key + "\"", "one of them", "Leave one out"});
    // A flag on the command line wins over its key.
    if (values_.contains(setting->key) || value.is_null()) continue;
    put(*setting, texts_of(*setting, value, file.string() + ": " + key), file.string() + ": " + key);
  }
}

bool Settings::has(std::string_view key) const {
  return !text(key).empty();
}

std::string Settings::text(std::string_view key) const {
  const Setting& setting = known(key);
  const auto value = values_.find(setting.key);
  if (value == values_.end() || value->second.empty()) return setting.initial;
  return value->second.front();
}

std::int64_t Settings::integer(std::string_view key) const {
  return read_as<std::int64_t>(text(key));
}
double Settings::number(std::string_view key) const {
  return read_as<double>(text(key));
}
bool Settings::is_on(std::string_view key) const {
  return values_.contains(known(key).key);
}

std::vector<std::string> Settings::list(std::string_view key) const {
  const auto value = values_.find(known(key).key);
  return value == values_.end() ? std::vector<std::string>{} : value->second;
}

std::vector<NamedText> Settings::named(std::string_view key) const {
  std::vector<NamedText> all;
  for (const std::string& text : list(key)) all.push_back(split_name(text));
  return all;
}

std::vector<NamedText> Settings::by_output(std::string_view key) const {
  return split_outputs(known(key), list(key));
}

std::string Settings::json() const {
  nlohmann::ordered_json document;
  for (const Setting& setting : settings_) {
    if (setting.kind == Kind::Switch || std::string_view(setting.key) == "config") continue;
    const auto value = values_.find(setting.key);
    document[setting.key] =
        json_of(setting, value != values_.end()     ? value->second
                         : *setting.initial != '\0' ? std::vector<std::string>{setting.initial}
                                                    : std::vector<std::string>{});
  }
  return document.dump(2) + "\n";
}

std::string Settings::help(std::string_view summary) const {
  std::string text = "kairos " + command_ + ": " + std::string(summary) + "\n\n";
  for (const Setting& setting : settings_) {
    const std::string left = flag_of(setting.key) + (*setting.value != '\0' ? " " : "") + setting.value;
    text += fmt::format("  {:<35} {}", left, setting.help);
    if (*setting.initial != '\0') text += std::string(" [") + setting.initial + "]";
    text += "\n";
  }
  return text;
}

}  // namespace kairos::host::cli
