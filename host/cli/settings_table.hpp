// SPDX-License-Identifier: MIT
// The table of all settings: everything that flags, RUN.json, --help and messages say of one comes from its
// row.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::host::cli {

enum class Command : unsigned {
  Fit = 1,
  Evaluate = 2,
  Predict = 4,
  PluginsList = 8,
  PluginsInspect = 16,
  Replay = 32,
  Summary = 64,
  Convert = 128,
  Explain = 256,
  Plot = 512,
  RunsList = 1024,
  RunsCompare = 2048,
  PluginsCheck = 4096,
};

/// A set of commands.
struct Commands {
  unsigned bits = 0;
  constexpr Commands(Command command) : bits(static_cast<unsigned>(command)) {}
  constexpr explicit Commands(unsigned set) : bits(set) {}
  [[nodiscard]] constexpr bool contain(Command command) const {
    return (bits & static_cast<unsigned>(command)) != 0;
  }
};
[[nodiscard]] constexpr Commands operator|(Commands a, Commands b) {
  return Commands(a.bits | b.bits);
}

/// "fit", "plugins list".
[[nodiscard]] std::string_view command_name(Command command);

/// Headings of --help, in this order.
enum class Group { Model, Loss, Data, Training, Validation, Callbacks, Output, General };
[[nodiscard]] std::string_view group_title(Group group);

/// What a setting holds: decides how its value is read, checked, and written as JSON.
enum class Type {
  Text,
  Integer,
  Number,
  Choice,          ///< one of `choices`
  Switch,          ///< on or off; the flag alone means on
  Character,       ///< a single character, or "tab"
  Size,            ///< HEIGHTxWIDTH
  Integers,        ///< "2", or a list: "1,3"
  NamedNumbers,    ///< NAME=NUMBER,…, or the word in `choices`
  Items,           ///< may be repeated; commas belong to the value
  Named,           ///< NAME=VALUE, may be repeated, an object in a configuration; or VALUE once
  ByOutput,        ///< VALUE for all outputs, NAME=VALUE for one; may be repeated
  NumberByOutput,  ///< the same with numbers
  ListByOutput,    ///< the same with commas: "mae", "kind=accuracy,crossentropy"
};

/// Where a value has a path: decides what a configuration is relative to.
enum class Paths {
  None,
  File,     ///< the value is one
  Columns,  ///< the value, or what follows NAME=, if it is the name of a data file
  Model,    ///< unless it is a shorthand
  Plugin,   ///< the file of a plugin, FILE.so#ID
};

/// Of each number that a setting holds.
struct Bounds {
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool excluded = false;  ///< neither `min` nor `max` itself

  [[nodiscard]] constexpr bool empty() const {
    return min == -std::numeric_limits<double>::infinity() && max == std::numeric_limits<double>::infinity();
  }
};

struct Setting {
  std::string_view key;  ///< "batch_size": the key in RUN.json; the flag is --batch-size
  Commands commands;     ///< that have it
  Group group;
  Type type = Type::Text;
  std::string_view value = "";    ///< placeholder in the help, "N"; that of a choice is `choices`
  std::string_view initial = "";  ///< default; "" for none
  std::string_view choices = "";  ///< "last|shuffled|stratified"
  Bounds bounds = {};
  std::string_view range_code = "KAIROS-U010";  ///< of a number outside `bounds`
  bool name_required = false;                   ///< Type::Named: no VALUE without a NAME
  std::string_view example = "";                ///< a good value, for messages
  std::string_view aliases = "";                ///< other keys: "plugins,callbacks"
  std::string_view fields = "";  ///< other names that the library has for it: "spec.file,inputs"
  Paths paths = Paths::None;
  std::string_view help = "";
};

/// Every setting of every command.
[[nodiscard]] std::span<const Setting> all_settings();
/// Those of one command, in the order of the table.
[[nodiscard]] std::vector<Setting> settings_of(Command command);

/// "batch_size" as "--batch-size".
[[nodiscard]] std::string flag_of(std::string_view key);

/// Whether `key` is the setting's key or an alias.
[[nodiscard]] bool is_key_of(const Setting& setting, std::string_view key);

/// "a,b" as {"a", "b"}.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

/// "1 or more", "more than 0 and less than 1"; "" without bounds.
[[nodiscard]] std::string bounds_text(const Bounds& bounds);

/// Flags, values and help of each setting of a command, by group, in lines of at most `columns`.
[[nodiscard]] std::string settings_help(std::span<const Setting> settings, std::size_t columns);

/// `text` with breaks between words; lines after the first are indented.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns);

}  // namespace kairos::host::cli
