// SPDX-License-Identifier: MIT
// The logs as callbacks see them: the keys, which of them have a value in this event, and the values on
// request.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/callbacks.hpp"

namespace kairos::host {

/// The only key that several callbacks may publish, because its value is the same for all.
constexpr std::string_view shared_key = "learning_rate";

/// Keys in order: those of the model, the same with `val_` if the run validates, then what callbacks publish.
class LogBoard {
 public:
  enum class Pass { Training = 0, Validation = 1 };

  LogBoard(std::vector<LogKey> model_keys, bool validates);

  [[nodiscard]] std::span<const LogKey> keys() const noexcept { return keys_; }
  /// Name of a key, at an address that is valid as long as this object: plugins keep it.
  [[nodiscard]] const std::string& lasting_name(std::uint32_t index) const noexcept { return names_[index]; }
  [[nodiscard]] std::optional<std::uint32_t> find(std::string_view name) const noexcept;
  /// Index of a key that `instance` publishes. A direction may be given later, but not changed. Throws
  /// Error(Plugin) KAIROS-O015 for a key of the model or of another instance; only `shared_key`, whose
  /// value is the same for all, may have several publishers.
  std::uint32_t claim(const LogKey& key, const std::string& instance);
  /// True if callbacks, not the model, set the values of the key.
  [[nodiscard]] bool is_published(std::uint32_t index) const noexcept { return index >= first_published_; }

  /// Keys of the model in one pass.
  [[nodiscard]] std::size_t per_pass() const noexcept { return per_pass_; }

  /// Begins an event: no key has a value.
  void clear() noexcept;
  /// Gives the keys of a pass values. They are read from `source` when the first one is requested; it must
  /// live until clear(). A validation only if the run was declared with one.
  void offer(Pass pass, LogSource& source);
  void publish(std::uint32_t index, double value) noexcept { values_[index] = {value, true}; }
  /// Value of a key; nothing if it has none in this event.
  [[nodiscard]] std::optional<double> value(std::uint32_t index);

  /// The values that callbacks publish become those of rank 0, for the keys that it has.
  void share(Ranks& ranks);

  /// All values of the event, as History stores them.
  [[nodiscard]] std::vector<LogValue> values();
  /// Restores what values() returned.
  void restore(const std::vector<LogValue>& values);

 private:
  void read(Pass pass);

  std::vector<LogKey> keys_;
  std::deque<std::string> names_;        ///< of keys_; a deque moves nothing when it grows
  std::vector<std::string> publishers_;  ///< of keys_ from first_published_ on
  std::vector<LogValue> values_;
  std::vector<double> row_;  ///< one pass, as a source fills it
  std::uint32_t per_pass_;
  std::uint32_t first_published_;
  LogSource* sources_[2] = {nullptr, nullptr};
};

}  // namespace kairos::host
