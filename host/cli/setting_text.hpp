// SPDX-License-Identifier: MIT
// What the value of a setting looks like: as a flag, with names in front, and as JSON.
#pragma once

#include <charconv>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "cli/settings.hpp"

namespace kairos::host::cli {

/// "batch_size" as "--batch-size".
[[nodiscard]] std::string flag_of(std::string key);

/// Nothing, if the text is not such a number and nothing else.
template <class T>
[[nodiscard]] std::optional<T> number_from(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Of a text that has been checked to be such a number.
template <class T>
[[nodiscard]] T read_as(const std::string& text) {
  T value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// "left=a.npy" as {"left", "a.npy"}; a path may have a '=' behind its first '/'.
[[nodiscard]] NamedText split_name(const std::string& text);
/// Several values need names that differ; one may stand alone. Throws Error(Usage).
void check_names(const Setting& setting, const std::vector<std::string>& values, const std::string& where);

/// Whether the setting may have a value for each output.
[[nodiscard]] bool is_by_output(const Setting& setting);
/// A name holds for what follows it up to the next name: "kind=accuracy,precision,amount=mae".
[[nodiscard]] std::vector<NamedText> split_outputs(const Setting& setting,
                                                   const std::vector<std::string>& values);
/// Throws Error(Usage) for a name without a value, and for two values of one output.
void check_outputs(const Setting& setting, const std::vector<std::string>& values, const std::string& where);

/// What JSON gives for a setting, as the texts that flags would have given.
[[nodiscard]] std::vector<std::string> texts_of(const Setting& setting, const nlohmann::json& value,
                                                const std::string& where);
/// The other way round.
[[nodiscard]] nlohmann::ordered_json json_of(const Setting& setting, const std::vector<std::string>& values);

}  // namespace kairos::host::cli
