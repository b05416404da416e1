// SPDX-License-Identifier: MIT
// File names with fields, such as m-{epoch:02d}-{val_loss:.2f}.keras.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::plugins {

/// A subset of Python's format strings: `{{` and `}}` for literal braces, and `{key}` or
/// `{key:[+| ][0][width][.precision][type]}` with the types d (integers only), f, F, e, E, g, G and %. The
/// output equals Python's and does not depend on the locale.
class FileTemplate {
 public:
  struct Format {
    char sign = '-';  ///< '+' or ' ' precedes non-negative numbers
    bool zeros = false;
    int width = 0;
    int precision = -1;  ///< -1: none given
    char type = '\0';    ///< '\0': as Python prints the number
  };
  /// Literal text, followed by a field except at the end of the template.
  struct Piece {
    std::string text;
    std::string key;  ///< empty for none
    Format format;
  };

  /// True for keys with integer values; only these may have the type d.
  [[nodiscard]] static bool is_whole(std::string_view key) { return key == "epoch" || key == "batch"; }

  FileTemplate() = default;
  /// Parses `text`. `literal` is a prefix without fields: a directory that the host added. Throws
  /// kairos::Error that names the field and a correction.
  explicit FileTemplate(std::string_view text, std::string literal = {});

  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  /// For replacing the key of a field.
  [[nodiscard]] std::vector<Piece>& pieces() { return pieces_; }
  [[nodiscard]] bool has_fields() const { return pieces_.size() > 1; }

 private:
  std::vector<Piece> pieces_;
};

/// Formats `value`; NaN becomes "nan".
[[nodiscard]] std::string formatted(double value, const FileTemplate::Format& format, bool whole);

}  // namespace kairos::plugins
