// SPDX-License-Identifier: MIT
// Reads and checks the texts that settings are given as, on the command line and in RUN.json alike.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli/settings_table.hpp"

namespace kairos::host::cli {

/// Where a value was given, for messages.
struct Origin {
  std::string where;       ///< "--epochs", or "run.json: epochs"
  bool in_config = false;  ///< whether it is a key of RUN.json
};

/// `name` is "" for a value that holds for all outputs, or has no name.
struct NamedText {
  std::string name, value;
};
struct NamedNumber {
  std::string name;
  double value;
};
struct Size {
  std::int64_t height, width;
};
/// "2" is a number, "2," a list of one.
struct Integers {
  std::vector<std::int64_t> values;
  bool is_list;
};

/// Nothing, unless the whole text is such a number.
template <class T>
[[nodiscard]] std::optional<T> number_from(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "a,b(c,d)" as {"a", "b(c,d)"}: commas inside parentheses, brackets or quotes do not split.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

/// "left=a.npy" as {"left", "a.npy"}; a path may have a '=' after its first '/'.
[[nodiscard]] NamedText split_name(const std::string& text);

/// Whether the setting may have a value per output.
[[nodiscard]] bool is_by_output(const Setting& setting);
/// Whether its flag may be repeated.
[[nodiscard]] bool may_repeat(const Setting& setting);

// Each reads a value of the type in its name. Throws Error(Usage) for a text of another type, a number out of
// bounds, and an unknown choice.
[[nodiscard]] std::int64_t read_integer(const Setting& setting, std::string_view text, const Origin& origin);
[[nodiscard]] double read_number(const Setting& setting, std::string_view text, const Origin& origin);
/// Nothing, unless the text is true or false, yes or no, on or off, 1 or 0, in any case.
[[nodiscard]] std::optional<bool> boolean_from(std::string_view text);
[[nodiscard]] bool read_boolean(const std::string& text, const Origin& origin);
/// As `choices` spells it. Where true and false are choices, the other words for them are taken too.
[[nodiscard]] std::string read_choice(const Setting& setting, const std::string& text, const Origin& origin);
[[nodiscard]] char read_character(const Setting& setting, const std::string& text, const Origin& origin);
/// "28x28", or "28,28" as a list in a configuration becomes.
[[nodiscard]] Size read_size(const Setting& setting, const std::string& text, const Origin& origin);
[[nodiscard]] Integers read_integers(const Setting& setting, const std::string& text, const Origin& origin);
/// A name that contains a comma, or begins or ends with a space, must be in quotes.
[[nodiscard]] std::vector<NamedNumber> read_named_numbers(const Setting& setting, const std::string& text,
                                                          const Origin& origin);
/// Several values need names that differ; a single one may have none.
[[nodiscard]] std::vector<NamedText> read_named(const Setting& setting, std::span<const std::string> texts,
                                                const Origin& origin);
/// A name holds for what follows it up to the next name: "kind=accuracy,precision,amount=mae".
[[nodiscard]] std::vector<NamedText> read_by_output(const Setting& setting,
                                                    std::span<const std::string> texts, const Origin& origin);
[[nodiscard]] std::vector<NamedNumber> read_numbers_by_output(const Setting& setting,
                                                              std::span<const std::string> texts,
                                                              const Origin& origin);

/// Throws as the functions above unless `texts` is a value of the setting.
void check_value(const Setting& setting, std::span<const std::string> texts, const Origin& origin);

}  // namespace kairos::host::cli
