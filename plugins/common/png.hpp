// SPDX-License-Identifier: MIT
// Small pictures as PNG files, without a library: the pixels are not compressed.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kairos::plugins {

namespace detail {

inline void append_big_endian(std::string& out, std::uint32_t number) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((number >> shift) & 0xFF);
}

[[nodiscard]] inline std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

[[nodiscard]] inline std::uint32_t adler32(std::string_view bytes) {
  constexpr std::uint32_t modulus = 65521;
  std::uint32_t low = 1, high = 0;
  for (const char byte : bytes) {
    low = (low + static_cast<unsigned char>(byte)) % modulus;
    high = (high + low) % modulus;
  }
  return high << 16 | low;
}

inline void append_chunk(std::string& out, std::string_view type, std::string_view content) {
  const std::string body = std::string(type) + std::string(content);
  append_big_endian(out, static_cast<std::uint32_t>(content.size()));
  out += body;
  append_big_endian(out, crc32(body));
}

/// A stream of zlib's format, of stored blocks.
[[nodiscard]] inline std::string stored(std::string_view bytes) {
  constexpr std::size_t longest = 65535;
  std::string out("\x78\x01", 2);
  for (std::size_t from = 0;; from += longest) {
    const std::string_view block = bytes.substr(from, longest);
    const bool last = from + block.size() == bytes.size();
    const auto size = static_cast<std::uint16_t>(block.size());
    out += last ? '\x01' : '\x00';
    for (const std::uint16_t number : {size, static_cast<std::uint16_t>(~size)}) {
      out += static_cast<char>(number & 0xFF);
      out += static_cast<char>(number >> 8);
    }
    out += block;
    if (last) break;
  }
  append_big_endian(out, adler32(bytes));
  return out;
}

}  // namespace detail

/// A PNG file of height × width pixels of 1 (grey), 3 (RGB) or 4 (RGBA) bytes, row by row.
[[nodiscard]] inline std::string png_file(const std::uint8_t* pixels, std::size_t height, std::size_t width,
                                          std::size_t channels) {
  std::string rows;
  rows.reserve(height * (1 + width * channels));
  for (std::size_t y = 0; y < height; ++y) {
    rows += '\0';  // no filter
    rows.append(reinterpret_cast<const char*>(pixels) + y * width * channels, width * channels);
  }
  std::string head;
  detail::append_big_endian(head, static_cast<std::uint32_t>(width));
  detail::append_big_endian(head, static_cast<std::uint32_t>(height));
  const char colours = channels == 1 ? 0 : channels == 3 ? 2 : 6;
  for (const char byte : {char{8}, colours, char{0}, char{0}, char{0}}) head += byte;
  std::string file("\x89PNG\r\n\x1a\n", 8);
  detail::append_chunk(file, "IHDR", head);
  detail::append_chunk(file, "IDAT", detail::stored(rows));
  detail::append_chunk(file, "IEND", "");
  return file;
}

/// For addresses that hold their content: "data:image/png;base64,…".
[[nodiscard]] inline std::string base64(std::string_view bytes) {
  constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::array<unsigned, 3> part{};
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < count; ++k) part[k] = static_cast<unsigned char>(bytes[i + k]);
    const unsigned all = part[0] << 16 | part[1] << 8 | part[2];
    for (std::size_t k = 0; k < 4; ++k) text += k <= count ? letters[(all >> (18 - 6 * k)) & 63] : '=';
  }
  return text;
}

}  // namespace kairos::plugins
