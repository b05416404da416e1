// SPDX-License-Identifier: MIT
// Numbers and texts as bytes of this machine, and back. Whoever stores them adds a checksum.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace kairos::host {

class ByteWriter {
 public:
  explicit ByteWriter(std::size_t expected = 0) { out_.reserve(expected); }

  template <class T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    out_.append(reinterpret_cast<const char*>(&value), sizeof value);
  }
  /// Without its length.
  void raw(std::string_view bytes) { out_.append(bytes); }
  void text(std::string_view bytes) {
    number<std::uint64_t>(bytes.size());
    raw(bytes);
  }
  template <class T>
  void values(std::span<const T> list) {
    static_assert(std::is_arithmetic_v<T>);
    text({reinterpret_cast<const char*>(list.data()), list.size_bytes()});
  }
  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

/// After an end in the middle of a field everything is 0 or empty, and `good` is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <class T>
  T number() {
    static_assert(std::is_arithmetic_v<T>);
    T value{};
    const std::string_view bytes = raw(sizeof value);
    if (bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  std::string_view raw(std::uint64_t count) {
    if (!good_ || count > rest_.size()) {
      good_ = false;
      return {};
    }
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  std::string_view text() { return raw(number<std::uint64_t>()); }
  /// A number of things that take at least `each` bytes, so that damaged bytes cannot ask for much memory.
  std::uint64_t count(std::size_t each) {
    const auto n = number<std::uint64_t>();
    if (n > rest_.size() / each) good_ = false;
    return good_ ? n : 0;
  }

  [[nodiscard]] bool good() const noexcept { return good_; }
  /// Whether everything was read and nothing is left.
  [[nodiscard]] bool complete() const noexcept { return good_ && rest_.empty(); }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace kairos::host
