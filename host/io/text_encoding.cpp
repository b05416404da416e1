// SPDX-License-Identifier: MIT
// Validates UTF-8 by the ranges of its bytes, and maps the two single-byte encodings.
#include "io/text_encoding.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

std::uint8_t byte_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint8_t>(text[at]);
}

/// Size of the well-formed sequence that begins at `at`; 0 if there is none.
std::size_t sequence_size(std::string_view text, std::size_t at) noexcept {
  const std::uint8_t lead = byte_at(text, at);
  if (lead < 0x80) return 1;
  const std::size_t size = lead >= 0xC2 && lead <= 0xDF ? 2
                           : lead >> 4 == 0xE           ? 3
                           : lead >> 3 == 0x1E          ? 4
                                                        : 0;
  if (size == 0 || lead > 0xF4 || text.size() - at < size) return 0;
  // The second byte excludes overlong forms, surrogates and code points beyond U+10FFFF.
  const std::uint8_t least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const std::uint8_t most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte_at(text, at + 1) < least || byte_at(text, at + 1) > most) return 0;
  for (std::size_t i = 2; i < size; ++i)
    if (byte_at(text, at + i) >> 6 != 2) return 0;
  return size;
}

/// Code points of 0x80 to 0x9F in cp1252; 0 for unassigned ones.
constexpr std::array<std::uint16_t, 32> cp1252 = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

std::uint16_t code_point(std::uint8_t byte, TextEncoding encoding) noexcept {
  const bool special = encoding == TextEncoding::Cp1252 && byte >= 0x80 && byte < 0xA0;
  return special ? cp1252[byte - 0x80U] : byte;
}

/// For code points below U+10000.
void append_utf8(std::string& text, std::uint16_t code) {
  const auto append = [&](unsigned byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return append(code);
  if (code < 0x800) {
    append(0xC0U | code >> 6);
  } else {
    append(0xE0U | code >> 12);
    append(0x80U | (code >> 6 & 0x3FU));
  }
  append(0x80U | (code & 0x3FU));
}

std::string hex(char byte, const char* digits) {
  const auto value = static_cast<std::uint8_t>(byte);
  return {digits[value >> 4], digits[value & 15U]};
}

}  // namespace

std::optional<std::size_t> utf8_fault(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = sequence_size(text, at);
    if (size == 0) return at;
    at += size;
  }
  return std::nullopt;
}

std::optional<std::size_t> text_fault(std::string_view text, TextEncoding encoding) noexcept {
  if (encoding == TextEncoding::Utf8) return utf8_fault(text);
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] != '\0' && code_point(byte_at(text, at), encoding) == 0) return at;
  return std::nullopt;
}

std::string as_utf8(std::string_view text, TextEncoding encoding) {
  if (encoding == TextEncoding::Utf8) return std::string(text);
  std::string decoded;
  for (const char c : text) append_utf8(decoded, code_point(static_cast<std::uint8_t>(c), encoding));
  return decoded;
}

const char* encoding_name(TextEncoding encoding) noexcept {
  switch (encoding) {
    case TextEncoding::Latin1:
      return "latin1";
    case TextEncoding::Cp1252:
      return "cp1252";
    case TextEncoding::Utf8:
      break;
  }
  return "utf-8";
}

std::string shown_bytes(std::string_view text) {
  std::string shown;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = sequence_size(text, at);
    if (size == 0)
      shown += "\\x" + hex(text[at], "0123456789abcdef");
    else
      shown += text.substr(at, size);
    at += std::max<std::size_t>(size, 1);
  }
  return shown;
}

std::string byte_text(char byte) {
  return "byte 0x" + hex(byte, "0123456789ABCDEF");
}

std::string encoding_cure(TextEncoding encoding) {
  return encoding == TextEncoding::Utf8 ? "Set `encoding=latin1` or `encoding=cp1252`, or convert it to UTF-8"
                                        : "Choose another encoding, or convert it to UTF-8";
}

TextEncoding text_encoding(const std::string& name) {
  std::string plain;  // "UTF-8", "utf_8" and "utf8" are the same
  for (const char c : name)
    if (c != '-' && c != '_' && c != ' ')
      plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), plain) != names.end();
  };
  if (is_one_of({"utf8", "utf8sig", "u8", "ascii", "usascii"})) return TextEncoding::Utf8;
  if (is_one_of({"latin1", "l1", "iso88591", "88591"})) return TextEncoding::Latin1;
  if (is_one_of({"cp1252", "windows1252", "1252", "ansi"})) return TextEncoding::Cp1252;
  throw Error(ErrorKind::Usage, {"KAIROS-U070", "`encoding`", "this encoding is not supported",
                                 "\"" + name + "\"", "utf-8, latin1 or cp1252",
                                 "Convert the file, for example with iconv -f " +
                                     (name.empty() ? "ENCODING" : name) + " -t UTF-8 IN > OUT"});
}

}  // namespace kairos::host
