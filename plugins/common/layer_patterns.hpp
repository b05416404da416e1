// SPDX-License-Identifier: MIT
// Patterns of layers, and the layers that the names of weights tell.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <kairos/plugin.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::plugins {

/// `*` stands for any characters, `?` for one.
[[nodiscard]] inline bool matches_text(std::string_view pattern, std::string_view text) {
  std::size_t p = 0, t = 0;
  std::size_t star = std::string_view::npos, after_star = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      after_star = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++after_star;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

/// Whether the pattern is that of a weight, such as "block/dense_1/kernel", or of a layer or model around it:
/// "block/dense_1", "block".
[[nodiscard]] inline bool matches_weight(std::string_view pattern, std::string_view weight) {
  for (std::size_t end = weight.find('/'); end != std::string_view::npos; end = weight.find('/', end + 1))
    if (matches_text(pattern, weight.substr(0, end))) return true;
  return matches_text(pattern, weight);
}

/// The layer of a weight: "block/dense_1" of "block/dense_1/kernel", "bi" of
/// "bi/forward_lstm/lstm_cell/kernel".
[[nodiscard]] inline std::string_view layer_of(std::string_view weight) {
  const auto drop_last = [&] { weight = weight.substr(0, weight.rfind('/')); };
  const auto last = [&] { return weight.substr(weight.rfind('/') + 1); };
  const auto begins = [&](std::string_view word) { return last().substr(0, word.size()) == word; };
  const auto is_nested = [&] { return weight.find('/') != std::string_view::npos; };
  if (is_nested()) drop_last();
  const auto is_cell = [&] { return last().size() > 5 && last().substr(last().size() - 5) == "_cell"; };
  while (is_nested() && (is_cell() || begins("forward_") || begins("backward_"))) drop_last();
  return weight;
}

/// The layers with weights, from the first to the last.
[[nodiscard]] inline std::vector<std::string> layers_of(const Event& event) {
  std::vector<std::string> layers;
  for (std::uint32_t i = 0; i < event.tensor_count(Role::Weight); ++i) {
    std::string layer(layer_of(event.tensor(Role::Weight, i).name()));
    if (std::find(layers.begin(), layers.end(), layer) == layers.end()) layers.push_back(std::move(layer));
  }
  return layers;
}

/// Throws a sentence that names the option if the pattern is that of no weight.
inline void require_match(const Event& event, std::string_view option, std::string_view pattern) {
  for (std::uint32_t i = 0; i < event.tensor_count(Role::Weight); ++i)
    if (matches_weight(pattern, event.tensor(Role::Weight, i).name())) return;
  std::string known;
  const std::vector<std::string> layers = layers_of(event);
  for (std::size_t i = 0; i < layers.size() && i < 12; ++i) known += (i == 0 ? "" : ", ") + layers[i];
  if (layers.size() > 12) known += ", …";
  throw Error(std::string(option) + ": no layer with weights is called \"" + std::string(pattern) +
              "\"; expected one of " + known + ", or a pattern such as " +
              (layers.empty() ? std::string("dense*") : layers.front().substr(0, 3) + "*"));
}

}  // namespace kairos::plugins
