// SPDX-License-Identifier: MIT
// Reads settings from flags and from JSON.
#include "cli/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/file_place.hpp"
#include "cli/config_file.hpp"
#include "cli/help_topics.hpp"
#include "cli/setting_json.hpp"
#include "cli/setting_paths.hpp"
#include "cli/terminal.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace po = boost::program_options;

namespace {

constexpr std::string_view short_help = "-h";

std::string key_of(std::string_view flag) {
  std::string key(flag.substr(std::min<std::size_t>(2, flag.size())));
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

[[noreturn]] void bad_usage(const char* code, const std::string& where, const std::string& what,
                            const std::string& found, const std::string& expected, const std::string& cure) {
  throw Error(ErrorKind::Usage, {code, where, what, found, expected, cure});
}

/// Every argument may end up in RUN.json, which is UTF-8 and must reproduce the run.
void require_utf8(const std::string& argument, const std::string& command) {
  const std::string shown =
      nlohmann::json(argument).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  try {
    static_cast<void>(nlohmann::json(argument).dump());
  } catch (const nlohmann::json::type_error&) {
    bad_usage("KAIROS-U007", command, "an argument is not UTF-8 text", shown, "UTF-8",
              "Rename the file, or use a terminal that writes UTF-8");
  }
}

void refuse_empty_values(const std::vector<std::string>& joined, const std::string& command) {
  for (const std::string& argument : joined)
    if (argument.starts_with("--") && argument.find('=') == argument.size() - 1)
      bad_usage("KAIROS-U002", command, "the value of the flag is empty",
                argument.substr(0, argument.size() - 1), "", "Give it a value");
}

/// "kairos fit", as messages call the command.
std::string called(Command command) {
  return "kairos " + std::string(command_name(command));
}

const Setting* find_in(std::span<const Setting> settings, std::string_view key) {
  const auto found =
      std::find_if(settings.begin(), settings.end(), [&](const Setting& one) { return is_key_of(one, key); });
  return found == settings.end() ? nullptr : &*found;
}

/// Names that other programs have for a setting; "" for none.
std::string cure_of_foreign_name(const std::string& key, std::span<const Setting> settings) {
  const auto has = [&](std::string_view one) { return find_in(settings, one) != nullptr; };
  constexpr std::string_view of_optimizer[] = {"lr",           "learning_rate", "momentum", "decay",
                                               "weight_decay", "clipnorm",      "clipvalue"};
  if (has("optimizer") && std::ranges::find(of_optimizer, key) != std::end(of_optimizer)) {
    const bool is_rate = key == "lr" || key == "learning_rate";
    return "It is an argument of the optimizer: --optimizer \"SGD(" +
           (is_rate ? "learning_rate=0.01" : key + "=VALUE") + ")\"";
  }
  if (has("plugin") && key == "allow_shell")
    return "A file cannot allow itself to run commands: give --allow-shell";
  if (has("plugin") && key == "callback") return "Did you mean \"--plugin\"?";
  return "";
}

/// Every flag, with its aliases, as Program_options wants it.
po::options_description description_of(std::span<const Setting> settings, std::vector<std::string>& flags) {
  po::options_description description;
  for (const Setting& setting : settings) {
    std::vector<std::string> keys = split(setting.aliases, ',');
    keys.emplace(keys.begin(), setting.key);
    for (const std::string& key : keys) {
      flags.push_back(flag_of(key));
      const std::string name = flags.back().substr(2);
      description.add_options()(name.c_str(), po::value<std::vector<std::string>>());
    }
  }
  return description;
}

/// Whether a configuration may hold it: not what asks for another action than to run.
bool stays_in_config(const Setting& setting) {
  return setting.key != "config" && setting.key != "help" && setting.key != "print_config" &&
         setting.key != "explain_order" && setting.key != "resume" && setting.key != "allow_shell";
}

/// The record of a fit also serves evaluate and predict, and theirs each other.
bool is_key_of_another_run(std::string_view key) {
  return std::ranges::any_of(all_settings(), [&](const Setting& one) {
    const bool of_run = one.commands.contain(Command::Fit) || one.commands.contain(Command::Evaluate) ||
                        one.commands.contain(Command::Predict);
    return of_run && stays_in_config(one) && is_key_of(one, key);
  });
}

po::parsed_options parse(std::vector<std::string> arguments, std::span<const Setting> settings,
                         const std::string& command) {
  std::vector<std::string> flags;
  const po::options_description description = description_of(settings, flags);
  const std::string see_help = "See " + command + " --help";
  try {
    po::parsed_options parsed =
        po::command_line_parser(std::move(arguments))
            .options(description)
            .style(po::command_line_style::allow_long | po::command_line_style::long_allow_adjacent)
            .run();
    parsed.description = nullptr;  // it ends here
    return parsed;
  } catch (const po::unknown_option& error) {
    const std::string found = error.get_option_name();
    const std::string foreign = cure_of_foreign_name(key_of(found), settings);
    bad_usage("KAIROS-U001", command, "unknown flag", found, "",
              !foreign.empty()                ? foreign
              : nearest(found, flags).empty() ? see_help
                                              : suggest(found, flags));
  } catch (const po::error& error) {
    bad_usage("KAIROS-U002", command, error.what(), "", "", see_help);
  }
}

}  // namespace

CommandLine read_command_line(Command command, std::span<const std::string> arguments) {
  const std::vector<Setting> settings = settings_of(command);
  std::vector<std::string> operands, flags;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with("--") && arguments[i] != short_help) {
      operands.push_back(arguments[i]);
      continue;
    }
    flags.push_back(arguments[i]);
    const Setting* setting = find_in(settings, key_of(arguments[i]));
    if (setting == nullptr || i + 1 == arguments.size()) continue;
    if (setting->type != Type::Switch || boolean_from(arguments[i + 1])) flags.push_back(arguments[++i]);
  }
  return {std::move(operands), Settings(command, flags)};
}

Settings::Settings(Command command, std::span<const std::string> arguments)
    : command_(called(command)), settings_(settings_of(command)) {
  read_arguments(arguments);
  if (declares("resume") && has("resume")) take_resumed_directory();
  if (declares("config") && has("config"))
    read_config(text("config"));
  else if (declares("resume") && has("resume") && text("resume") != "auto")
    read_config(std::filesystem::path(text("resume")) / "run.json");
}

/// --resume DIR is the run directory.
void Settings::take_resumed_directory() {
  const std::string resumed = text("resume");
  if (resumed == "auto") return;
  if (has("run_dir") && FilePlace(text("run_dir")) != FilePlace(resumed))
    bad_usage("KAIROS-U094", flag_of("resume") + " " + resumed, "the run has another directory",
              flag_of("run_dir") + " " + text("run_dir"), "", "Leave --run-dir out");
  put(known("run_dir"), {resumed}, {flag_of("resume")});
}

const Setting* Settings::find(std::string_view key) const {
  return find_in(settings_, key);
}

void Settings::no_such_setting(std::string_view key) const {
  throw Error(ErrorKind::Internal,
              {"KAIROS-I002", command_, "the command reads a setting that it does not declare as such",
               std::string(key), "", "Report this"});
}

const Setting& Settings::known(std::string_view key) const {
  if (const Setting* setting = find(key)) return *setting;
  no_such_setting(key);
}

const Setting& Settings::of_type(std::string_view key, Type type) const {
  const Setting& setting = known(key);
  if (setting.type != type) no_such_setting(key);
  return setting;
}

/// An empty text, which only a configuration can give, leaves the setting at its default.
void Settings::put(const Setting& setting, std::vector<std::string> values, const Origin& origin) {
  const bool is_number = setting.type == Type::Integer || setting.type == Type::Number;
  const bool is_choice = setting.type == Type::Choice;
  const bool is_empty =
      setting.type != Type::Switch &&
      std::all_of(values.begin(), values.end(), [](const auto& one) { return one.empty(); });
  if (is_empty && !is_number) return;
  for (const std::string& value : values)
    if (value.find('\0') != std::string::npos)
      bad_usage("KAIROS-U003", origin.where, "the value contains a null character", "", "", "Remove it");
  check_value(setting, values, origin);
  if (is_choice) values.front() = read_choice(setting, values.front(), origin);
  values_[setting.key] = std::move(values);
}

/// "--target -1": the value is joined to its flag, so that its dash does not begin another flag.
std::vector<std::string> Settings::join_values(std::span<const std::string> arguments) {
  std::vector<std::string> joined;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const bool has_next = i + 1 < arguments.size() && !arguments[i + 1].starts_with("-");
    if (arguments[i] == "--help" || arguments[i] == short_help) {
      joined.emplace_back("--help=true");
      if (has_next && declares("loss")) topic_ = arguments[++i];
      continue;
    }
    const std::size_t equals = arguments[i].find('=');
    const std::string name = arguments[i].substr(0, equals);
    const Setting* setting = name.starts_with("--") ? find(key_of(name)) : nullptr;
    // "--nb_epoch" is "--nb-epoch": Keras' arguments are written with underscores.
    joined.push_back(setting == nullptr ? arguments[i]
                                        : flag_of(key_of(name)) + arguments[i].substr(name.size()));
    if (setting == nullptr || equals != std::string::npos) continue;
    if (setting->type == Type::Switch) {
      joined.back() += "=" + (has_next ? arguments[++i] : "true");
      continue;
    }
    if (i + 1 == arguments.size() || arguments[i + 1].starts_with("--")) {
      const std::string_view value = setting->type == Type::Choice ? setting->choices : setting->value;
      bad_usage("KAIROS-U002", command_, "the flag has no value", arguments[i],
                arguments[i] + " " + std::string(value), "Write the value after the flag");
    }
    joined.back() += "=" + arguments[++i];
  }
  refuse_empty_values(joined, command_);
  return joined;
}

void Settings::read_arguments(std::span<const std::string> arguments) {
  for (const std::string& argument : arguments) require_utf8(argument, command_);
  std::map<std::string_view, std::vector<std::string>> given;
  for (const po::option& option : parse(join_values(arguments), settings_, command_).options) {
    if (option.position_key >= 0)
      bad_usage("KAIROS-U001", command_,
                "unexpected argument \"" + (option.value.empty() ? "" : option.value.front()) + "\"", "",
                "a flag that begins with --", "See " + command_ + " --help");
    const Setting& setting = known(key_of("--" + option.string_key));
    const bool again = given.contains(setting.key);
    std::vector<std::string>& values = given[setting.key];
    if (again && !may_repeat(setting))
      bad_usage("KAIROS-U002", command_, "the flag is given twice", flag_of(setting.key), "",
                "Leave one out");
    values.insert(values.end(), option.value.begin(), option.value.end());
  }
  for (auto& [key, values] : given) put(known(key), std::move(values), {flag_of(key)});
}

void Settings::read_config(const std::filesystem::path& file) {
  nlohmann::json document = read_config_file(file);
  const std::string name = file.string();
  const std::filesystem::path base = directory_of_config(file), here = std::filesystem::current_path();
  if (!declares("epochs")) {
    const bool has_model = values_.contains("model") || values_.contains("weights");
    const std::filesystem::path directory = serve_pass(document, has_model);
    if (!directory.empty()) training_directory_ = base / directory;
  }
  std::vector<std::string> keys;
  for (const Setting& setting : settings_)
    if (stays_in_config(setting)) keys.emplace_back(setting.key);
  std::map<const Setting*, std::string> seen;
  for (const auto& [key, value] : document.items()) {
    const Setting* setting = find(key);
    if (setting == nullptr && !declares("epochs") && is_key_of_another_run(key)) continue;
    if (setting == nullptr || !stays_in_config(*setting)) {
      const std::string foreign = cure_of_foreign_name(key, settings_);
      bad_usage("KAIROS-U004", name, "unknown key", "\"" + key + "\"", "",
                foreign.empty() ? suggest(key, keys) : foreign);
    }
    if (const auto [other, first] = seen.emplace(setting, key); !first)
      bad_usage("KAIROS-U004", name, "two keys name the same setting",
                "\"" + other->second + "\" and \"" + key + "\"", "one of them", "Leave one out");
    // A flag on the command line takes precedence over its key.
    if (values_.contains(setting->key) || value.is_null()) continue;
    const std::string where = name + ": " + key;
    std::vector<std::string> texts = texts_of(*setting, value, where);
    for (std::string& text : texts) text = moved_path(*setting, text, base, here);
    put(*setting, std::move(texts), {where, true});
    configured_.insert(setting->key);
  }
}

std::string Settings::config_flag() const {
  for (const char* key : {"config", "resume"})
    if (declares(key) && has(key)) return flag_of(key) + " " + text(key);
  return "";
}

bool Settings::has(std::string_view key) const {
  return !text(key).empty();
}

void Settings::require(std::string_view key, const std::string& cure) const {
  if (!has(key)) bad_usage("KAIROS-U005", flag_of(key), "this setting is missing", "", "", cure);
}

std::vector<std::string> Settings::texts(const Setting& setting) const {
  const auto value = values_.find(setting.key);
  if (value != values_.end()) return value->second;
  return setting.initial.empty() ? std::vector<std::string>{}
                                 : std::vector<std::string>{std::string(setting.initial)};
}

std::string Settings::text(std::string_view key) const {
  const std::vector<std::string> given = texts(known(key));
  return given.empty() ? "" : given.front();
}

bool Settings::is_on(std::string_view key) const {
  const std::string given = text(of_type(key, Type::Switch).key);
  return !given.empty() && read_boolean(given, {});
}
std::int64_t Settings::integer(std::string_view key) const {
  return read_integer(of_type(key, Type::Integer), text(key), {});
}
double Settings::number(std::string_view key) const {
  return read_number(of_type(key, Type::Number), text(key), {});
}
std::string Settings::choice(std::string_view key) const {
  return read_choice(of_type(key, Type::Choice), text(key), {});
}
char Settings::character(std::string_view key) const {
  return read_character(of_type(key, Type::Character), text(key), {});
}
Size Settings::size(std::string_view key) const {
  return read_size(of_type(key, Type::Size), text(key), {});
}
Integers Settings::integers(std::string_view key) const {
  return read_integers(of_type(key, Type::Integers), text(key), {});
}
std::vector<NamedNumber> Settings::named_numbers(std::string_view key) const {
  return read_named_numbers(of_type(key, Type::NamedNumbers), text(key), {});
}
std::vector<std::string> Settings::items(std::string_view key) const {
  return texts(of_type(key, Type::Items));
}
std::vector<NamedText> Settings::named(std::string_view key) const {
  const Setting& setting = of_type(key, Type::Named);
  return read_named(setting, texts(setting), {});
}
std::vector<NamedText> Settings::by_output(std::string_view key) const {
  const Setting& setting = known(key);
  if (!is_by_output(setting)) no_such_setting(key);
  return read_by_output(setting, texts(setting), {});
}
std::vector<NamedNumber> Settings::numbers_by_output(std::string_view key) const {
  const Setting& setting = of_type(key, Type::NumberByOutput);
  return read_numbers_by_output(setting, texts(setting), {});
}

void Settings::record_as(std::string_view key, std::vector<std::string> texts) {
  recorded_[known(key).key] = std::move(texts);
}

std::string Settings::json() const {
  return json_in(std::filesystem::current_path());
}

std::string Settings::json_in(const std::filesystem::path& directory) const {
  const std::filesystem::path here = std::filesystem::current_path();
  const std::filesystem::path base = directory_of_config(directory / "run.json");
  nlohmann::ordered_json document;
  for (const Setting& setting : settings_) {
    if (!stays_in_config(setting) || (setting.type == Type::Switch && !is_on(setting.key))) continue;
    const auto recorded = recorded_.find(setting.key);
    std::vector<std::string> values = recorded == recorded_.end() ? texts(setting) : recorded->second;
    for (std::string& text : values) text = moved_path(setting, text, here, base);
    document[std::string(setting.key)] = json_of(setting, values);
  }
  return document.dump(2) + "\n";
}

std::string Settings::help(std::string_view summary, std::string_view operands) const {
  const std::size_t columns = window().columns;
  if (!topic_.empty()) return topic_help(topic_, command_, settings_, columns);
  std::string usage = command_;
  if (!operands.empty()) usage += " " + std::string(operands);
  const std::string topics = topics_line(command_, settings_);
  return usage + ": " + std::string(summary) + "\n" + settings_help(settings_, columns) +
         (topics.empty() ? "" : "\n" + wrapped(topics, 0, columns) + "\n");
}

}  // namespace kairos::host::cli
