// SPDX-License-Identifier: MIT
// Reads and writes the arguments of windows, and lays windows over a sample.
#include "nn/layers/window_config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kairos::host {

namespace {

constexpr std::int64_t largest = 1 << 20;

/// Where the dimension i of `rank` is in a Window.
std::size_t place(Rank rank, std::size_t i) {
  return rank == Rank::One ? 1 : i;
}

std::int64_t read_size(ConfigReader& config, std::string_view key, const nlohmann::json& value) {
  if (!value.is_number_integer() || value < 1 || value > largest)
    config.bad_value(key, "a positive integer, or a list of one for each dimension");
  return value.get<std::int64_t>();
}

}  // namespace

std::optional<Window::Pair> read_sizes(ConfigReader& config, std::string_view key, Rank rank) {
  const nlohmann::json* value = config.take(key);
  if (value == nullptr) return std::nullopt;
  const auto n = static_cast<std::size_t>(rank);
  if (value->is_array() && value->size() != n)
    config.bad_value(key, "a positive integer, or a list of " + std::to_string(n));
  Window::Pair sizes{1, 1};
  for (std::size_t i = 0; i < n; ++i)
    sizes[place(rank, i)] = read_size(config, key, value->is_array() ? value->at(i) : *value);
  return sizes;
}

Padding read_padding(ConfigReader& config) {
  const std::string name = config.text("padding", "valid");
  for (const Padding padding : {Padding::Valid, Padding::Same})
    if (name == padding_name(padding)) return padding;
  config.bad_value("padding", "valid or same");
}

void require_channels_last(ConfigReader& config) {
  config.unsupported("data_format", "channels_last", "Move the channels to the last dimension");
}

nlohmann::json sizes_json(const Window::Pair& sizes, Rank rank) {
  if (rank == Rank::One) return nlohmann::json::array({sizes[1]});
  return sizes;
}

const char* padding_name(Padding padding) noexcept {
  return padding == Padding::Valid ? "valid" : "same";
}

bool place_window(Window& window, Padding padding, Rank rank, const Shape& shape) {
  for (std::size_t d = 0; d < static_cast<std::size_t>(rank); ++d) {
    const std::size_t i = place(rank, d);
    window.input[i] = shape[d];
    const std::int64_t room = padding == Padding::Same ? shape[d] - 1 : shape[d] - window.extent(i);
    if (room < 0) return false;
    window.output[i] = room / window.stride[i] + 1;
    window.before[i] = padding == Padding::Same ? window.after(i) / 2 : 0;
  }
  return true;
}

Shape window_output(const Window& window, Rank rank, std::int64_t channels) {
  if (rank == Rank::One) return {window.output[1], channels};
  return {window.output[0], window.output[1], channels};
}

const char* sample_noun(Rank rank) noexcept {
  return rank == Rank::One ? "(length, channels)" : "(rows, columns, channels)";
}

}  // namespace kairos::host
