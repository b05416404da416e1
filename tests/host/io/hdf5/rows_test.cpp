// SPDX-License-Identifier: MIT
// Rows of HDF5 arrays, read in parts, equal those of the whole array; errors are reported when they are read.
#include "io/hdf5/rows.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <thread>

#include "host/io/python.hpp"
#include "host/memory_limit.hpp"
#include "host/temporary_directory.hpp"
#include "io/hdf5/isolated.hpp"
#include "io/npy_format.hpp"

using namespace kairos::host;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

TEST_CASE("Rows of an HDF5 array equal those of the whole one, in any order", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import h5py, numpy as np
x = (np.arange(700 * 6) % 501).reshape(700, 2, 3)
with h5py.File('d.h5', 'w') as f:
    f['plain'] = x.astype('f4')
    f['big'] = x.astype('>f8')
    f.create_dataset('group/packed', data=x.astype('i8'), chunks=(64, 1, 3), compression='gzip', shuffle=True)
    f.create_dataset('wide', data=np.arange(3 * 400000).reshape(3, 400000).astype('f4'))
)")
              .empty());
  const auto file = directory / "d.h5";
  for (const char* name : {"/plain", "/big", "/group/packed", "/wide"}) {
    INFO(name);
    const Array whole = read_hdf5_data_isolated(file, name);
    IsolatedHdf5Rows rows(file, name);
    REQUIRE(rows.shape() == whole.shape);
    const auto row_size = static_cast<std::size_t>(whole.row_size());
    const auto check = [&](std::int64_t first, std::int64_t count) {
      std::vector<float> values(static_cast<std::size_t>(count) * row_size);
      rows.read(first, count, values.data());
      return std::equal(values.begin(), values.end(),
                        whole.values.begin() + static_cast<std::ptrdiff_t>(first) * whole.row_size());
    };
    const std::int64_t n = whole.rows();
    CHECK(check(0, n));
    CHECK(check(n - 1, 1));
    CHECK(check(0, 1));
    CHECK(check(n / 3, n / 2));
    bool same = true;
    {
      std::jthread other([&] {
        for (std::int64_t row = 0; row < std::min<std::int64_t>(n, 100); ++row) same = check(row, 1) && same;
      });
    }
    CHECK(same);
  }
}

TEST_CASE("Chunks that are larger than the memory for one request are read in parts", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import h5py, numpy as np
with h5py.File('d.h5', 'w') as f:
    x = np.repeat(np.arange(200, dtype='f4')[:, None], 50000, 1)
    f.create_dataset('x', data=x, chunks=(200, 1000), compression='gzip')
)")
              .empty());
  const kairos::tests::MemoryLimit limit(100 << 20);
  IsolatedHdf5Rows rows(directory / "d.h5", "/x");
  CHECK(rows.rows_at_once() == 200);
  std::vector<float> values(200 * 50000);
  rows.read(0, 200, values.data());
  bool same = true;
  for (std::size_t i = 0; i < values.size(); ++i) same = same && values[i] == static_cast<float>(i / 50000);
  CHECK(same);
}

TEST_CASE("Contiguous half precision and bool values are read by position", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import h5py, numpy as np
x = np.array([[0, 1], [-1.5, 65504], [6e-8, np.inf]])
with h5py.File('d.h5', 'w') as f:
    f['half'] = x.astype('<f2')
    f['big'] = x.astype('>f2')
    f['bool'] = x > 0
    f['wide'] = x.astype('g')
    f.create_dataset('chunks', data=x.astype('f2'), chunks=(2, 2))
    bits = h5py.h5t.IEEE_F16LE.copy(); bits.set_fields(15, 7, 8, 0, 7); bits.set_ebias(127)
    h5py.Dataset(h5py.h5d.create(f.id, b'bfloat', bits, h5py.h5s.create_simple((3, 2))))[...] = x
)")
              .empty());
  struct Case {
    const char *name, *type;
  };
  for (const Case& c : {Case{"/half", "<f2"}, Case{"/big", ">f2"}, Case{"/bool", "|i1"}, Case{"/wide", ""},
                        Case{"/chunks", ""}, Case{"/bfloat", ""}}) {
    INFO(c.name);
    IsolatedHdf5Rows rows(directory / "d.h5", c.name);
    const auto plain = rows.plain();
    CHECK((plain ? plain->type : "") == c.type);
    CHECK(rows.chunk_rows() == (std::string(c.name) == "/chunks" ? 2 : 0));
    if (!plain) continue;
    std::vector<float> read(6), converted(6);
    rows.read(0, 3, read.data());
    std::vector<std::byte> bytes(6 * plain->width);
    rows.file().read_all_at(plain->begin, bytes);
    convert_npy_values(*plain, bytes, 0, converted.data(), "d.h5");
    CHECK(converted == read);
  }
}

TEST_CASE("Errors in an HDF5 array are reported when its rows are opened or read", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import h5py, numpy as np
with h5py.File('d.h5', 'w') as f:
    f['x'] = np.where(np.arange(1000) == 777, 1 << 30, 1).astype('i8')
    f['text'] = 'words'
    f['scalar'] = 3.0
)")
              .empty());
  const auto open = [&](const char* file, const char* name) {
    return refusal(directory, [&] { IsolatedHdf5Rows(directory / file, name); });
  };
  CHECK_THAT(open("d.h5", "/y"), Catch::Matchers::StartsWith("KAIROS-F024: d.h5:/y: an array is missing"));
  CHECK_THAT(open("d.h5", "/text"), Catch::Matchers::StartsWith("KAIROS-F023: d.h5:/text: this type"));
  CHECK_THAT(open("absent.h5", "/x"),
             Catch::Matchers::StartsWith("KAIROS-F001: absent.h5: cannot open the file"));
  static_cast<void>(directory.put("no.h5", "no HDF5"));
  CHECK_THAT(open("no.h5", "/x"),
             Catch::Matchers::StartsWith("KAIROS-F021: no.h5: this is not a complete HDF5 file"));
  CHECK(IsolatedHdf5Rows(directory / "d.h5", "/scalar").shape().empty());

  IsolatedHdf5Rows rows(directory / "d.h5", "/x");
  std::vector<float> values(1000);
  rows.read(0, 777, values.data());
  CHECK_THAT(refusal(directory, [&] { rows.read(700, 100, values.data()); }),
             Catch::Matchers::StartsWith("KAIROS-D005: d.h5:/x: an integer is not exact in float32; found "
                                         "1073741824 in row 777"));
  // Reading continues after an error.
  rows.read(778, 222, values.data());
  CHECK(values[0] == 1);
}
