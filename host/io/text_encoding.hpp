// SPDX-License-Identifier: MIT
// Names and labels of any encoding as UTF-8.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "kairos/host/data.hpp"

namespace kairos::host {

/// Where the first byte is that is not part of well-formed UTF-8 (Unicode, table 3-7: no overlong forms, no
/// surrogates); absent if all are.
[[nodiscard]] std::optional<std::size_t> utf8_fault(std::string_view text) noexcept;

/// Where the first byte is that means nothing in `encoding`.
[[nodiscard]] std::optional<std::size_t> text_fault(std::string_view text, TextEncoding encoding) noexcept;

/// `text`, which has no fault, as UTF-8.
[[nodiscard]] std::string as_utf8(std::string_view text, TextEncoding encoding);

/// "latin1", as --encoding takes it.
[[nodiscard]] const char* encoding_name(TextEncoding encoding) noexcept;

/// For messages: bytes that are not UTF-8 as \xe9.
[[nodiscard]] std::string shown_bytes(std::string_view text);

/// "byte 0xE9".
[[nodiscard]] std::string byte_text(char byte);

/// What to do about text that `encoding` cannot read.
[[nodiscard]] std::string encoding_cure(TextEncoding encoding);

}  // namespace kairos::host
