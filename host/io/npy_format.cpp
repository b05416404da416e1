// SPDX-License-Identifier: MIT
// Converts the values of a NumPy array to float32 in bounded pieces, and writes the header.
#include "io/npy_format.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "base/available_memory.hpp"
#include "base/large_pages.hpp"
#include "io/half.hpp"
#include "io/npy_header.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

static_assert(std::endian::native == std::endian::little, "arrays are copied as little-endian");

namespace {

/// The location of value `i` of the file, for messages.
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
        throw Error(ErrorKind::Data, {"KAIROS-D005", origin, "an integer is not exact in float32",
                                      std::to_string(value) + row_text(header, i), "-16777216 to 16777216",
                                      "Scale the column, or store it as float32 if rounding is acceptable"});
    }
  } else if constexpr (std::is_same_v<T, double>) {
    if (std::isfinite(value) && std::abs(value) > static_cast<double>(std::numeric_limits<float>::max()))
      throw Error(ErrorKind::Data,
                  {"KAIROS-D006", origin, "a value does not fit into float32",
                   fmt::format("{}", value) + row_text(header, i), "at most 3.4e38", "Scale the column"});
  }
  return static_cast<float>(value);
}

/// Converts values of type T, starting at index `first` of the file.
template <class T, class Convert>
void convert_each(const NpyHeader& header, std::span<const std::byte> bytes, std::uint64_t first, float* out,
                  Convert convert) {
  const std::size_t n = bytes.size() / sizeof(T);
  for (std::size_t i = 0; i < n; ++i)
    out[i] = convert(load<T>(bytes.data() + i * sizeof(T), header.big_endian), first + i);
}

template <class T>
void convert_as(const NpyHeader& header, std::span<const std::byte> bytes, std::uint64_t first, float* out,
                const std::string& origin) {
  convert_each<T>(header, bytes, first, out,
                  [&](T value, std::uint64_t i) { return to_float(value, header, i, origin); });
}

std::vector<float> read_all(ByteSource& source, const NpyHeader& header, const std::string& origin) {
  constexpr std::size_t piece = 65536;
  const bool transposed = header.fortran_order && header.shape.size() > 1;  // needs both copies
  require_memory(origin, header.count * sizeof(float) * (transposed ? 2 : 1));
  std::vector<float> values;
  resize_large(values, header.count);
  std::vector<std::byte> buffer(std::min<std::uint64_t>(piece, header.count) * header.width);
  for (std::size_t done = 0; done < values.size();) {
    const std::size_t n = std::min<std::size_t>(piece, header.count - done);
    const std::span<std::byte> bytes = std::span(buffer).first(n * header.width);
    if (source.read(bytes) != bytes.size())
      throw Error(ErrorKind::Data,
                  {"KAIROS-D004", origin, "the array is truncated", "",
                   std::to_string(header.count) + " values", "Copy or write the file again"});
    convert_npy_values(header, bytes, done, values.data() + done, origin);
    done += n;
  }
  return values;
}

/// Transposes from Fortran order to C order.
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

void convert_npy_values(const NpyHeader& header, std::span<const std::byte> bytes, std::uint64_t first,
                        float* out, const std::string& origin) {
  const auto as = [&]<class T>(T) { convert_as<T>(header, bytes, first, out, origin); };
  const bool is_signed = header.kind == 'i';
  if (header.kind == 'b')
    return convert_each<std::uint8_t>(
        header, bytes, first, out, [](std::uint8_t byte, std::uint64_t) { return byte != 0 ? 1.0F : 0.0F; });
  if (header.kind == 'f' && header.width == 2)
    return convert_each<std::uint16_t>(header, bytes, first, out,
                                       [](std::uint16_t bits, std::uint64_t) { return half_to_float(bits); });
  if (header.kind == 'f') return header.width == 4 ? as(float{}) : as(double{});
  switch (header.width) {
    case 1:
      return is_signed ? as(std::int8_t{}) : as(std::uint8_t{});
    case 2:
      return is_signed ? as(std::int16_t{}) : as(std::uint16_t{});
    case 4:
      return is_signed ? as(std::int32_t{}) : as(std::uint32_t{});
    default:
      return is_signed ? as(std::int64_t{}) : as(std::uint64_t{});
  }
}

Array decode_npy(ByteSource& source, std::uint64_t size, const std::string& origin) {
  return decode_npy(source, read_npy_header(source, size, origin), origin);
}

Array decode_npy(ByteSource& source, const NpyHeader& header, const std::string& origin) {
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
