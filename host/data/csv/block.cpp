// SPDX-License-Identifier: MIT
// Processes 32 characters at a time if the processor has AVX2.
#include "data/csv/block.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace kairos::host {

CsvBlock look_at_csv_text(const char* text, std::size_t size) noexcept {
  CsvBlock block{0, true};
  for (std::size_t i = 0; i < size; ++i) {
    block.line_feeds += text[i] == '\n' ? 1 : 0;
    if (text[i] == '"' || (text[i] == '\r' && text[i + 1] != '\n')) block.plain = false;
  }
  return block;
}

namespace {

CsvBlock look(const char* text) {
  return look_at_csv_text(text, csv_block_size);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) CsvBlock look_avx2(const char* text) {
  const __m256i feed = _mm256_set1_epi8('\n'), quote = _mm256_set1_epi8('"'), back = _mm256_set1_epi8('\r');
  __m256i feeds = _mm256_setzero_si256(), odd = feeds;
  for (std::size_t i = 0; i < csv_block_size; i += 32) {
    const __m256i here = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + i));
    const __m256i next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + i + 1));
    feeds = _mm256_sub_epi8(feeds, _mm256_cmpeq_epi8(here, feed));
    const __m256i lone = _mm256_andnot_si256(_mm256_cmpeq_epi8(next, feed), _mm256_cmpeq_epi8(here, back));
    odd = _mm256_or_si256(odd, _mm256_or_si256(lone, _mm256_cmpeq_epi8(here, quote)));
  }
  const __m256i sums = _mm256_sad_epu8(feeds, _mm256_setzero_si256());
  const __m128i halves = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
  const auto count = static_cast<std::uint32_t>(_mm_cvtsi128_si64(halves) + _mm_extract_epi64(halves, 1));
  return {count, _mm256_testz_si256(odd, odd) != 0};
}
#endif

}  // namespace

LookAtCsvBlock best_look_at_csv_block() noexcept {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) return look_avx2;
#endif
  return look;
}

}  // namespace kairos::host
