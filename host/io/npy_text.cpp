// SPDX-License-Identifier: MIT
// NumPy stores text with a fixed width, padded with zeros: U as 32-bit code points, S as bytes.
#include "io/npy_text.hpp"

#include <algorithm>
#include <cstddef>

#include "base/available_memory.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

std::uint32_t code_point(std::span<const std::byte> bytes, bool big_endian) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i)
    value |= std::to_integer<std::uint32_t>(bytes[i]) << (8 * (big_endian ? 3 - i : i));
  return value;
}

/// False for a number that is no character.
bool append_utf8(std::string& out, std::uint32_t point) {
  const auto continued = [&](int shift) {
    out.push_back(static_cast<char>(0x80 | ((point >> shift) & 0x3F)));
  };
  if (point > 0x10FFFF || (point >= 0xD800 && point < 0xE000)) return false;
  if (point < 0x80) {
    out.push_back(static_cast<char>(point));
  } else if (point < 0x800) {
    out.push_back(static_cast<char>(0xC0 | (point >> 6)));
    continued(0);
  } else if (point < 0x10000) {
    out.push_back(static_cast<char>(0xE0 | (point >> 12)));
    continued(6);
    continued(0);
  } else {
    out.push_back(static_cast<char>(0xF0 | (point >> 18)));
    continued(12);
    continued(6);
    continued(0);
  }
  return true;
}

std::string text_of(std::span<const std::byte> bytes, const NpyHeader& header, const std::string& origin,
                    std::uint64_t row) {
  std::string text;
  if (header.kind == 'S') {
    text.assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  } else {
    for (std::size_t i = 0; i + 4 <= bytes.size(); i += 4)
      if (!append_utf8(text, code_point(bytes.subspan(i, 4), header.big_endian)))
        throw Error(ErrorKind::Data, {"KAIROS-D330", origin, "a text has a number that is no character",
                                      "row " + std::to_string(row) + " (counted from 0)", "Unicode text",
                                      "Write the file again with numpy.save"});
  }
  text.erase(text.find_last_not_of('\0') + 1);
  return text;
}

}  // namespace

TextArray decode_npy_text(ByteSource& source, const NpyHeader& header, const std::string& origin) {
  TextArray array{true, header.kind == 'U', header.shape, {}};
  require_memory(origin, header.count * (header.width + sizeof(std::string)));
  std::vector<std::byte> bytes(header.width);
  array.values.reserve(header.count);
  for (std::uint64_t i = 0; i < header.count; ++i) {
    if (source.read(bytes) != bytes.size())
      throw Error(ErrorKind::Data,
                  {"KAIROS-D004", origin, "the array is truncated", "",
                   std::to_string(header.count) + " values", "Copy or write the file again"});
    array.values.push_back(text_of(bytes, header, origin, i));
  }
  return array;
}

TextArray read_npy_text(const std::filesystem::path& path) {
  InputFile file(path);
  TextArray array = unless_changed(file, [&]() -> TextArray {
    const NpyHeader header = read_npy_header(file, file.size(), path.string(), NpyTypes::NumbersAndText);
    if (header.kind != 'U' && header.kind != 'S') return {};
    return decode_npy_text(file, header, path.string());
  });
  file.check_unchanged();
  return array;
}

}  // namespace kairos::host
