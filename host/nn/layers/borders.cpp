// SPDX-License-Identifier: MIT
// Reads borders, and copies samples with or without them.
#include "nn/layers/borders.hpp"

#include <nlohmann/json.hpp>
#include <string>

namespace kairos::host {

namespace {

constexpr std::int64_t widest_border = 1 << 20;

std::string expected_borders(std::size_t dimensions) {
  if (dimensions == 1) return "an integer of at least 0, or (before, after)";
  if (dimensions == 2) return "an integer of at least 0, (rows, columns), or ((top, bottom), (left, right))";
  return "an integer of at least 0, or a list of an integer or (before, after) for each dimension";
}

std::int64_t read_side(const ConfigReader& config, std::string_view key, std::size_t dimensions,
                       const nlohmann::json& value) {
  if (!value.is_number_integer() || value < 0 || value > widest_border)
    config.bad_value(key, expected_borders(dimensions));
  return value.get<std::int64_t>();
}

}  // namespace

Borders::Borders(ConfigReader& config, std::string_view key, std::size_t dimensions, std::int64_t fallback)
    : dimensions_(dimensions) {
  const nlohmann::json number = fallback;
  const nlohmann::json* value = config.take(key);
  if (value == nullptr) value = &number;
  // A pair for the only dimension is that of its sides.
  const nlohmann::json wrapped = nlohmann::json::array({*value});
  if (dimensions == 1 && value->is_array() && value->size() == 2) value = &wrapped;
  if (value->is_array() && value->size() != dimensions) config.bad_value(key, expected_borders(dimensions));
  for (std::size_t i = 0; i < dimensions; ++i) {
    const nlohmann::json& side = value->is_array() ? value->at(i) : *value;
    if (side.is_array() && side.size() != 2) config.bad_value(key, expected_borders(dimensions));
    for (std::size_t k = 0; k < 2; ++k)
      sides_[3 - dimensions + i][k] = read_side(config, key, dimensions, side.is_array() ? side.at(k) : side);
  }
}

nlohmann::json Borders::json() const {
  if (dimensions_ == 1) return sides_[2];
  nlohmann::json list = nlohmann::json::array();
  for (std::size_t i = 3 - dimensions_; i < 3; ++i) list.push_back(sides_[i]);
  return list;
}

void Borders::place(const Shape& inner, const Shape& outer) {
  const std::size_t missing = 3 - dimensions_;
  for (std::size_t i = 0; i < 3; ++i) {
    inner_[i] = i < missing ? 1 : inner[i - missing];
    outer_[i] = i < missing ? 1 : outer[i - missing];
  }
  channels_ = inner.back();
}

template <typename Visit>
void Borders::each_row(std::int64_t begin, std::int64_t end, const Visit& visit) const {
  const std::int64_t n = inner_[2] * channels_;
  for (std::int64_t sample = begin; sample < end; ++sample)
    for (std::int64_t plane = 0; plane < inner_[0]; ++plane)
      for (std::int64_t row = 0; row < inner_[1]; ++row) {
        const std::int64_t from = (sample * inner_[0] + plane) * inner_[1] + row;
        const std::int64_t to = (sample * outer_[0] + plane + sides_[0][0]) * outer_[1] + row + sides_[1][0];
        visit(from * n, (to * outer_[2] + sides_[2][0]) * channels_, n);
      }
}

void Borders::pad(std::int64_t batch, const float* inner, float* outer) const {
  const std::int64_t size = outer_[0] * outer_[1] * outer_[2] * channels_;
  rows_in_parallel(batch, size, least_values, [&](std::int64_t begin, std::int64_t end) {
    std::fill_n(outer + begin * size, (end - begin) * size, 0.0F);
    each_row(begin, end, [&](std::int64_t from, std::int64_t to, std::int64_t n) {
      std::copy_n(inner + from, n, outer + to);
    });
  });
}

void Borders::crop(std::int64_t batch, const float* outer, float* inner) const {
  const std::int64_t size = inner_[0] * inner_[1] * inner_[2] * channels_;
  rows_in_parallel(batch, size, least_values, [&](std::int64_t begin, std::int64_t end) {
    each_row(begin, end, [&](std::int64_t to, std::int64_t from, std::int64_t n) {
      std::copy_n(outer + from, n, inner + to);
    });
  });
}

}  // namespace kairos::host
