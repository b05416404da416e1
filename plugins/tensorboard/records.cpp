// SPDX-License-Identifier: MIT
// Frames and checksums.
#include "records.hpp"

#include <array>
#include <cstddef>

namespace kairos::plugins::tensorboard {

namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t rest = i;
    for (int bit = 0; bit < 8; ++bit) rest = (rest >> 1) ^ ((rest & 1) != 0 ? 0x82F63B78u : 0u);
    table[i] = rest;
  }
  return table;
}
constexpr std::array<std::uint32_t, 256> crc_table = make_table();

constexpr std::size_t length_bytes = 8;
constexpr std::size_t sum_bytes = 4;

void append_little_endian(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>((value >> (8 * i)) & 0xFF));
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = bytes.size(); i > 0; --i)
    value = (value << 8) | static_cast<unsigned char>(bytes[i - 1]);
  return value;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char byte : bytes) crc = crc_table[(crc ^ static_cast<unsigned char>(byte)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

std::uint32_t masked_crc32c(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u;
}

std::string make_record(std::string_view data) {
  std::string out;
  out.reserve(data.size() + length_bytes + 2 * sum_bytes);
  append_little_endian(out, data.size(), length_bytes);
  append_little_endian(out, masked_crc32c(out), sum_bytes);
  out.append(data);
  append_little_endian(out, masked_crc32c(data), sum_bytes);
  return out;
}

std::optional<std::string_view> take_record(std::string_view& in) {
  constexpr std::size_t head_bytes = length_bytes + sum_bytes;
  if (in.size() < head_bytes + sum_bytes) return std::nullopt;
  const std::string_view length_text = in.substr(0, length_bytes);
  if (little_endian(in.substr(length_bytes, sum_bytes)) != masked_crc32c(length_text)) return std::nullopt;
  const std::uint64_t length = little_endian(length_text);
  if (length > in.size() - head_bytes - sum_bytes) return std::nullopt;
  const std::string_view data = in.substr(head_bytes, length);
  if (little_endian(in.substr(head_bytes + length, sum_bytes)) != masked_crc32c(data)) return std::nullopt;
  in.remove_prefix(head_bytes + length + sum_bytes);
  return data;
}

}  // namespace kairos::plugins::tensorboard
