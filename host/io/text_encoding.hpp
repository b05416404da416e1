// SPDX-License-Identifier: MIT
// Converts names and labels of any supported encoding to UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "kairos/host/data.hpp"

namespace kairos::host {

/// The position of the first byte that is not part of well-formed UTF-8 (Unicode, table 3-7: no overlong
/// forms, no surrogates); absent if there is none.
[[nodiscard]] std::optional<std::size_t> utf8_fault(std::string_view text) noexcept;

/// The position of the first byte that is invalid in `encoding`.
[[nodiscard]] std::optional<std::size_t> text_fault(std::string_view text, TextEncoding encoding) noexcept;

/// Converts `text`, which must be valid, to UTF-8.
[[nodiscard]] std::string as_utf8(std::string_view text, TextEncoding encoding);

/// "latin1", the name that text_encoding() accepts.
[[nodiscard]] const char* encoding_name(TextEncoding encoding) noexcept;

/// For messages: invalid bytes as \xe9.
[[nodiscard]] std::string shown_bytes(std::string_view text);

/// "byte 0xE9".
[[nodiscard]] std::string byte_text(char byte);

/// How to fix text that is invalid in `encoding`.
[[nodiscard]] std::string encoding_cure(TextEncoding encoding);

}  // namespace kairos::host
