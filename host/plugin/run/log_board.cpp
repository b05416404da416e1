// SPDX-License-Identifier: MIT
// Stores keys and values; reads a pass only when a value is requested.
#include "plugin/run/log_board.hpp"

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "base/byte_stream.hpp"
#include "base/rank_calls.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

void LogValues::read_logs(std::span<double> values) {
  for (std::size_t i = 0; i < values.size() && i < values_.size(); ++i) values[i] = values_[i];
}

namespace {

[[noreturn]] void refuse_claim(const LogKey& key, const std::string& instance, const std::string& owner) {
  throw Error(ErrorKind::Plugin,
              {"KAIROS-O015", instance, "two publish the log key " + key.name, instance + " and " + owner,
               "one", "Leave one of them out, or give it another name where its option decides the key"});
}

}  // namespace

LogBoard::LogBoard(std::vector<LogKey> model_keys, bool validates)
    : keys_(std::move(model_keys)), per_pass_(static_cast<std::uint32_t>(keys_.size())) {
  if (validates)
    for (std::uint32_t i = 0; i < per_pass_; ++i)
      keys_.push_back({"val_" + keys_[i].name, keys_[i].direction});
  for (const LogKey& key : keys_) names_.push_back(key.name);
  first_published_ = static_cast<std::uint32_t>(keys_.size());
  values_.resize(keys_.size());
  row_.resize(per_pass_);
}

std::optional<std::uint32_t> LogBoard::find(std::string_view name) const noexcept {
  const auto found =
      std::find_if(keys_.begin(), keys_.end(), [&](const LogKey& key) { return key.name == name; });
  if (found == keys_.end()) return std::nullopt;
  return static_cast<std::uint32_t>(found - keys_.begin());
}

std::uint32_t LogBoard::claim(const LogKey& key, const std::string& instance) {
  const auto index = find(key.name);
  if (!index) {
    keys_.push_back(key);
    names_.push_back(key.name);
    values_.emplace_back();
    publishers_.push_back(instance);
    return static_cast<std::uint32_t>(keys_.size() - 1);
  }
  if (!is_published(*index)) refuse_claim(key, instance, "the model");
  const std::string& owner = publishers_[*index - first_published_];
  if (owner != instance && key.name != shared_key) refuse_claim(key, instance, owner);
  Direction& direction = keys_[*index].direction;
  if (direction == Direction::Unknown) direction = key.direction;
  if (key.direction != Direction::Unknown && direction != key.direction)
    throw Error(ErrorKind::Plugin,
                {"KAIROS-O017", instance, "the log key " + key.name + " has two directions", "min and max",
                 "one of them", "Declare it once, or leave one of the callbacks out"});
  return *index;
}

void LogBoard::clear() noexcept {
  for (LogValue& value : values_) value.available = false;
  sources_[0] = sources_[1] = nullptr;
}

void LogBoard::offer(Pass pass, LogSource& source) {
  sources_[static_cast<std::size_t>(pass)] = &source;
}

void LogBoard::read(Pass pass) {
  const auto p = static_cast<std::size_t>(pass);
  LogSource* source = std::exchange(sources_[p], nullptr);
  // A value that the source leaves out is NaN, not the previous one and not 0.
  std::fill(row_.begin(), row_.end(), std::numeric_limits<double>::quiet_NaN());
  source->read_logs(row_);
  const std::size_t first = p * per_pass_;
  assert(first + per_pass_ <= first_published_);
  for (std::size_t i = 0; i < per_pass_; ++i) values_[first + i] = {row_[i], source->is_available(i)};
}

std::optional<double> LogBoard::value(std::uint32_t index) {
  if (index < first_published_) {
    const Pass pass = index < per_pass_ ? Pass::Training : Pass::Validation;
    if (sources_[static_cast<std::size_t>(pass)] != nullptr) read(pass);
  }
  if (!values_[index].available) return std::nullopt;
  return values_[index].value;
}

std::vector<LogValue> LogBoard::values() {
  for (const Pass pass : {Pass::Training, Pass::Validation})
    if (sources_[static_cast<std::size_t>(pass)] != nullptr) read(pass);
  return values_;
}

void LogBoard::restore(const std::vector<LogValue>& values) {
  sources_[0] = sources_[1] = nullptr;
  values_ = values;
}

void LogBoard::share(Ranks& ranks) {
  ByteWriter own;
  for (std::uint32_t i = first_published_; i < keys_.size(); ++i) {
    own.text(keys_[i].name);
    own.number(values_[i].value);
    own.number<std::uint8_t>(values_[i].available ? 1 : 0);
  }
  require_in_step(ranks, "on_epoch_end, what callbacks have published");
  std::string bytes = std::move(own).take();
  double size = static_cast<double>(bytes.size());
  ranks.broadcast(0, std::as_writable_bytes(std::span(&size, 1)));
  bytes.resize(static_cast<std::size_t>(size));
  ranks.broadcast(0, std::as_writable_bytes(std::span(bytes)));
  for (ByteReader in(bytes); in.good() && !in.complete();) {
    const std::string_view name = in.text();
    const auto value = in.number<double>();
    const bool available = in.number<std::uint8_t>() != 0;
    const std::optional<std::uint32_t> index = find(name);
    if (index && is_published(*index)) values_[*index] = {value, available};
  }
}

}  // namespace kairos::host
