// SPDX-License-Identifier: MIT
// Hostile HDF5 files: each is rejected with a code, none crashes the reader, and none makes it read other
// files.
#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <string>

#include "host/io/python.hpp"
#include "host/refusals.hpp"
#include "host/temporary_directory.hpp"
#include "io/model_file.hpp"

namespace fs = std::filesystem;
using namespace kairos::host;
using kairos::tests::check_refusals;
using kairos::tests::content_of;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

/// Writes the files of the first test.
constexpr const char* hostile_files = R"(
import h5py, numpy as np
k = np.ones((2, 3), 'f4')
with h5py.File('secret.h5', 'w') as f: f['k'] = k; f.create_group('g')['k'] = k
np.zeros(6, 'f4').tofile('raw.bin')
def legacy(name, fill):
    with h5py.File(name, 'w') as f:
        f.attrs['layer_names'] = np.array(['dense'], 'S')
        d = f.create_group('dense'); d.attrs['weight_names'] = np.array(['dense/k'], 'S')
        fill(f, d)
def external_link(f, d): d['dense/k'] = h5py.ExternalLink('secret.h5', '/k')
def soft_link(f, d): f['other'] = k; d['dense/k'] = h5py.SoftLink('/other')
def linked_group(f, d): d['dense'] = h5py.ExternalLink('secret.h5', '/g')
def external_data(f, d): d.create_dataset('dense/k', (2, 3), 'f4', external=[('raw.bin', 0, 24)])
def virtual(f, d):
    l = h5py.VirtualLayout((2, 3), 'f4'); l[:] = h5py.VirtualSource('secret.h5', 'k', (2, 3)); d.create_virtual_dataset('dense/k', l)
def huge(f, d): d.create_dataset('dense/k', (1 << 20, 1 << 20), 'f4')
def huge_chunked(f, d): d.create_dataset('dense/k', (1 << 30, 1 << 30), 'f4', chunks=(1024, 1024), compression='gzip')
def huge_empty_chunk(f, d): d.create_dataset('dense/k', (4, 4), 'f4', chunks=(16384, 16384), maxshape=(None, None))
def lzf(f, d): d.create_dataset('dense/k', data=k, compression='lzf')
def missing(f, d): pass
def is_group(f, d): d.create_group('dense/k')
def words(f, d): d['dense/k'] = 'hello'
def opaque(f, d): d['dense/k'] = np.zeros(3, 'V2')
def null(f, d): d['dense/k'] = h5py.Empty('f4')
def numbers(f, d): d['dense/k'] = k; f.attrs['layer_names'] = np.arange(3)
def absent_layer(f, d): d['dense/k'] = k; f.attrs['layer_names'] = np.array(['dense', 'other'], 'S')
for fill in [external_link, soft_link, linked_group, external_data, virtual, huge, huge_chunked, huge_empty_chunk, lzf,
             missing, is_group, words, opaque, null, numbers, absent_layer]: legacy(fill.__name__ + '.h5', fill)
with h5py.File('foreign.h5', 'w') as f: f['data'] = k
with h5py.File('unnumbered.h5', 'w') as f: f['layers/dense/vars/kernel'] = k
with h5py.File('deep.h5', 'w') as f: f['layers/dense/' + 'a/' * 200 + 'vars/0'] = k
with h5py.File('cycle.h5', 'w') as f:
    g = f.create_group('layers/dense'); g['again'] = g
)";

}  // namespace

TEST_CASE("Hostile HDF5 files are rejected with a reason", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, hostile_files).empty());
  static_cast<void>(directory.put("text.h5", "this is only text\n"));
  static_cast<void>(directory.put("magic.h5", "\x89HDF\r\n\x1a\nand then nothing of use"));
  fs::create_directory(directory / "folder.h5");
  check_refusals(
      directory,
      {{"external_link.h5",
        "KAIROS-F022: external_link.h5:/dense/dense/k: the file contains a link; found an external link, "
        "expected the values themselves. Write the file again without links."},
       {"soft_link.h5",
        "KAIROS-F022: soft_link.h5:/dense/dense/k: the file contains a link; found a soft link"},
       {"linked_group.h5",
        "KAIROS-F022: linked_group.h5:/dense/dense: the file contains a link; found an external link"},
       {"external_data.h5",
        "KAIROS-F022: external_data.h5:/dense/dense/k: the values are stored in another file; found external "
        "storage"},
       {"virtual.h5",
        "KAIROS-F022: virtual.h5:/dense/dense/k: the values are stored in another file; found virtual "
        "storage"},
       {"huge.h5",
        "KAIROS-F025: huge.h5:/dense/dense/k: the file declares more than it contains; found 4398046511104 "
        "bytes, expected at most "},
       {"huge_chunked.h5",
        "KAIROS-F025: huge_chunked.h5:/dense/dense/k: the file declares more than it contains; found "
        "4611686018427387904 bytes, expected at most 0 from "},
       {"huge_empty_chunk.h5",
        "KAIROS-F025: huge_empty_chunk.h5:/dense/dense/k: the file declares more than it contains; "
        "found 1073741824 bytes, expected at most 0 from "},
       {"lzf.h5",
        "KAIROS-F028: lzf.h5:/dense/dense/k: this compression cannot be read; found filter 32000 (h5py's "
        "lzf), expected gzip or none."},
       {"missing.h5", "KAIROS-F024: missing.h5:/dense/dense: a group is missing"},
       {"is_group.h5",
        "KAIROS-F024: is_group.h5:/dense/dense/k: an array is missing; expected an array of that name."},
       {"words.h5",
        "KAIROS-F023: words.h5:/dense/dense/k: this type of array cannot be read; found values that are not "
        "numbers"},
       {"opaque.h5",
        "KAIROS-F023: opaque.h5:/dense/dense/k: this type of array cannot be read; found opaque values"},
       {"null.h5", "KAIROS-F021: null.h5:/dense/dense/k: the HDF5 file is damaged"},
       {"numbers.h5", "KAIROS-F023: numbers.h5:/: an attribute is not text; found \"layer_names\""},
       {"absent_layer.h5", "KAIROS-F024: absent_layer.h5:/other: a group is missing"},
       {"foreign.h5", "KAIROS-F029: foreign.h5: this HDF5 file contains no Keras model or weights"},
       {"unnumbered.h5", "KAIROS-F029: unnumbered.h5:/layers/dense/vars/kernel: an array is not numbered"},
       {"deep.h5", "KAIROS-F029: deep.h5:/layers/dense/a/"},
       {"cycle.h5", "KAIROS-F029: cycle.h5:/layers/dense/again/"},
       {"magic.h5", "KAIROS-F021: magic.h5: this is not a complete HDF5 file"},
       {"folder.h5", "KAIROS-F002: folder.h5: this is not a regular file; found a directory"},
       {"absent.h5", "KAIROS-F001: absent.h5: cannot open the file; found No such file or directory"}},
      [](const fs::path& file) { return read_model_file(file); });
  CHECK(refusal(directory, [&] { static_cast<void>(read_model_file(directory / "text.h5")); }) ==
        "KAIROS-F021: text.h5: this is not a complete HDF5 file; found file signature not found, expected a "
        "complete HDF5 file. Copy or write the file again.");
}

TEST_CASE("An HDF5 file truncated or damaged anywhere is rejected or read, and never crashes", "[host][io]") {
  const TemporaryDirectory directory;
  const fs::path files = fs::path(KAIROS_TEST_DATA) / "fit/mlp_adagrad_binary/files";
  for (const char* name : {"model.h5", "keras3.weights.h5"}) {
    const std::string bytes = content_of(files / name);
    for (std::size_t length = 1; length < bytes.size(); length += 97) {
      const fs::path cut = directory.put("cut.h5", bytes.substr(0, length));
      const std::string sentence = refusal(directory, [&] { static_cast<void>(read_model_file(cut)); });
      INFO(name << " " << length << " " << sentence);
      CHECK(sentence.starts_with("KAIROS-F021: cut.h5: this is not a complete HDF5 file"));
    }
    std::size_t refused = 0;
    for (std::size_t at = 0; at < bytes.size(); at += 127) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      const fs::path file = directory.put("damaged.h5", damaged);
      const std::string sentence = refusal(directory, [&] { static_cast<void>(read_model_file(file)); });
      INFO(name << " " << at << " " << sentence);
      CHECK((sentence.empty() || sentence.starts_with("KAIROS-F0")));
      refused += sentence.empty() ? 0 : 1;
    }
    CHECK(refused > 5);
  }
}

TEST_CASE("An HDF5 file that refers to one long text many times is rejected before it fills memory",
          "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import h5py, struct
size, count = 3_000_000, 1000
with h5py.File('many.h5', 'w') as f:
    f.attrs.create('layer_names', ['x' * size] + ['y'] * (count - 1), dtype=h5py.string_dtype())
data = bytearray(open('many.h5', 'rb').read())
at = next(i for i in range(0, len(data) - 32)  # length, address and number of a text; the next has the length 1
          if data[i:i + 4] == struct.pack('<I', size) and data[i + 16:i + 20] == struct.pack('<I', 1))
data[at:at + 16 * count] = data[at:at + 16] * count
open('many.h5', 'wb').write(data)
)")
              .empty());
  const auto most_megabytes = [] {
    rusage usage{};
    ::getrusage(RUSAGE_CHILDREN, &usage);
    return usage.ru_maxrss / 1024;
  };
  const std::string sentence =
      refusal(directory, [&] { static_cast<void>(read_model_file(directory / "many.h5")); });
  CHECK_THAT(sentence, Catch::Matchers::StartsWith("KAIROS-F021: many.h5"));
  CHECK(most_megabytes() < 1500);
}

TEST_CASE("An HDF5 file that makes the library crash or loop is rejected like any other", "[host][io]") {
  const TemporaryDirectory directory;
  const std::string bytes = content_of(fs::path(KAIROS_TEST_DATA) / "fit/mlp_adagrad_binary/files/model.h5");
  // A number that is too large makes the library read beyond its array. Addresses far beyond are not mapped;
  // 1.5 megabytes beyond may be memory that the process has used, and then anything may be read.
  enum class Outcome { Refused, RefusedOrRead };
  struct Case {
    std::size_t at;
    int flip;
    Outcome outcome;
  };
  std::size_t crashes = 0;
  for (const Case& c : {Case{1134, 0x01, Outcome::RefusedOrRead}, Case{4396, 0x80, Outcome::RefusedOrRead},
                        Case{18151, 0xff, Outcome::Refused}, Case{1022, 0x80, Outcome::Refused}}) {
    std::string damaged = bytes;
    damaged[c.at] = static_cast<char>(damaged[c.at] ^ c.flip);
    const fs::path file = directory.put("damaged.h5", damaged);
    const std::string sentence = refusal(directory, [&] { static_cast<void>(read_model_file(file)); });
    INFO(c.at << " " << sentence);
    if (c.outcome == Outcome::Refused)
      CHECK(sentence.starts_with("KAIROS-F021: damaged.h5"));
    else
      CHECK((sentence.empty() || sentence.starts_with("KAIROS-F0")));
    crashes += sentence.find("found the HDF5 library") != std::string::npos ? 1 : 0;
  }
  CHECK(crashes > 1);  // otherwise these offsets no longer show why the child process is needed
}
