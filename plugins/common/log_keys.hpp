// SPDX-License-Identifier: MIT
// Log keys that users name outside of options of the type metric.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <kairos/error.hpp>
#include <kairos/event.hpp>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "text.hpp"

namespace kairos::plugins {

/// True for keys that have a value only where a validation ran.
[[nodiscard]] inline bool is_validation(std::string_view key) {
  return key.substr(0, 4) == "val_";
}

/// Value of a key in this event; empty if it is unavailable or the run has no such key.
[[nodiscard]] inline std::optional<double> value_of(const Event& event, std::string_view key) {
  const std::optional<std::uint32_t> index = event.find_log(key);
  return index ? event.log(*index) : std::nullopt;
}

/// The keys of the run that have values in batches, and, without `only_batches`, all others too.
[[nodiscard]] inline std::vector<std::string> log_keys(const Event& event, bool only_batches = false) {
  std::vector<std::string> keys;
  for (std::uint32_t i = 0; i < event.log_count(); ++i)
    if (!only_batches || !is_validation(event.log_name(i))) keys.emplace_back(event.log_name(i));
  return keys;
}

/// `key` if it is known, else its other name in Keras, old or new (val_acc, val_accuracy), if that is known;
/// else "".
[[nodiscard]] inline std::string known_key(std::string_view key, const std::vector<std::string>& known) {
  // As the host resolves options of the type metric.
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> names = {
      {{"acc", "accuracy"}, {"val_acc", "val_accuracy"}, {"lr", "learning_rate"}}};
  const auto is_known = [&known](std::string_view name) {
    return std::find(known.begin(), known.end(), name) != known.end();
  };
  if (is_known(key)) return std::string(key);
  for (const auto& [old, now] : names) {
    if (key == old && is_known(now)) return std::string(now);
    if (key == now && is_known(old)) return std::string(old);
  }
  return "";
}

/// The candidate that is closest to `word`; "" if none is at most `most` letters away.
[[nodiscard]] inline std::string nearest_key(std::string_view word,
                                             const std::vector<std::string>& candidates, std::size_t most) {
  std::string best;
  std::size_t least = most + 1;
  for (const std::string& candidate : candidates) {
    // Edit distance, computed row by row.
    std::vector<std::size_t> row(candidate.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (const char c : word) {
      std::size_t diagonal = row[0]++;
      for (std::size_t i = 1; i < row.size(); ++i) {
        const std::size_t changed = diagonal + (candidate[i - 1] == c ? 0 : 1);
        diagonal = row[i];
        row[i] = std::min({changed, row[i] + 1, row[i - 1] + 1});
      }
    }
    if (row.back() >= least) continue;
    least = row.back();
    best = candidate;
  }
  return best;
}

/// The candidate that is closest to `word`; "" if none is similar enough to be meant.
[[nodiscard]] inline std::string nearest_key(std::string_view word,
                                             const std::vector<std::string>& candidates) {
  return nearest_key(word, candidates, std::max<std::size_t>(word.size() / 2, 1));
}

/// "Did you mean "X"? Known are: a, b" for a message that rejects `word`.
[[nodiscard]] inline std::string known_instead_of(std::string_view word,
                                                  const std::vector<std::string>& known) {
  const std::string near = nearest_key(word, known);
  std::string text = near.empty() ? "Known are: " : "Did you mean \"" + near + "\"? Known are: ";
  for (const std::string& name : known) text += (name == known.front() ? "" : ", ") + name;
  return text;
}

/// The keys of an option, by their names in this run.
[[nodiscard]] inline std::vector<std::string> chosen_keys(std::string_view text, const char* option,
                                                          const std::vector<std::string>& known) {
  std::vector<std::string> found;
  for (const std::string& word : words_of(text)) {
    found.push_back(known_key(word, known));
    if (found.back().empty())
      throw Error(std::string(option) + " has \"" + word + "\", which this run does not log. " +
                  known_instead_of(word, known));
  }
  return found;
}

}  // namespace kairos::plugins
