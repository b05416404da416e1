// SPDX-License-Identifier: MIT
// Texts of run checkpoints: intervals and positions.
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>
#include <string_view>

#include "kairos/host/checkpoint.hpp"

namespace kairos::host {

std::optional<CheckpointInterval> parse_checkpoint_interval(const std::string& text) {
  using Unit = CheckpointInterval::Unit;
  if (text == "auto") return CheckpointInterval{};
  if (text == "off") return CheckpointInterval{Unit::Never, 0, 0};
  constexpr struct {
    std::string_view word;
    Unit unit;
    double factor;
  } units[] = {{"s", Unit::Seconds, 1},      {"min", Unit::Seconds, 60},  {"h", Unit::Seconds, 3600},
               {"epoch", Unit::Epochs, 1},   {"epochs", Unit::Epochs, 1}, {"batch", Unit::Batches, 1},
               {"batches", Unit::Batches, 1}};
  double count = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || !std::isfinite(count) || count < 0) return std::nullopt;
  const std::string_view word(rest, static_cast<std::size_t>(end - rest));
  for (const auto& unit : units) {
    if (unit.word != word) continue;
    const bool counted = unit.unit != Unit::Seconds;
    if (counted && (count < 1 || count != std::floor(count))) return std::nullopt;
    return CheckpointInterval{unit.unit, count * unit.factor, 0};
  }
  return std::nullopt;
}

std::string FitPosition::text() const {
  if (in_epoch) return "epoch " + std::to_string(epoch + 1) + ", batch " + std::to_string(batch);
  return epoch == 0 ? "the beginning" : "the end of epoch " + std::to_string(epoch);
}

}  // namespace kairos::host
