// SPDX-License-Identifier: MIT
// Converts the values of a NumPy array to float32 in bounded pieces, and writes the header of one.
#include "io/npy_format.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "io/half.hpp"
#include "io/npy_header.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

static_assert(std::endian::native == std::endian::little, "arrays are copied as little-endian");

namespace {

/// Where value `i` of the file stands, for messages.
std::string row_text(const NpyHeader& header, std::uint64_t i) {
  if (header.shape.empty()) return "";
  const auto rows = static_cast<std::uint64_t>(header.shape.front());
  const std::uint64_t row = header.fortran_order ? i % rows : i / (header.count / rows);
  return " in row " + std::to_string(row) + " (counted from 0)";
}

template <class T>
T load(const std::byte* bytes, bool swap) {
  std::array<std::byte, sizeof(T)> raw;
  std::memcpy(raw.data(), bytes, sizeof(T));
  if (swap) std::reverse(raw.begin(), raw.end());
  return std::bit_cast<T>(raw);
}

template <class T>
float to_float(T value, const NpyHeader& header, std::uint64_t i, const std::string& origin) {
  if constexpr (std::is_integral_v<T>) {
    constexpr std::int64_t exact = std::int64_t{1} << 24;
    if constexpr (sizeof(T) >= 4) {
      bool beyond = value > static_cast<T>(exact);
      if constexpr (std::is_signed_v<T>) beyond |= value < static_cast<T>(-exact);
      if (beyond)
        throw Error(ErrorKind::Data,
                    {"KAIROS-D005", origin, "an integer would change as float32",
                     std::to_string(value) + row_text(header, i), "-16777216 to 16777216",
                     "Scale the column, or store it as float32 if the nearest float will do"});
    }
  } else if constexpr (std::is_same_v<T, double>) {
    if (std::isfinite(value) && std::abs(value) > static_cast<double>(std::numeric_limits<float>::max()))
      throw Error(ErrorKind::Data,
                  {"KAIROS-D006", origin, "a value does not fit into float32",
                   fmt::format("{}", value) + row_text(header, i), "at most 3.4e38", "Scale the column"});
  }
  return static_cast<float>(value);
}

/// Reads `header.count` values of type T, converted one by one through `convert`.
template <class T, class Convert>
std::vector<float> read_values(ByteSource& source, const NpyHeader& header, const std::string& origin,
                               Convert convert) {
  constexpr std::size_t piece = 65536;
  std::vector<float> values;
  values.reserve(header.count);
  std::vector<std::byte> buffer(std::min<std::uint64_t>(piece, header.count) * sizeof(T));
  while (values.size() < header.count) {
    const std::size_t n = std::min<std::size_t>(piece, header.count - values.size());
    if (source.read(std::span(buffer).first(n * sizeof(T))) != n * sizeof(T))
      throw Error(ErrorKind::Data,
                  {"KAIROS-D004", origin, "the array is cut off", "",
                   std::to_string(header.count) + " values", "Copy or write the file again"});
    for (std::size_t i = 0; i < n; ++i)
      values.push_back(convert(load<T>(buffer.data() + i * sizeof(T), header.big_endian), values.size()));
  }
  return values;
}

template <class T>
std::vector<float> read_as(ByteSource& source, const NpyHeader& header, const std::string& origin) {
  return read_values<T>(source, header, origin,
                        [&](T value, std::uint64_t i) { return to_float(value, header, i, origin); });
}

std::vector<float> read_all(ByteSource& source, const NpyHeader& header, const std::string& origin) {
  if (header.kind == 'f') {
    if (header.width == 2)
      return read_values<std::uint16_t>(
          source, header, origin, [](std::uint16_t bits, std::uint64_t) { return half_to_float(bits); });
    return header.width == 4 ? read_as<float>(source, header, origin)
                             : read_as<double>(source, header, origin);
  }
  if (header.kind == 'b')
    return read_values<std::uint8_t>(
        source, header, origin, [](std::uint8_t byte, std::uint64_t) { return byte != 0 ? 1.0F : 0.0F; });
  const bool is_signed = header.kind == 'i';
  switch (header.width) {
    case 1:
      return is_signed ? read_as<std::int8_t>(source, header, origin)
                       : read_as<std::uint8_t>(source, header, origin);
    case 2:
      return is_signed ? read_as<std::int16_t>(source, header, origin)
                       : read_as<std::uint16_t>(source, header, origin);
    case 4:
      return is_signed ? read_as<std::int32_t>(source, header, origin)
                       : read_as<std::uint32_t>(source, header, origin);
    default:
      return is_signed ? read_as<std::int64_t>(source, header, origin)
                       : read_as<std::uint64_t>(source, header, origin);
  }
}

/// From the first index running fastest to the last index running fastest.
std::vector<float> transposed(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  std::vector<float> out(values.size());
  std::vector<std::int64_t> index(shape.size(), 0);
  for (float& value : out) {
    std::size_t from = 0;
    for (std::size_t d = shape.size(); d-- > 0;)
      from = from * static_cast<std::size_t>(shape[d]) + static_cast<std::size_t>(index[d]);
    value = values[from];
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d]) break;
      index[d] = 0;
    }
  }
  return out;
}

}  // namespace

Array decode_npy(ByteSource& source, std::uint64_t size, const std::string& origin) {
  const NpyHeader header = read_npy_header(source, size, origin);
  Array array{header.shape, read_all(source, header, origin)};
  if (header.fortran_order && header.shape.size() > 1) array.values = transposed(array.values, array.shape);
  return array;
}

std::string npy_header(const Array& array) {
  std::string shape = "(";
  for (std::size_t i = 0; i < array.shape.size(); ++i)
    shape += (i > 0 ? ", " : "") + std::to_string(array.shape[i]);
  shape += array.shape.size() == 1 ? ",)" : ")";
  std::string dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }";
  constexpr std::size_t prefix = 10, alignment = 64;
  const std::size_t unpadded = prefix + dictionary.size() + 1;
  dictionary.append((alignment - unpadded % alignment) % alignment, ' ').push_back('\n');
  std::string out("\x93NUMPY\x01\x00", 8);
  out.push_back(static_cast<char>(dictionary.size() & 0xFF));
  out.push_back(static_cast<char>(dictionary.size() >> 8));
  return out + dictionary;
}

std::string_view npy_body(const Array& array) {
  return {reinterpret_cast<const char*>(array.values.data()), array.values.size() * sizeof(float)};
}

}  // namespace kairos::host
