// SPDX-License-Identifier: MIT
// Reading and writing compared with NumPy itself; hostile files are rejected.
#include "io/npy.hpp"
#include "io/text_array.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "host/io/python.hpp"
#include "host/refusals.hpp"
#include "host/temporary_directory.hpp"

using namespace kairos::host;
using kairos::tests::check_refusals;
using kairos::tests::content_of;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

/// A version 1.0 file with any dictionary and body.
std::string npy(const std::string& dictionary, const std::string& body) {
  std::string text("\x93NUMPY\x01\x00", 8);
  text.push_back(static_cast<char>(dictionary.size() & 0xFF));
  text.push_back(static_cast<char>(dictionary.size() >> 8));
  return text + dictionary + body;
}

std::string with_shape(const std::string& shape, const std::string& body, const std::string& type = "<f4") {
  return npy("{'descr': '" + type + "', 'fortran_order': False, 'shape': " + shape + ", }\n", body);
}

struct Case {
  std::string content, sentence;
};

void check_faults(const TemporaryDirectory& directory, std::initializer_list<Case> cases) {
  for (const Case& c : cases) {
    static_cast<void>(directory.put("a.npy", c.content));
    CHECK_THAT(refusal(directory, [&] { static_cast<void>(read_npy(directory / "a.npy")); }),
               Catch::Matchers::StartsWith(c.sentence));
  }
}

}  // namespace

TEST_CASE("NPY reading accepts every numeric type, order and version that NumPy writes", "[host][io]") {
  const TemporaryDirectory directory;
  const std::string output = python(directory, R"(
import numpy as np
a = np.arange(24).reshape(2, 3, 4)
for t in ['f2', 'f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8']:
    for e in '<>':
        np.save(f'{t}{"le" if e == "<" else "be"}.npy', a.astype(e + t))
np.save('bool.npy', a % 2 == 0)
np.save('fortran.npy', np.asfortranarray(a.astype('>i8')))
np.save('scalar.npy', np.float64(2.5))
np.save('none.npy', np.zeros((0, 3)))
for v in [(1, 0), (2, 0), (3, 0)]:
    with open(f'version{v[0]}.npy', 'wb') as f: np.lib.format.write_array(f, a.astype('f4'), version=v)
)");
  REQUIRE(output.empty());
  std::vector<float> counted(24);
  for (std::size_t i = 0; i < counted.size(); ++i) counted[i] = static_cast<float>(i);
  std::vector<std::string> names = {"fortran", "version1", "version2", "version3"};
  for (const char* type : {"f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"})
    for (const char* order : {"le", "be"}) names.push_back(std::string(type) + order);
  for (const std::string& name : names) {
    INFO(name);
    const Array array = read_npy(directory / (name + ".npy"));
    CHECK(array.shape == std::vector<std::int64_t>{2, 3, 4});
    CHECK(array.values == counted);
  }
  CHECK(read_npy(directory / "bool.npy").values[0] == 1.0F);
  CHECK(read_npy(directory / "bool.npy").values[1] == 0.0F);
  CHECK(read_npy(directory / "scalar.npy").shape.empty());
  CHECK(read_npy(directory / "scalar.npy").values == std::vector<float>{2.5F});
  CHECK(read_npy(directory / "none.npy").shape == std::vector<std::int64_t>{0, 3});
}

TEST_CASE("NPY reading converts half precision exactly", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import numpy as np
a = np.arange(65536, dtype='u2').view('f2')
a = a[~np.isnan(a)]
np.save('half.npy', a); np.save('single.npy', a.astype('f4'))
)")
              .empty());
  CHECK(read_npy(directory / "half.npy").values == read_npy(directory / "single.npy").values);
}

TEST_CASE("NumPy reads the NPY and NPZ files that are written", "[host][io]") {
  const TemporaryDirectory directory;
  const Array matrix{{2, 3}, {1, 2, 3, 4, 5.5F, -6}};
  const Array scalar{{}, {7}};
  const Array row{{3}, {0.1F, 0.2F, 0.3F}};
  write_npy(directory / "matrix.npy", matrix);
  write_npy(directory / "scalar.npy", scalar);
  write_npy(directory / "row.npy", row);
  write_npz(directory / "all.npz", {{"1", row}, {"0", matrix}});
  CHECK(python(directory, R"(
import numpy as np, zipfile
for n in ['matrix', 'scalar', 'row']:
    a = np.load(n + '.npy'); print(a.dtype.str, a.shape, a.tolist())
z = np.load('all.npz'); print(z.files, z['0'].tolist(), z['1'].shape, zipfile.ZipFile('all.npz').testzip())
)") == "<f4 (2, 3) [[1.0, 2.0, 3.0], [4.0, 5.5, -6.0]]\n"
       "<f4 () 7.0\n"
       "<f4 (3,) [0.10000000149011612, 0.20000000298023224, 0.30000001192092896]\n"
       "['1', '0'] [[1.0, 2.0, 3.0], [4.0, 5.5, -6.0]] (3,) None\n");
  const std::string first = content_of(directory / "all.npz");
  write_npz(directory / "all.npz", {{"1", row}, {"0", matrix}});
  CHECK(content_of(directory / "all.npz") == first);
  CHECK(read_npz(directory / "all.npz").at("0").values == matrix.values);
}

TEST_CASE("NPZ reading accepts stored and deflated archives", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import numpy as np
x = np.arange(6, dtype='i8').reshape(3, 2); y = np.zeros(100000)
np.savez('stored.npz', x=x, y=y); np.savez_compressed('deflated.npz', x=x, y=y)
)")
              .empty());
  for (const char* name : {"stored.npz", "deflated.npz"}) {
    const auto arrays = read_npz(directory / name);
    REQUIRE(arrays.size() == 2);
    CHECK(arrays.at("x").values == std::vector<float>{0, 1, 2, 3, 4, 5});
    CHECK(arrays.at("y").shape == std::vector<std::int64_t>{100000});
  }
}

TEST_CASE("NPY reading rejects values that it cannot represent", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import numpy as np
np.save('large.npy', np.array([[1, 2], [3, 2**24 + 1]]))
np.save('low.npy', np.array([1, 2, -2**24 - 1], dtype='i4'))
np.save('unsigned.npy', np.asfortranarray([[1, 2], [2**63, 2**24]]).astype('u8'))
np.save('edge.npy', np.array([2**24, -2**24]))
np.save('wide.npy', np.array([1.0, 1e39]))
np.save('complex.npy', np.zeros(3, 'c8'))
np.save('text.npy', np.array(['a', 'b']))
np.save('object.npy', np.array([{}, None], dtype=object))
np.save('record.npy', np.zeros(3, dtype=[('a', 'f4'), ('b', 'i4')]))
)")
              .empty());
  CHECK(read_npy(directory / "edge.npy").values == std::vector<float>{16777216.0F, -16777216.0F});
  check_faults(
      directory,
      {{content_of(directory / "large.npy"),
        "KAIROS-D005: a.npy: an integer is not exact in float32; found 16777217 in row 1 (counted from 0), "
        "expected -16777216 to 16777216. Scale the column, or store it as float32 if rounding is "
        "acceptable."},
       {content_of(directory / "low.npy"),
        "KAIROS-D005: a.npy: an integer is not exact in float32; found -16777217 in row 2"},
       {content_of(directory / "unsigned.npy"),
        "KAIROS-D005: a.npy: an integer is not exact in float32; found 9223372036854775808 in row 1"},
       {content_of(directory / "wide.npy"),
        "KAIROS-D006: a.npy: a value does not fit into float32; found 1e+39 in row 1"},
       {content_of(directory / "complex.npy"),
        "KAIROS-D003: a.npy: this type of array cannot be read; found <c8"},
       {content_of(directory / "text.npy"),
        "KAIROS-D003: a.npy: this type of array cannot be read; found <U1, expected float 16 to 64, integer "
        "8 to 64 or bool. Text is read only as a target; store inputs and weights as numbers."},
       {content_of(directory / "object.npy"),
        "KAIROS-D003: a.npy: this type of array cannot be read; found |O"},
       {content_of(directory / "record.npy"),
        "KAIROS-D003: a.npy: this type of array cannot be read; found a structured type"}});
}

TEST_CASE("NPY reading rejects malformed headers and missing values", "[host][io]") {
  const std::string four(4, '\0');
  check_faults(
      TemporaryDirectory(),
      {{"hello, this is text", "KAIROS-D001: a.npy: this is not an NPY file"},
       {"h", "KAIROS-D001: a.npy: this is not an NPY file"},
       {std::string("\x93NUMPY\x07\x00\x10\x00", 10),
        "KAIROS-D001: a.npy: this version of NPY is not supported; found 7"},
       {std::string("\x93NUMPY\x02\x00\xff\xff\xff\x7f", 12),
        "KAIROS-D002: a.npy: the NPY header is too long; found 2147483647 bytes, expected at most 65536."},
       {npy("{'descr': '<f4'}", four),
        "KAIROS-D002: a.npy: the NPY header is malformed; found {'descr': '<f4'}"},
       {npy("{'descr': '<f4', 'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", four),
        "KAIROS-D002: a.npy"},
       {npy("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (1,)}", four), "KAIROS-D002: a.npy"},
       {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", four),
        "KAIROS-D002: a.npy"},
       {with_shape("(-1,)", four), "KAIROS-D002: a.npy"},
       {with_shape("(99999999999999999999,)", four), "KAIROS-D002: a.npy"},
       {with_shape("(1,", four), "KAIROS-D002: a.npy"},
       {with_shape("(1000000, 1000000)", four),
        "KAIROS-D004: a.npy: the array is truncated; found 4 bytes of values, expected 4000000000000."},
       {with_shape("(4294967296, 4294967296, 4)", four),
        "KAIROS-D004: a.npy: the array is truncated; found 4 bytes of values, expected more than any file "
        "can hold."},
       {with_shape("(2,)", four, "<f8"),
        "KAIROS-D004: a.npy: the array is truncated; found 4 bytes of values, expected 16."}});
}

TEST_CASE("NPY and NPZ reading reject a file truncated anywhere", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import numpy as np
a = np.arange(40.0)
np.save('a.npy', a); np.savez_compressed('a.npz', x=a, y=a)
)")
              .empty());
  const std::string npy_bytes = content_of(directory / "a.npy");
  for (std::size_t length = 1; length < npy_bytes.size(); ++length) {
    const auto file = directory.put("cut.npy", npy_bytes.substr(0, length));
    const std::string sentence = refusal(directory, [&] { static_cast<void>(read_npy(file)); });
    INFO(length << " " << sentence);
    CHECK(sentence.starts_with("KAIROS-D004: cut.npy: the array is truncated"));
  }
  const std::string npz_bytes = content_of(directory / "a.npz");
  for (std::size_t length = 1; length < npz_bytes.size(); length += 3) {
    const auto file = directory.put("cut.npz", npz_bytes.substr(0, length));
    const std::string sentence = refusal(directory, [&] { static_cast<void>(read_npz(file)); });
    INFO(length << " " << sentence);
    CHECK(sentence.starts_with("KAIROS-D007: cut.npz: this is not a complete NPZ archive"));
  }
}

TEST_CASE("NPZ reading rejects damaged, foreign and inflated archives", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import numpy as np, zipfile, io, struct, warnings
warnings.simplefilter('ignore')
b = io.BytesIO(); np.save(b, np.arange(40.0)); a = b.getvalue()
def z(name, *entries):
    with zipfile.ZipFile(name, 'w') as f:
        for n, d in entries: f.writestr(n, d)
z('foreign.npz', ('x.npy', a), ('readme.txt', b'hello'))
z('double.npz', ('x.npy', a), ('x.npy', a))
z('empty.npz')
z('notnpy.npz', ('x.npy', b'hello, this is text'))
z('good.npz', ('x.npy', a))
raw = bytearray(open('good.npz', 'rb').read())
flipped = bytearray(raw); flipped[200] ^= 0x40; open('flipped.npz', 'wb').write(flipped)
central = raw.rindex(b'PK\x01\x02')
bomb = bytearray(raw); bomb[central + 24:central + 28] = struct.pack('<I', 0xfffffff0); open('bomb.npz', 'wb').write(bomb)
header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000,), }\n"
z('lying.npz', ('x.npy', b'\x93NUMPY\x01\x00' + struct.pack('<H', len(header)) + header + b'1234'))
)")
              .empty());
  check_refusals(
      directory,
      {{"foreign.npz",
        "KAIROS-D008: foreign.npz:readme.txt: an entry of the archive is not an array; found \"readme.txt\""},
       {"double.npz", "KAIROS-D008: double.npz:x.npy: the archive has two arrays of this name; found \"x\""},
       {"empty.npz", "KAIROS-D008: empty.npz: the archive is empty"},
       {"notnpy.npz", "KAIROS-D001: notnpy.npz:x.npy: this is not an NPY file"},
       {"flipped.npz", "KAIROS-D007: flipped.npz:x.npy: the archive is damaged; found CRC error"},
       {"bomb.npz",
        "KAIROS-D009: bomb.npz:x.npy: the archive declares more than it can hold; found 4294967280 bytes in "
        "a file of"},
       {"lying.npz",
        "KAIROS-D004: lying.npz:x.npy: the array is truncated; found 4 bytes of values, expected "
        "4000000000."}},
      [](const std::filesystem::path& file) { return read_npz(file); });
}

TEST_CASE("Text of an NPY file is read as UTF-8, or as the stored bytes", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import numpy as np
words = np.array(['a', 'b\u00e9', '\u20ac', '\U0001f600', ''])
np.save('u.npy', words); np.save('big.npy', words.astype('>U2')); np.save('s.npy', np.array([b'x', b'yz\xe9']))
np.save('number.npy', np.zeros(3)); open('short.npy', 'wb').write(open('u.npy', 'rb').read()[:-4])
np.save('none.npy', np.array([0xd800, 0x110000], '<u4').view('<U1'))
)")
              .empty());
  for (const char* name : {"u.npy", "big.npy"}) {
    const TextArray read = read_npy_text(directory / name);
    CHECK((read.is_text && read.is_utf8));
    CHECK(read.shape == std::vector<std::int64_t>{5});
    CHECK(read.values == std::vector<std::string>{"a", "b\u00e9", "\u20ac", "\U0001f600", ""});
  }
  CHECK(read_npy_text(directory / "s.npy").values == std::vector<std::string>{"x", "yz\xe9"});
  CHECK_FALSE(read_npy_text(directory / "s.npy").is_utf8);
  CHECK_FALSE(read_npy_text(directory / "number.npy").is_text);
  const auto sentence = [&](const char* name) {
    return refusal(directory, [&] { static_cast<void>(read_npy_text(directory / name)); });
  };
  CHECK_THAT(sentence("short.npy"),
             Catch::Matchers::StartsWith("KAIROS-D004: short.npy: the array is truncated"));
  CHECK_THAT(
      sentence("none.npy"),
      Catch::Matchers::StartsWith("KAIROS-D330: none.npy: a text has a number that is no character; found "
                                  "row 0 (counted from 0)"));
}
