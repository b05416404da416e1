// SPDX-License-Identifier: MIT
// The cache of rows that are read in bands.
#include "data/rows/row_bands.hpp"

#include <catch2/catch.hpp>

#include "kairos/host/error.hpp"

using namespace kairos::host;

namespace {

/// Rows of two values, 2 * row and 2 * row + 1, and a record of the reads.
struct File {
  std::vector<std::pair<std::int64_t, std::int64_t>> reads;

  RowBands::Source source() {
    return [this](std::int64_t first, std::int64_t count, float* out) {
      reads.emplace_back(first, count);
      for (std::int64_t i = 0; i < 2 * count; ++i) out[i] = static_cast<float>(2 * first + i);
    };
  }
};

constexpr std::uint64_t band_bytes = 4 * 2 * sizeof(float);

bool gives(RowBands& bands, File& file, std::int64_t first, std::int64_t count) {
  std::vector<float> values(static_cast<std::size_t>(2 * count));
  bands.read(first, count, values.data(), file.source());
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] != static_cast<float>(2 * first) + static_cast<float>(i)) return false;
  return true;
}

using Reads = std::vector<std::pair<std::int64_t, std::int64_t>>;

}  // namespace

TEST_CASE("Reading single rows in random order reads each band once if all fit", "[host][data]") {
  RowBands bands(10, 2, 4, 3 * band_bytes);
  CHECK(bands.hold_all());
  File file;
  for (const std::int64_t row : {9, 0, 5, 3, 8, 1, 7, 2, 6, 4, 9}) CHECK(gives(bands, file, row, 1));
  CHECK(file.reads == Reads{{8, 2}, {0, 4}, {4, 4}});
  CHECK(gives(bands, file, 2, 8));
  CHECK(file.reads.size() == 3);
}

TEST_CASE("The oldest band is replaced, and bands that are read as a whole are not kept", "[host][data]") {
  RowBands bands(10, 2, 4, 2 * band_bytes);
  CHECK_FALSE(bands.hold_all());
  CHECK(bands.bytes() == 2 * band_bytes);
  File file;
  for (const std::int64_t row : {0, 4, 8, 5, 1, 9}) CHECK(gives(bands, file, row, 1));
  CHECK(file.reads == Reads{{0, 4}, {4, 4}, {8, 2}, {0, 4}});
  file.reads.clear();
  CHECK(gives(bands, file, 4, 4));
  CHECK(file.reads == Reads{{4, 4}});
}

TEST_CASE("Without room for a band, rows are read as requested", "[host][data]") {
  RowBands bands(10, 2, 4, band_bytes - 1);
  File file;
  CHECK(gives(bands, file, 3, 3));
  CHECK(file.reads == Reads{{3, 1}, {4, 2}});
}

TEST_CASE("An invalid row does not prevent reading the others of its band", "[host][data]") {
  RowBands bands(10, 2, 4, 3 * band_bytes);
  File file;
  const auto source = [&](std::int64_t first, std::int64_t count, float* out) {
    if (first <= 2 && first + count > 2) throw Error(ErrorKind::Data, {"", "", "row 2 is wrong", "", "", ""});
    file.source()(first, count, out);
  };
  std::vector<float> values(4);
  bands.read(0, 2, values.data(), source);
  CHECK(values == std::vector<float>{0, 1, 2, 3});
  CHECK_THROWS_AS(bands.read(2, 1, values.data(), source), Error);
  bands.read(3, 2, values.data(), source);
  CHECK(values == std::vector<float>{6, 7, 8, 9});
}
