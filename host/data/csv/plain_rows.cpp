// SPDX-License-Identifier: MIT
// Finds the ends of many fields first, so that no branch depends on the length of a number; then converts
// each number, with its point and all its digits, as one vector.
#include "data/csv/plain_rows.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "data/csv/number.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kairos::host {

PlainRows::PlainRows(const CsvColumns& columns, char delimiter) : delimiter_(delimiter) {
  for (const CsvSink& sink : columns.sinks) widths_.push_back(sink.width);
  for (const CsvColumn& column : columns.all) {
    in_order_ =
        in_order_ && column.use != ColumnUse::None && column.sink == 0 && column.slot == columns_.size();
    columns_.push_back(
        {column.use == ColumnUse::None ? unused_field : static_cast<std::uint32_t>(column.sink),
         static_cast<std::uint32_t>(column.slot)});
  }
}

#if defined(__x86_64__)

// Functions called in between must be compiled for the same processor to be inlined.
#define KAIROS_AVX2 __attribute__((target("avx2,fma,lzcnt,bmi,popcnt")))
#define KAIROS_AVX2_INLINE KAIROS_AVX2 __attribute__((always_inline)) inline

namespace {

/// Characters whose field ends are found together.
constexpr std::size_t stretch = 4096;

constexpr std::size_t most_digits = 19;
/// Between these exponents, 19 digits always give a normal float without overflow.
constexpr int least_power = -37, most_power = 19;

/// 32 times 0, then 32 times -1: at offset n, a vector whose last n bytes are -1.
constexpr std::array<std::int8_t, 64> tail_masks = [] {
  std::array<std::int8_t, 64> bytes{};
  for (std::size_t i = 32; i < bytes.size(); ++i) bytes[i] = -1;
  return bytes;
}();

KAIROS_AVX2_INLINE __m256i load(const void* from) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(from));
}

/// A vector whose last `count` bytes are -1; at most 32.
KAIROS_AVX2_INLINE __m256i tail(std::size_t count) {
  return load(tail_masks.data() + count);
}

KAIROS_AVX2_INLINE std::uint32_t bits_of(__m256i bytes) {
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(bytes));
}

/// The value of up to 19 digits at the end of a vector of digits, as the nearest double.
KAIROS_AVX2_INLINE double value_of(__m256i digits) {
  const __m256i pairs = _mm256_maddubs_epi16(digits, _mm256_set1_epi16(0x010A));
  const __m256i fours = _mm256_madd_epi16(pairs, _mm256_set1_epi32(0x00010064));
  const __m256i eights = _mm256_madd_epi16(_mm256_packus_epi32(fours, fours), _mm256_set1_epi32(0x00012710));
  const auto last = static_cast<std::uint64_t>(_mm256_extract_epi64(eights, 2));
  const std::int64_t low = static_cast<std::int64_t>(last >> 32);
  const std::int64_t high = static_cast<std::int64_t>(last & 0xFFFFFFFF) +
                            std::int64_t{100000000} * _mm256_extract_epi32(eights, 1);
  // Rounded once, at the end.
  return __builtin_fma(static_cast<double>(high), 1e8, static_cast<double>(low));
}

/// The number in [begin, end); false if there is none, or it is not plain. Reads 33 characters before `end`.
KAIROS_AVX2_INLINE bool read_plain(const char* begin, const char* end, float& value) {
  const auto negative = static_cast<std::uint32_t>(*begin == '-');
  begin += negative;
  int power = 0;
  if ((end[-4] | 0x20) == 'e') {
    const auto tens = static_cast<unsigned>(end[-2] - '0'), ones = static_cast<unsigned>(end[-1] - '0');
    if (tens > 9 || ones > 9 || (end[-3] != '-' && end[-3] != '+')) return false;
    power = static_cast<int>(10 * tens + ones);
    power = end[-3] == '-' ? -power : power;
    end -= 4;
  }
  const auto length = static_cast<std::size_t>(end - begin);  // very large for an empty field
  const __m256i text = load(end - 32);
  const std::uint32_t points = bits_of(_mm256_cmpeq_epi8(text, _mm256_set1_epi8('.'))) &
                               static_cast<std::uint32_t>(0xFFFFFFFF00000000 >> (length & 63));
  const std::size_t count = length - static_cast<std::size_t>(points != 0);
  if (count - 1 >= most_digits) return false;
  // 32 without a point: then all digits are used as they are. Otherwise those before the point move next to
  // the others.
  const std::uint32_t fraction = _lzcnt_u32(points);
  const __m256i behind = tail(fraction);
  const __m256i joined =
      _mm256_or_si256(_mm256_and_si256(behind, text), _mm256_andnot_si256(behind, load(end - 33)));
  const __m256i digits = _mm256_and_si256(_mm256_sub_epi8(joined, _mm256_set1_epi8('0')), tail(count));
  const __m256i others = _mm256_subs_epu8(digits, _mm256_set1_epi8(9));
  if (_mm256_testz_si256(others, others) == 0) return false;
  power -= static_cast<int>(fraction % 32);
  if (power < least_power || power > most_power) return false;
  const double product =
      value_of(digits) * decimal::powers_of_ten[static_cast<std::size_t>(power + decimal::largest_power)];
  if (decimal::is_between_floats(product)) return false;
  value = std::bit_cast<float>(std::bit_cast<std::uint32_t>(static_cast<float>(product)) | negative << 31);
  return true;
}

/// Consecutive fields.
struct Fields {
  const char* begin;                         ///< of the next field
  const std::uint32_t *next_end, *last_end;  ///< ends of fields, relative to `origin`
  const char* origin;
  std::size_t column;  ///< of the next field
  const char* row;     ///< the beginning of its row
  std::int64_t rows, wanted;
  float** places;
};

/// Values that are the same for all rows.
struct Layout {
  char delimiter;
  const FieldPlace* columns;
  std::size_t last_column;
  const std::size_t* widths;
  std::size_t sinks;
};

enum class Spread {
  InOrder,  ///< every column goes to the only sink, in order
  Mixed,
};

/// A field of an unused column: it ends where it seems to end, unless it is quoted.
KAIROS_AVX2_INLINE bool skip_plain(const char* begin, const char* end) {
  for (; begin < end; ++begin)
    if (*begin == '"' || *begin == '\r') return false;
  return true;
}

template <Spread spread>
KAIROS_AVX2_INLINE bool take_field(const Layout& layout, const Fields& f, const char* end) {
  if constexpr (spread == Spread::InOrder) return read_plain(f.begin, end, f.places[0][f.column]);
  const FieldPlace place = layout.columns[f.column];
  return place.sink == unused_field ? skip_plain(f.begin, end)
                                    : read_plain(f.begin, end, f.places[place.sink][place.slot]);
}

/// Reads fields up to the last end that was found. False at a row that is not plain, or when all are read.
template <Spread spread>
KAIROS_AVX2 bool read_fields(const Layout& layout, Fields& given) {
  Fields f = given;
  bool more = true;
  while (more) {
    const auto* const row_end =
        f.next_end + std::min<std::ptrdiff_t>(f.last_end - f.next_end,
                                              static_cast<std::ptrdiff_t>(layout.last_column - f.column));
    for (; f.next_end != row_end; ++f.next_end, ++f.column) {
      const char* const end = f.origin + *f.next_end;
      more = *end == layout.delimiter && take_field<spread>(layout, f, end);
      if (!more) break;
      f.begin = end + 1;
    }
    if (!more || f.next_end == f.last_end) break;
    const char* const end = f.origin + *f.next_end++;
    const char* const text_end = end[-1] == '\r' ? end - 1 : end;
    more = *end == '\n' && take_field<spread>(layout, f, text_end);
    if (!more) break;
    f.column = 0;
    f.row = f.begin = end + 1;
    for (std::size_t sink = 0; sink < layout.sinks; ++sink) f.places[sink] += layout.widths[sink];
    more = ++f.rows < f.wanted;
  }
  given = f;
  return more;
}

KAIROS_AVX2_INLINE std::uint64_t ends_in_32(const char* text, __m256i delimiters, __m256i feeds) {
  const __m256i bytes = load(text);
  return bits_of(_mm256_or_si256(_mm256_cmpeq_epi8(bytes, delimiters), _mm256_cmpeq_epi8(bytes, feeds)));
}

/// Writes the positions of delimiters and line feeds in the `size` characters at `text`; reads up to 63 more.
KAIROS_AVX2 std::uint32_t* find_ends(const char* text, std::size_t size, char delimiter,
                                     std::uint32_t* ends) {
  const __m256i delimiters = _mm256_set1_epi8(delimiter), feeds = _mm256_set1_epi8('\n');
  for (std::size_t at = 0; at < size; at += 64) {
    std::uint64_t bits =
        ends_in_32(text + at, delimiters, feeds) | ends_in_32(text + at + 32, delimiters, feeds) << 32;
    if (size - at < 64) bits &= (std::uint64_t{1} << (size - at)) - 1;
    const auto count = static_cast<unsigned>(_mm_popcnt_u64(bits));
    // Eight at a time, needed or not: a branch on their number would be mispredicted too often.
    for (unsigned done = 0; done < count; done += 8)
      for (unsigned i = 0; i < 8; ++i) {
        ends[done + i] = static_cast<std::uint32_t>(at + static_cast<unsigned>(_tzcnt_u64(bits)));
        bits &= bits - 1;
      }
    ends += count;
  }
  return ends;
}

}  // namespace

bool PlainRows::are_fast() noexcept {
  static const bool supported =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  return supported;
}

PlainRows::Read PlainRows::read(const char* text, const char* end, std::int64_t count,
                                RowPlaces& places) const {
  std::array<std::uint32_t, stretch + 64> ends;
  const Layout layout{delimiter_, columns_.data(), columns_.size() - 1, widths_.data(), widths_.size()};
  Fields fields{text, nullptr, nullptr, text, 0, text, 0, count, places.data()};
  for (bool more = count > 0; more && fields.origin < end; fields.origin += stretch) {
    const std::size_t size = std::min(stretch, static_cast<std::size_t>(end - fields.origin));
    fields.next_end = ends.data();
    fields.last_end = find_ends(fields.origin, size, delimiter_, ends.data());
    more =
        in_order_ ? read_fields<Spread::InOrder>(layout, fields) : read_fields<Spread::Mixed>(layout, fields);
  }
  return {fields.row, fields.rows};
}

#else

bool PlainRows::are_fast() noexcept {
  return false;
}

PlainRows::Read PlainRows::read(const char* text, const char*, std::int64_t, RowPlaces&) const {
  return {text, 0};
}

#endif

}  // namespace kairos::host
