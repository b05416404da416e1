// SPDX-License-Identifier: MIT
// Calls and values in Python's syntax, as in texts pasted from programs: plugins, optimizers, models.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::host {

struct CallArgument {
  std::string name;     ///< "" for a positional argument
  std::string value;    ///< without quotes around it; may be a call itself: "RandomNormal(stddev=0.1)"
  bool quoted = false;  ///< the value was in quotes, so it is a string
};

/// Thrown by PythonReader; the caller knows the meaning of the text.
struct TextFault {
  std::size_t at;  ///< index of the character
  std::string found, expected, cure;
};

/// Reads a text from left to right. Inside the parentheses of a call, comments count as blanks. Throws
/// TextFault.
class PythonReader {
 public:
  /// Borrows the text.
  explicit PythonReader(std::string_view text, std::size_t at = 0) : text_(text), at_(at) {}

  [[nodiscard]] std::size_t at() const noexcept { return at_; }
  /// After the blanks.
  [[nodiscard]] bool at_end();
  void skip_blanks();
  [[nodiscard]] bool take(char c);
  /// The text at this position, for messages.
  [[nodiscard]] std::string here() const;
  [[noreturn]] void fail(std::string expected, std::string cure = "") const;

  /// Letters, digits and `_.>`.
  [[nodiscard]] std::string name();
  /// "(64, 'relu', name=x,)" from the opening to the closing parenthesis; empty without an opening one.
  [[nodiscard]] std::vector<CallArgument> arguments();
  /// A value up to one of `ends` outside of brackets and quotes.
  [[nodiscard]] CallArgument value(std::string_view ends);
  /// Whether a string literal begins here.
  [[nodiscard]] bool at_string() const;
  /// Adjacent string literals form one string. Prefixes and escapes are Python's.
  [[nodiscard]] std::string string();

 private:
  [[nodiscard]] CallArgument argument();
  [[nodiscard]] std::size_t end_of_bare(std::string_view ends) const;
  void append_literal(std::string& to);
  void append_escape(std::string& to);
  void append_code_point(std::string& to, unsigned digits);
  void append_octal(std::string& to);

  std::string_view text_;
  std::size_t at_;
  bool in_call_ = false;
};

/// The text without blanks around it.
[[nodiscard]] std::string_view trimmed(std::string_view text) noexcept;
/// None, and its spellings in other languages, none and null.
[[nodiscard]] bool is_none(std::string_view text) noexcept;
/// True and False, also in lower case.
[[nodiscard]] std::optional<bool> python_bool(std::string_view text) noexcept;
/// 10, +10, 1_000, 0x1F, 0o17, 0b1. Empty if the value does not fit 64 bits.
[[nodiscard]] std::optional<std::int64_t> python_integer(std::string_view text);
/// All of these and 1e-3, .5, 5., inf, float('inf'), np.nan. Independent of the locale.
[[nodiscard]] std::optional<double> python_number(std::string_view text);
/// The items of "[1, 'two']" or "('a', 'b')", and of "{'a': 1}" with the keys as names. Empty for other
/// texts, including "(x)".
[[nodiscard]] std::optional<std::vector<CallArgument>> python_items(std::string_view text);

}  // namespace kairos::host
