// SPDX-License-Identifier: MIT
// IDX files of every type, plain and gzipped, and hostile files.
#include "io/idx.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "host/io/python.hpp"
#include "host/refusals.hpp"
#include "host/temporary_directory.hpp"
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

constexpr const char* writer = R"(
import gzip, struct
import numpy as np
CODES = {'u1': 8, 'i1': 9, '>i2': 11, '>i4': 12, '>f4': 13, '>f8': 14}
def idx(values, dtype, shape=None):
    a = np.array(values, dtype); shape = a.shape if shape is None else shape
    return bytes([0, 0, CODES[dtype], len(shape)]) + b''.join(struct.pack('>I', d) for d in shape) + a.tobytes()
def put(name, content):
    open(name, 'wb').write(content)
)";

}  // namespace

TEST_CASE("IDX files of each type are read, plain and gzipped", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, std::string(writer) + R"(
put('u1', idx([[0, 128], [255, 1]], 'u1')); put('i1', idx([[-128, 127]], 'i1'))
put('i2', idx([-32768, 258], '>i2')); put('i4', idx([-16777216, 66051], '>i4'))
put('f4', idx([0.5, -3.25e30], '>f4')); put('f8', idx([0.1, -2], '>f8'))
put('cube', idx(np.arange(24).reshape(2, 3, 4), 'u1'))
for n in ['u1', 'cube']: put(n + '.gz', gzip.compress(open(n, 'rb').read()))
b = open('cube', 'rb').read(); put('members.gz', gzip.compress(b[:20]) + gzip.compress(b[20:]))
put('large.gz', gzip.compress(idx(np.arange(200000) % 251, 'u1')))
)")
              .empty());
  struct Case {
    const char* name;
    Shape shape;
    Values values;
  };
  const Case cases[] = {{"u1", {2, 2}, {0, 128, 255, 1}},   {"i1", {1, 2}, {-128, 127}},
                        {"i2", {2}, {-32768, 258}},         {"i4", {2}, {-16777216, 66051}},
                        {"f4", {2}, {0.5F, -3.25e30F}},     {"f8", {2}, {0.1F, -2}},
                        {"u1.gz", {2, 2}, {0, 128, 255, 1}}};
  for (const Case& c : cases) {
    INFO(c.name);
    const Array array = read_idx(directory / c.name);
    CHECK(array.shape == c.shape);
    CHECK(array.values == c.values);
  }
  for (const char* name : {"cube", "cube.gz", "members.gz"}) {
    const Array cube = read_idx(directory / name);
    CHECK(cube.shape == Shape{2, 3, 4});
    CHECK(cube.values[23] == 23.0F);
  }
  const Array large = read_idx(directory / "large.gz");
  REQUIRE(large.values.size() == 200000);
  CHECK(large.values[199999] == static_cast<float>(199999 % 251));
}

TEST_CASE("Damaged and hostile IDX files are rejected with a reason", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, std::string(writer) + R"(
good = idx(np.arange(100), 'u1')
zipped = gzip.compress(idx(np.random.default_rng(1).integers(0, 256, 1000), 'u1'))
put('empty', b''); put('text', b'hello, this is text'); put('type', b'\0\0\x0a\1' + bytes(8))
put('scalar', b'\0\0\x08\0' + bytes(8)); put('deep', b'\0\0\x08\xff' + bytes(2000))
put('header', good[:6]); put('short', good[:-1]); put('long', good + b'x')
put('zero', idx([], 'u1', (0, 28, 28))); put('zero.gz', gzip.compress(idx([], 'u1', (0, 28, 28))))
put('flat', idx([], 'u1', (5, 0, 28)))
put('huge', b'\0\0\x08\3' + b'\xff' * 12 + bytes(100)); put('huge8', b'\0\0\x0e\x08' + b'\xff' * 32 + bytes(100))
put('large', idx([16777217], '>i4')); put('double', idx([1e300], '>f8'))
put('cut.gz', zipped[:len(zipped) // 2]); put('trailer.gz', zipped[:-5]); put('sum.gz', zipped[:-8] + bytes(4) + zipped[-4:])
put('flipped.gz', zipped[:500] + bytes([zipped[500] ^ 255]) + zipped[501:])
put('bomb.gz', gzip.compress(bytes([0, 0, 8, 1]) + struct.pack('>I', 100) + bytes(50000000)))
put('liar.gz', gzip.compress(bytes([0, 0, 8, 2]) + b'\x7f\xff\xff\xff' * 2 + bytes(1000)))
put('less.gz', gzip.compress(bytes([0, 0, 8, 1]) + struct.pack('>I', 2000) + bytes(1000)))
)")
              .empty());
  check_refusals(
      directory,
      {{"empty", "KAIROS-F003: empty: the file is empty"},
       {"text", "KAIROS-D051: text: this is not an IDX file; found a different magic number"},
       {"type", "KAIROS-D051: type: this is not an IDX file; found type 10, expected 8 (ubyte)"},
       {"scalar", "KAIROS-D051: scalar: this is not an IDX file; found 0 dimensions"},
       {"deep", "KAIROS-D051: deep: this is not an IDX file; found 255 dimensions"},
       {"header", "KAIROS-D052: header: the IDX file ends early"},
       {"short", "KAIROS-D052: short: the IDX file ends early"},
       {"long", "KAIROS-D052: long: the IDX file has bytes after its values"},
       {"zero",
        "KAIROS-D013: zero: there are no samples; found 0 rows, expected at least one. Check the program "
        "that should have written them."},
       {"zero.gz", "KAIROS-D013: zero.gz: there are no samples; found 0 rows"},
       {"flat",
        "KAIROS-D053: flat: the header declares more than the file can hold; found (5, 0), expected at "
        "least one value"},
       {"huge", "KAIROS-D053: huge: the header declares more than the file can hold; found (4294967295)"},
       {"huge8", "KAIROS-D053: huge8: the header declares more than the file can hold"},
       {"large", "KAIROS-D054: large: a value does not fit into float32; found 16777217.0"},
       {"double", "KAIROS-D054: double: a value does not fit into float32"},
       {"cut.gz", "KAIROS-D050: cut.gz: the gzip data are damaged or incomplete; found an unexpected end"},
       {"trailer.gz",
        "KAIROS-D050: trailer.gz: the gzip data are damaged or incomplete; found an unexpected end"},
       {"sum.gz", "KAIROS-D050: sum.gz: the gzip data are damaged or incomplete"},
       {"flipped.gz", "KAIROS-D050: flipped.gz: the gzip data are damaged or incomplete"},
       {"bomb.gz", "KAIROS-D052: bomb.gz: the IDX file has bytes after its values"},
       {"liar.gz", "KAIROS-D053: liar.gz: the header declares more than the file can hold"},
       {"less.gz", "KAIROS-D052: less.gz: the IDX file ends early"},
       {"absent", "KAIROS-F001: absent: cannot open the file"}},
      [](const std::filesystem::path& file) { return read_idx(file); });
}

TEST_CASE("IDX files are data sets with labels in a separate file", "[host][data]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, std::string(writer) + R"(
put('train-images-idx3-ubyte.gz', gzip.compress(idx(np.arange(24).reshape(6, 2, 2) * 10, 'u1')))
put('train-labels-idx1-ubyte', idx([0, 1, 2, 0, 1, 2], 'u1'))
put('short-labels-idx1-ubyte', idx([0, 1, 2], 'u1'))
)")
              .empty());
  DataSpec spec;
  spec.file = directory / "train-images-idx3-ubyte.gz";
  spec.target = (directory / "train-labels-idx1-ubyte").string();
  const Dataset data = load_data(spec).train;
  CHECK(data.inputs[0].array.shape == Shape{6, 2, 2});
  CHECK(data.inputs[0].array.values[23] == 230.0F);
  CHECK(data.targets[0].array.values == Values{0, 1, 2, 0, 1, 2});

  const auto sentence = [&] { return refusal(directory, [&] { static_cast<void>(load_data(spec)); }); };
  spec.target = (directory / "short-labels-idx1-ubyte").string();
  CHECK_THAT(sentence(), Catch::Matchers::StartsWith("KAIROS-D010: short-labels-idx1-ubyte: the target "
                                                     "has a different number of rows; found 3, expected 6"));
  spec.target = "label";
  CHECK(sentence() ==
        "KAIROS-D044: train-images-idx3-ubyte.gz: an IDX file has no columns to take the target from; found "
        "\"label\", expected a file of one array (.npy, .csv, IDX or file.h5:/path). Give the path of such a "
        "file.");
  spec.target = "";
  CHECK_THAT(sentence(), Catch::Matchers::Contains("no target is named; expected a file of targets."));
}
