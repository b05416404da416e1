// SPDX-License-Identifier: MIT
// Reads and writes the arguments of windows, and fits windows to samples.
#include "nn/layers/window_config.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace kairos::host {

namespace {

constexpr std::int64_t largest = 1 << 20;

/// The index in a Window of dimension i of `rank` dimensions.
std::size_t window_dimension(Rank rank, std::size_t i) {
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
    sizes[window_dimension(rank, i)] = read_size(config, key, value->is_array() ? value->at(i) : *value);
  return sizes;
}

Padding read_padding(ConfigReader& config, const std::vector<Padding>& known) {
  const std::string name = config.text("padding", "valid");
  std::string list;
  for (const Padding padding : known) {
    if (name == padding_name(padding)) return padding;
    if (!list.empty()) list += padding == known.back() ? " or " : ", ";
    list += padding_name(padding);
  }
  config.bad_value("padding", list);
}

Window read_window(ConfigReader& config, Rank rank) {
  Window window;
  const auto size = read_sizes(config, "kernel_size", rank);
  if (!size) config.bad_value("kernel_size", "a positive integer, or a list of one for each dimension");
  window.size = *size;
  window.stride = read_sizes(config, "strides", rank).value_or(Window::Pair{1, 1});
  window.dilation = read_sizes(config, "dilation_rate", rank).value_or(Window::Pair{1, 1});
  constexpr Window::Pair ones{1, 1};
  if (window.stride != ones && window.dilation != ones)
    config.bad_value("dilation_rate", "1 where strides are not 1, as in Keras");
  return window;
}

void write_window(const Window& window, Rank rank, nlohmann::json& config) {
  config["kernel_size"] = sizes_json(window.size, rank);
  config["strides"] = sizes_json(window.stride, rank);
  config["dilation_rate"] = sizes_json(window.dilation, rank);
  config["data_format"] = "channels_last";
}

nlohmann::json sizes_json(const Window::Pair& sizes, Rank rank) {
  if (rank == Rank::One) return nlohmann::json::array({sizes[1]});
  return sizes;
}

const char* padding_name(Padding padding) noexcept {
  switch (padding) {
    case Padding::Valid:
      return "valid";
    case Padding::Same:
      return "same";
    case Padding::Causal:
      return "causal";
  }
  return "";
}

bool place_window(Window& window, Padding padding, Rank rank, const Shape& shape) {
  for (std::size_t d = 0; d < static_cast<std::size_t>(rank); ++d) {
    const std::size_t i = window_dimension(rank, d);
    window.input[i] = shape[d];
    const std::int64_t last_start = padding == Padding::Valid ? shape[d] - window.extent(i) : shape[d] - 1;
    if (last_start < 0) return false;
    window.output[i] = last_start / window.stride[i] + 1;
    if (padding == Padding::Valid) window.before[i] = 0;
    if (padding == Padding::Causal) window.before[i] = window.extent(i) - 1;
    if (padding == Padding::Same) {
      window.before[i] = 0;
      window.before[i] = window.after(i) / 2;
    }
  }
  return true;
}

Shape window_output(const Window& window, Rank rank, std::int64_t channels) {
  if (rank == Rank::One) return {window.output[1], channels};
  return {window.output[0], window.output[1], channels};
}

const char* sample_noun(std::size_t dimensions) noexcept {
  if (dimensions == 3) return "(depth, rows, columns, channels)";
  return dimensions == 1 ? "(length, channels)" : "(rows, columns, channels)";
}

}  // namespace kairos::host
