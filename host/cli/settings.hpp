// SPDX-License-Identifier: MIT
// Settings of a run: one table from which flags, the keys of RUN.json, help and --print-config come.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

/// What a setting holds; decides how it is checked and how it is written as JSON.
enum class Kind {
  Text,
  Int,
  Number,
  Switch,        ///< a flag without a value; not kept in a configuration
  List,          ///< may be given several times, or with commas
  Items,         ///< may be given several times; commas belong to the value
  Named,         ///< several times as NAME=VALUE, an object in a configuration; or once as VALUE
  ByOutput,      ///< VALUE for all outputs, NAME=VALUE for one; may be given several times
  ListByOutput,  ///< the same with commas: "mae", "kind=accuracy,crossentropy"
};

/// A value of a setting of Kind::Named; `name` is "" for one that stands alone.
struct NamedText {
  std::string name, value;
};

struct Setting {
  const char* key;      ///< "batch_size": the key in RUN.json; the flag is --batch-size
  const char* aliases;  ///< other keys, "nb_epoch,…"; "" for none
  Kind kind;
  const char* initial;  ///< default; "" for none
  const char* value;    ///< what stands for the value in the help, "N"
  const char* help;
};

/// Settings that a command knows.
[[nodiscard]] std::vector<Setting> fit_settings();
[[nodiscard]] std::vector<Setting> evaluate_settings();
[[nodiscard]] std::vector<Setting> predict_settings();
[[nodiscard]] std::vector<Setting> plugins_list_settings();
[[nodiscard]] std::vector<Setting> plugins_inspect_settings();
[[nodiscard]] std::vector<Setting> replay_settings();
[[nodiscard]] std::vector<Setting> summary_settings();
[[nodiscard]] std::vector<Setting> convert_settings();

/// The settings of one call: defaults, then the configuration, then the command line.
class Settings {
 public:
  /// Throws Error(Usage) for an unknown flag or key with the nearest one, and for a value of the wrong kind.
  Settings(std::string command, std::vector<Setting> known, std::span<const std::string> arguments);

  [[nodiscard]] bool help_wanted() const { return is_on("help"); }
  [[nodiscard]] std::string help(std::string_view summary) const;

  /// Whether the command has such a setting; all that follows must only be asked for those.
  [[nodiscard]] bool declares(std::string_view key) const { return find(key) != nullptr; }
  [[nodiscard]] bool has(std::string_view key) const;
  /// Text of a setting, "" if it has none.
  [[nodiscard]] std::string text(std::string_view key) const;
  [[nodiscard]] std::int64_t integer(std::string_view key) const;
  [[nodiscard]] double number(std::string_view key) const;
  [[nodiscard]] bool is_on(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view key) const;
  [[nodiscard]] std::vector<NamedText> named(std::string_view key) const;
  /// Values of Kind::ByOutput and Kind::ListByOutput; `name` is "" for all outputs.
  [[nodiscard]] std::vector<NamedText> by_output(std::string_view key) const;

  /// The effective settings as RUN.json.
  [[nodiscard]] std::string json() const;

 private:
  [[nodiscard]] const Setting* find(std::string_view key) const;
  [[nodiscard]] const Setting& known(std::string_view key) const;
  [[nodiscard]] std::vector<std::string> join_values(std::span<const std::string> arguments) const;
  void read_arguments(std::span<const std::string> arguments);
  void read_config(const std::filesystem::path& file);
  void put(const Setting& setting, std::vector<std::string> values, const std::string& where);

  std::string command_;
  std::vector<Setting> settings_;
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

/// Takes the arguments that are neither flags nor their values out of `arguments`: names and files that stand
/// alone.
[[nodiscard]] std::vector<std::string> take_words(std::vector<std::string>& arguments,
                                                  const std::vector<Setting>& known);

/// "a,b(c,d)" as {"a", "b(c,d)"}: commas inside parentheses, brackets or quotes do not split.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

}  // namespace kairos::host::cli
