// SPDX-License-Identifier: MIT
// Arrays of HDF5 files as data: every type that h5py writes, and hostile files.
#include "io/hdf5/data.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "host/io/python.hpp"
#include "host/refusals.hpp"
#include "host/temporary_directory.hpp"
#include "io/file_kind.hpp"
#include "io/hdf5/isolated.hpp"
#include "kairos/host/data.hpp"

using namespace kairos::host;
using kairos::tests::check_refusals;
using kairos::tests::content_of;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

using Values = std::vector<float>;
using Shape = std::vector<std::int64_t>;

Array read(const TemporaryDirectory& directory, const std::string& location) {
  const auto found = hdf5_location((directory / location).string());
  REQUIRE(found.has_value());
  return read_hdf5_data_isolated(found->file, found->dataset);
}

/// Arrays that cannot be read, most of them in d.h5.
constexpr const char* unreadable_arrays = R"(
import h5py, numpy as np
k = np.ones((2, 3), 'f4')
with h5py.File('secret.h5', 'w') as f: f['k'] = k
np.zeros(6, 'f4').tofile('raw.bin')
with h5py.File('d.h5', 'w') as f:
    f['images'] = k; f['g/labels'] = k; f['text'] = 'hello'; f['names'] = np.array(['a', 'b'], 'S')
    f['records'] = np.zeros(3, [('a', 'f4'), ('b', 'i4')]); f['opaque'] = np.zeros(3, 'V2'); f['complex'] = np.zeros(2, 'c8')
    f['null'] = h5py.Empty('f4'); f['large'] = np.array([[1, 2], [3, 16777217]]); f['unsigned'] = np.array([2**63], 'u8')
    f['double'] = np.array([0, 1e300]); f['soft'] = h5py.SoftLink('/images'); f['external'] = h5py.ExternalLink('secret.h5', '/k')
    f.create_dataset('elsewhere', (2, 3), 'f4', external=[('raw.bin', 0, 24)])
    l = h5py.VirtualLayout((2, 3), 'f4'); l[:] = h5py.VirtualSource('secret.h5', 'k', (2, 3)); f.create_virtual_dataset('virtual', l)
    f.create_dataset('huge', (1 << 20, 1 << 20), 'f8')
    f.create_dataset('huge_chunked', (1 << 30, 1 << 30), 'f8', chunks=(1024, 1024), compression='gzip')
    f.create_dataset('huge_row', (1, 1 << 40), 'i4', chunks=(1, 1024))
    f.create_dataset('lzf', data=k, compression='lzf')
    f.create_dataset('never', (2, 3), 'f4')
    f['cycle/again'] = f['g']
)";

}  // namespace

TEST_CASE("Arrays of HDF5 files are read, whatever their type and storage", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import h5py, numpy as np
with h5py.File('d.h5', 'w') as f:
    for t in ['<f2', '<f4', '>f4', '<f8', '>f8', 'i1', 'u1', '<i2', '>u2', '<i4', '>u4', '<i8', '<u8']:
        f['types/' + t[-2:] + ('_big' if t[0] == '>' else '')] = np.array([[1, 2], [3, 100]], t)
    f['negative'] = np.array([-128, -16777216], 'i8')
    f['flags'] = np.array([True, False, True])
    f['odd'] = np.array([0.1, -2.5e-40, 3e38])
    f['scalar'] = 3.0
    big = np.arange(300000 * 3).reshape(300000, 3) % 1000 + 0.5
    f.create_dataset('chunked', data=big, chunks=(70001, 2), compression='gzip', shuffle=True)
    f.create_dataset('whole', data=big)
    f['none'] = np.zeros((0, 4))
)")
              .empty());
  for (const char* name :
       {"f2", "f4", "f4_big", "f8", "f8_big", "i1", "u1", "i2", "u2_big", "i4", "u4_big", "i8", "u8"}) {
    INFO(name);
    const Array array = read(directory, std::string("d.h5:/types/") + name);
    CHECK(array.shape == Shape{2, 2});
    CHECK(array.values == Values{1, 2, 3, 100});
  }
  CHECK(read(directory, "d.h5:/negative").values == Values{-128, -16777216});
  CHECK(read(directory, "d.h5:flags").values == Values{1, 0, 1});
  CHECK(read(directory, "d.h5:/odd").values == Values{0.1F, -2.5e-40F, 3e38F});
  CHECK(read(directory, "d.h5:/scalar").values == Values{3});
  CHECK(read(directory, "d.h5:/scalar").shape.empty());
  CHECK(read(directory, "d.h5:/none").shape == Shape{0, 4});
  const Array chunked = read(directory, "d.h5://chunked/");
  CHECK(chunked.shape == Shape{300000, 3});
  CHECK(chunked.values[899999] == 999.5F);
  CHECK(chunked.values[300001] == 1.5F);
  CHECK(chunked.values == read(directory, "d.h5:/whole").values);
}

TEST_CASE("Missing, unsupported and hostile arrays of HDF5 files are rejected", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, unreadable_arrays).empty());
  static_cast<void>(directory.put("text.h5", "this is only text\n"));
  std::filesystem::create_directory(directory / "folder.h5");
  check_refusals(
      directory,
      {{"d.h5", "KAIROS-F024: d.h5:/: no array is named; expected file.h5:/path/to/array. Known names: "},
       {"d.h5:/", "KAIROS-F024: d.h5:/: no array is named"},
       {"d.h5:/image",
        "KAIROS-F024: d.h5:/image: an array is missing; expected file.h5:/path/to/array. Did "
        "you mean \"images\"?"},
       {"d.h5:/g",
        "KAIROS-F024: d.h5:/g: this is a group, not an array; expected file.h5:/path/to/array. Name one of "
        "its members: d.h5:/g/labels."},
       {"d.h5:/g/label",
        "KAIROS-F024: d.h5:/g/label: an array is missing; expected file.h5:/path/to/array. Did "
        "you mean \"labels\"?"},
       {"d.h5:/images/x", "KAIROS-F024: d.h5:/images: this is an array, not a group"},
       {"d.h5:/text",
        "KAIROS-F023: d.h5:/text: this type of array cannot be read; found text, expected numbers. "
        "Text is read only as a target; store inputs and weights as numbers."},
       {"d.h5:/names", "KAIROS-F023: d.h5:/names: this type of array cannot be read; found text"},
       {"d.h5:/records",
        "KAIROS-F023: d.h5:/records: this type of array cannot be read; found records of "
        "several fields"},
       {"d.h5:/opaque",
        "KAIROS-F023: d.h5:/opaque: this type of array cannot be read; found values that are"},
       {"d.h5:/complex", "KAIROS-F023: d.h5:/complex: this type of array cannot be read; found records"},
       {"d.h5:/null", "KAIROS-F083: d.h5:/null: the array is null; found a type without a shape and values"},
       {"d.h5:/large",
        "KAIROS-D005: d.h5:/large: an integer is not exact in float32; found 16777217 in row 1 (counted from "
        "0), expected -16777216 to 16777216."},
       {"d.h5:/unsigned",
        "KAIROS-D005: d.h5:/unsigned: an integer is not exact in float32; found "
        "9223372036854775808 in row 0"},
       {"d.h5:/double",
        "KAIROS-D006: d.h5:/double: a value does not fit into float32; found 1e+300 in row 1"},
       {"d.h5:/soft", "KAIROS-F022: d.h5:/soft: the file contains a link; found a soft link"},
       {"d.h5:/external", "KAIROS-F022: d.h5:/external: the file contains a link; found an external link"},
       {"d.h5:/elsewhere", "KAIROS-F022: d.h5:/elsewhere: the values are stored in another file"},
       {"d.h5:/virtual", "KAIROS-F022: d.h5:/virtual: the values are stored in another file"},
       {"d.h5:/huge", "KAIROS-F083: d.h5:/huge: the array was never written"},
       {"d.h5:/huge_chunked", "KAIROS-F083: d.h5:/huge_chunked: the array was never written"},
       {"d.h5:/huge_row", "KAIROS-F083: d.h5:/huge_row: the array was never written"},
       {"d.h5:/never",
        "KAIROS-F083: d.h5:/never: the array was never written; found a shape without values, expected "
        "values."},
       {"d.h5:/lzf", "KAIROS-F028: d.h5:/lzf: this compression cannot be read"},
       {"text.h5:/x", "KAIROS-F021: text.h5: this is not a complete HDF5 file"},
       {"folder.h5:/x", "KAIROS-F002: folder.h5: this is not a regular file; found a directory"},
       {"absent.h5:/x", "KAIROS-F001: absent.h5: cannot open the file"}},
      [&](const std::filesystem::path& array) {
        return read(directory, array.lexically_relative(directory.path()).string());
      });
}

TEST_CASE("An HDF5 data file truncated or damaged anywhere is rejected or read, and never crashes",
          "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import h5py, numpy as np
with h5py.File('d.h5', 'w') as f: f.create_dataset('x', data=np.arange(600.).reshape(100, 6), chunks=(16, 6), compression='gzip')
)")
              .empty());
  const std::string bytes = content_of(directory / "d.h5");
  REQUIRE(bytes.size() > 1000);
  std::size_t refused = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 61) {
    for (const bool cut : {true, false}) {
      std::string damaged = bytes;
      if (cut)
        damaged.resize(at + 1);
      else
        damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      static_cast<void>(directory.put("damaged.h5", damaged));
      const std::string sentence =
          refusal(directory, [&] { static_cast<void>(read(directory, "damaged.h5:/x")); });
      INFO(at << " " << sentence);
      CHECK((sentence.starts_with("KAIROS-F02") || sentence.starts_with("KAIROS-D00") ||
             (!cut && sentence.empty())));
      refused += sentence.empty() ? 0 : 1;
    }
  }
  CHECK(refused > bytes.size() / 61);
}

TEST_CASE("HDF5 arrays are data sets, and inputs and targets by name", "[host][data]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import h5py, numpy as np
with h5py.File('d.h5', 'w') as f:
    f['x'] = np.arange(6.).reshape(3, 2); f['y'] = np.array([0, 1, 2]); f['w'] = np.ones(3, 'f4'); f['bad'] = np.array([0, np.nan, 1])
)")
              .empty());
  const std::string file = (directory / "d.h5").string();
  DataSpec spec;
  spec.file = file + ":/x";
  spec.target = file + ":/y";
  spec.sample_weight = file + ":/w";
  Dataset data = load_data(spec).train;
  CHECK(data.inputs[0].array.shape == Shape{3, 2});
  CHECK(data.targets[0].array.values == Values{0, 1, 2});
  CHECK(data.sample_weights[0].array.values == Values{1, 1, 1});

  DataSpec named;
  named.inputs = {{"left", file + ":/x"}};
  named.targets = {{"kind", file + ":/y"}};
  CHECK(load_data(named).train.targets[0].name == "kind");

  spec.target = file + ":/bad";
  CHECK_THAT(
      refusal(directory, [&] { static_cast<void>(load_data(spec)); }),
      Catch::Matchers::StartsWith("KAIROS-D011: d.h5:/bad: row 1 (counted from 0): a value is not finite"));
  spec.target = "label";
  CHECK_THAT(
      refusal(directory, [&] { static_cast<void>(load_data(spec)); }),
      Catch::Matchers::StartsWith("KAIROS-D044: d.h5:/x: an HDF5 array has no columns to take the target "
                                  "from; found \"label\""));
}
