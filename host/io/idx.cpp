// SPDX-License-Identifier: MIT
// A magic number of four bytes, the dimensions, the values; all big-endian.
#include "io/idx.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/available_memory.hpp"
#include "base/input_file.hpp"
#include "base/large_pages.hpp"
#include "io/gzip_source.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::string_view magic_expected = "0, 0, a type and a count of dimensions";

[[noreturn]] void refuse(const char* code, const std::string& where, const char* what,
                         const std::string& found, const std::string& expected, const char* cure) {
  throw Error(ErrorKind::Data, {code, where, what, found, expected, cure});
}

std::size_t width_of(std::uint8_t type, const std::string& origin) {
  switch (type) {
    case 0x08:
    case 0x09:
      return 1;
    case 0x0B:
      return 2;
    case 0x0C:
    case 0x0D:
      return 4;
    case 0x0E:
      return 8;
    default:
      refuse("KAIROS-D051", origin, "this is not an IDX file", "type " + std::to_string(type),
             "8 (ubyte), 9 (byte), 11 (short), 12 (int), 13 (float) or 14 (double)", "Check the file");
  }
}

std::uint64_t big_endian(const std::byte* bytes, std::size_t width) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < width; ++i) value = value << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return value;
}

void read_exactly(ByteSource& source, std::span<std::byte> bytes, const std::string& origin) {
  if (source.read(bytes) != bytes.size())
    refuse("KAIROS-D052", origin, "the IDX file ends early", "", "all that its header declares",
           "Copy the file again");
}

IdxHeader read_header(ByteSource& source, std::uint64_t limit, const std::string& origin) {
  std::array<std::byte, 4> magic{};
  read_exactly(source, magic, origin);
  if (magic[0] != std::byte{0} || magic[1] != std::byte{0})
    refuse("KAIROS-D051", origin, "this is not an IDX file", "a different magic number",
           std::string(magic_expected), "Check the file");
  IdxHeader header;
  header.type = std::to_integer<std::uint8_t>(magic[2]);
  header.width = width_of(header.type, origin);
  const auto rank = std::to_integer<std::size_t>(magic[3]);
  constexpr std::size_t largest_rank = 8;
  if (rank == 0 || rank > largest_rank)
    refuse("KAIROS-D051", origin, "this is not an IDX file", std::to_string(rank) + " dimensions", "1 to 8",
           "Check the file");
  header.size = 4 + 4 * rank;
  for (std::size_t i = 0; i < rank; ++i) {
    std::array<std::byte, 4> bytes{};
    read_exactly(source, bytes, origin);
    const std::uint64_t dimension = big_endian(bytes.data(), bytes.size());
    header.shape.push_back(static_cast<std::int64_t>(dimension));
    if (i == 0 && dimension == 0)
      refuse("KAIROS-D013", origin, "there are no samples", "0 rows", "at least one",
             "Check the program that should have written them");
    // Compared by division: the product of eight dimensions may overflow.
    if (dimension == 0 || header.count > limit / header.width / dimension)
      refuse("KAIROS-D053", origin, "the header declares more than the file can hold",
             shape_text(header.shape),
             dimension == 0 ? "at least one value" : "at most " + std::to_string(limit) + " bytes of values",
             "Copy the file again");
    header.count *= dimension;
  }
  return header;
}

/// Integers are exact in float32 up to 2^24; larger ones are rejected instead of changed silently.
float to_float(const IdxHeader& header, const std::byte* bytes, std::uint64_t index,
               const std::string& origin) {
  const std::uint64_t bits = big_endian(bytes, header.width);
  switch (header.type) {
    case 0x08:
      return static_cast<float>(bits);
    case 0x09:
      return static_cast<float>(static_cast<std::int8_t>(bits));
    case 0x0B:
      return static_cast<float>(static_cast<std::int16_t>(bits));
    case 0x0D:
      return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
    default:
      break;
  }
  const bool whole = header.type == 0x0C;
  constexpr double largest_exact = 1 << 24;
  const double value =
      whole ? static_cast<double>(static_cast<std::int32_t>(bits)) : std::bit_cast<double>(bits);
  const double limit = whole ? largest_exact : static_cast<double>(std::numeric_limits<float>::max());
  if (std::isfinite(value) && std::abs(value) > limit)
    refuse("KAIROS-D054", origin, "a value does not fit into float32",
           std::to_string(value) + " at position " + std::to_string(index) + " (counted from 0)",
           whole ? "integers up to 2^24" : "up to 3.4e38", "Scale or renumber the values");
  return static_cast<float>(value);
}

[[noreturn]] void refuse_more(const IdxHeader& header, const std::string& origin) {
  refuse("KAIROS-D052", origin, "the IDX file has bytes after its values", "",
         "as many bytes as " + shape_text(header.shape) + " needs", "Copy the file again");
}

std::vector<float> read_values(ByteSource& source, const IdxHeader& header, const std::string& origin) {
  constexpr std::uint64_t chunk_values = 1 << 16;
  std::vector<std::byte> bytes;
  std::vector<float> values;
  for (std::uint64_t done = 0; done < header.count;) {
    const std::uint64_t now = std::min(chunk_values, header.count - done);
    bytes.resize(now * header.width);
    read_exactly(source, bytes, origin);
    // Memory grows with the data: the header may declare more than the file holds.
    if (done + now > values.capacity())
      reserve_large(values,
                    std::min(header.count, std::max(done + now, 2 * std::uint64_t{values.capacity()})));
    values.resize(done + now);
    convert_idx_values(header, bytes, done, values.data() + done, origin);
    done += now;
  }
  std::byte beyond{};
  if (source.read({&beyond, 1}) != 0) refuse_more(header, origin);
  return values;
}

Array decode(ByteSource& source, std::uint64_t limit, const std::string& origin) {
  IdxHeader header = read_header(source, limit, origin);
  require_memory(origin, header.count * sizeof(float));
  std::vector<float> values = read_values(source, header, origin);
  return {std::move(header.shape), std::move(values)};
}

}  // namespace

IdxHeader read_idx_header(InputFile& file, const std::string& origin) {
  IdxHeader header = read_header(file, file.size(), origin);
  const std::uint64_t size = header.size + header.count * header.width;
  if (file.size() < size)
    refuse("KAIROS-D052", origin, "the IDX file ends early", "", "all that its header declares",
           "Copy the file again");
  if (file.size() > size) refuse_more(header, origin);
  return header;
}

void convert_idx_values(const IdxHeader& header, std::span<const std::byte> bytes, std::uint64_t first,
                        float* out, const std::string& origin) {
  for (std::uint64_t i = 0; i < bytes.size() / header.width; ++i)
    out[i] = to_float(header, bytes.data() + i * header.width, first + i, origin);
}

Array read_idx(const std::filesystem::path& path) {
  InputFile file(path);
  const std::string origin = path.string();
  Array array = unless_changed(file, [&] {
    constexpr std::uint64_t deflate_limit = 1032;
    if (!is_gzip(file)) return decode(file, file.size(), origin);
    GzipSource packed(file, origin);
    return decode(packed, file.size() * deflate_limit, origin);
  });
  file.check_unchanged();
  return array;
}

}  // namespace kairos::host
