// SPDX-License-Identifier: MIT
// The settings of one call, read from flags and RUN.json by the table.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/setting_values.hpp"
#include "cli/settings_table.hpp"

namespace kairos::host::cli {

/// Defaults, then the configuration, then the command line. Every value has been checked when the constructor
/// returns.
class Settings {
 public:
  /// Throws Error(Usage) for an unknown flag or key, with the nearest one, and for a value that is not of the
  /// setting's type, not one of its choices, or out of its bounds.
  Settings(Command command, std::span<const std::string> arguments);

  [[nodiscard]] bool help_wanted() const { return is_on("help"); }
  /// `operands` are those that stand after the command, "MODEL".
  [[nodiscard]] std::string help(std::string_view summary, std::string_view operands = "") const;

  /// Whether the command has such a setting; every function below may only be asked for those.
  [[nodiscard]] bool declares(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] bool has(std::string_view key) const;
  /// Whether a flag gives the value.
  [[nodiscard]] bool is_flagged(std::string_view key) const {
    return values_.contains(key) && !configured_.contains(key);
  }
  /// Whether the value comes from a configuration, not from a flag.
  [[nodiscard]] bool is_configured(std::string_view key) const { return configured_.contains(key); }
  /// The flag that names the configuration, "--config run.json"; "" if there is none.
  [[nodiscard]] std::string config_flag() const;
  /// Throws Error(Usage) if the setting has no value; `cure` says what to give.
  void require(std::string_view key, const std::string& cure) const;

  /// As it was given, whatever its type; "" if it has no value.
  [[nodiscard]] std::string text(std::string_view key) const;

  // The value by the setting's type. Each may only be asked of a setting of its type.
  [[nodiscard]] bool is_on(std::string_view key) const;
  [[nodiscard]] std::int64_t integer(std::string_view key) const;
  [[nodiscard]] double number(std::string_view key) const;
  [[nodiscard]] std::string choice(std::string_view key) const;
  /// What `meanings` has for the choice.
  template <class T>
  [[nodiscard]] T choice(std::string_view key,
                         std::initializer_list<std::pair<std::string_view, T>> meanings) const {
    const std::string chosen = choice(key);
    for (const auto& [name, meaning] : meanings)
      if (name == chosen) return meaning;
    no_such_setting(key);
  }
  [[nodiscard]] char character(std::string_view key) const;
  [[nodiscard]] Size size(std::string_view key) const;
  [[nodiscard]] Integers integers(std::string_view key) const;
  [[nodiscard]] std::vector<NamedNumber> named_numbers(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> items(std::string_view key) const;
  [[nodiscard]] std::vector<NamedText> named(std::string_view key) const;
  [[nodiscard]] std::vector<NamedText> by_output(std::string_view key) const;
  [[nodiscard]] std::vector<NamedNumber> numbers_by_output(std::string_view key) const;

  /// The run directory of the fit whose record gave the model of an evaluation or a prediction; empty if none
  /// did.
  [[nodiscard]] const std::filesystem::path& training_directory() const noexcept {
    return training_directory_;
  }

  /// Forgets the value that was given.
  void leave_out(std::string_view key) { values_.erase(key); }
  /// What json() gives for a setting in place of its value, which holds secrets.
  void record_as(std::string_view key, std::vector<std::string> texts);

  /// The effective settings as RUN.json, with paths relative to the current directory.
  [[nodiscard]] std::string json() const;
  /// The same for a file in this directory: with paths relative to it.
  [[nodiscard]] std::string json_in(const std::filesystem::path& directory) const;

 private:
  [[noreturn]] void no_such_setting(std::string_view key) const;
  [[nodiscard]] const Setting* find(std::string_view key) const;
  [[nodiscard]] const Setting& known(std::string_view key) const;
  [[nodiscard]] const Setting& of_type(std::string_view key, Type type) const;
  /// As given, or the default; empty for none.
  [[nodiscard]] std::vector<std::string> texts(const Setting& setting) const;
  [[nodiscard]] std::vector<std::string> join_values(std::span<const std::string> arguments);
  void read_arguments(std::span<const std::string> arguments);
  void read_config(const std::filesystem::path& file);
  void take_resumed_directory();
  void put(const Setting& setting, std::vector<std::string> values, const Origin& origin);

  std::string command_;
  std::filesystem::path training_directory_;
  std::string topic_;  ///< of --help; "" for all of it
  std::vector<Setting> settings_;
  std::map<std::string_view, std::vector<std::string>> values_;
  std::set<std::string_view> configured_;
  std::map<std::string_view, std::vector<std::string>> recorded_;  ///< in place of values_, for json()
};

/// What a command with operands was given.
struct CommandLine {
  std::vector<std::string> operands;  ///< arguments that are neither flags of the command nor their values
  Settings settings;
};
[[nodiscard]] CommandLine read_command_line(Command command, std::span<const std::string> arguments);

}  // namespace kairos::host::cli
