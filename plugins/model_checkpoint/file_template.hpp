// SPDX-License-Identifier: MIT
// File names with fields, such as m-{epoch:02d}-{val_loss:.2f}.keras.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::plugins {

/// A part of Python's format language: `{{` and `}}` for braces, and {key} or {key:[+|
/// ][0][width][.precision][type]} with the types d (whole numbers alone), f, F, e, E, g, G and %. Writes what
/// Python writes, whatever the locale.
class FileTemplate {
 public:
  struct Format {
    char sign = '-';  ///< '+' and ' ' mark numbers that are not negative
    bool zeros = false;
    int width = 0;
    int precision = -1;  ///< -1: none given
    char type = '\0';    ///< '\0': as Python prints the number
  };
  /// Text that stands as it is, then, but at the end of the template, a field.
  struct Piece {
    std::string text;
    std::string key;  ///< empty for none
    Format format;
  };

  /// Keys whose numbers are whole; all others are not, and have no {key:d}.
  [[nodiscard]] static bool is_whole(std::string_view key) { return key == "epoch" || key == "batch"; }

  FileTemplate() = default;
  /// `literal` stands in front as it is: a directory that the user did not write. Throws kairos::Error with
  /// the field and what to write instead.
  explicit FileTemplate(std::string_view text, std::string literal = {});

  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  [[nodiscard]] bool has_fields() const { return pieces_.size() > 1; }

 private:
  std::vector<Piece> pieces_;
};

/// `value` in this format; NaN is "nan".
[[nodiscard]] std::string formatted(double value, const FileTemplate::Format& format, bool whole);

/// The candidate that is closest to `word`; "" if none is close enough to be a slip of the pen.
[[nodiscard]] std::string nearest_key(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace kairos::plugins
