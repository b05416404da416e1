// SPDX-License-Identifier: MIT
// Small files that declare, or decompress to, more than the memory holds are rejected before it is allocated.
#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "data/array_file.hpp"
#include "host/io/python.hpp"
#include "host/memory_limit.hpp"
#include "host/refusals.hpp"
#include "host/temporary_directory.hpp"
#include "io/npy.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/stream.hpp"

using namespace kairos::host;
using kairos::tests::check_refusals;
using kairos::tests::MemoryLimit;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

constexpr std::uint64_t megabyte = std::uint64_t{1} << 20;

/// `deflated(n, head)`: `head` and n megabytes of zeros, compressed to a thousandth within moments; the
/// checksum of a container is wrong, except in `zlibbed`.
constexpr const char* tools = R"(
import os, struct, zlib
import numpy as np
def deflated(megabytes, head=b'', wbits=-15):
    z = zlib.compressobj(9, zlib.DEFLATED, wbits)
    start = z.compress(head) + z.flush(zlib.Z_FULL_FLUSH)
    block = z.compress(bytes(1 << 20)) + z.flush(zlib.Z_FULL_FLUSH)
    return start + block * megabytes + z.flush()
def zlibbed(megabytes):
    return b'\x78\x9c' + deflated(megabytes) + struct.pack('>I', zlib.adler32(bytes(megabytes << 20)))
def npy(shape, kind):
    text = repr({'descr': kind, 'fortran_order': False, 'shape': shape}).encode()
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(text)) + text
def put(name, *parts):
    with open(name, 'wb') as f: [f.write(part) for part in parts]
def archive(name, entries, copies=1):
    """Entries of (name, method, packed bytes, declared size); `copies` of the directory's lines share them."""
    body, lines = b'', b''
    for entry, method, packed, size in entries:
        sizes = struct.pack('<III', 0 if method else zlib.crc32(packed), len(packed), min(size, 0xffffffff))
        extra = struct.pack('<HHQ', 1, 8, size) if size >= 0xffffffff else b''
        for i in range(copies):
            called = entry if copies == 1 else f'{i}{entry}'
            lines += b'PK\x01\x02' + struct.pack('<HHHHHH', 45, 45, 0, method, 0, 33) + sizes + struct.pack(
                '<HHHHHII', len(called), len(extra), 0, 0, 0, 0, len(body)) + called.encode() + extra
        body += b'PK\x03\x04' + struct.pack('<HHHHH', 45, 0, method, 0, 33) + sizes + struct.pack('<HH', len(entry), 0)
        body += entry.encode() + packed
    n = copies * len(entries)
    put(name, body, lines, b'PK\x05\x06' + struct.pack('<HHHHIIH', 0, 0, n, n, len(lines), len(body), 0))
)";

}  // namespace

TEST_CASE("NPZ archives that inflate to more than declared, or than fits into memory, are rejected",
          "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, std::string(tools) + R"(
head = npy((3 << 30,), '|u1')
archive('large.npz', [('x.npy', 8, deflated(3072, head), len(head) + (3 << 30))])
head = npy((10,), '|u1')
archive('behind.npz', [('x.npy', 8, deflated(3072, head), len(head) + (3 << 30))])
archive('endless.npz', [('x.npy', 8, deflated(3072, head), len(head) + 10)])
archive('shared.npz', [('x.npy', 8, deflated(900, npy((900 << 20,), '|u1')), len(npy((900 << 20,), '|u1')) + (900 << 20))], 50)
archive('lying.npz', [('x.npy', 8, deflated(1, head), 1 << 62)])
archive('tight.npz', [('x.npy', 8, deflated(1, head), 40 << 20), ('y.npy', 0, bytes(80000), 80000)])
archive('stored.npz', [('x.npy', 0, head + bytes(10), len(head) + 11)])
archive('wrapped.npz', [('x.npy', 0, npy((1 << 62, 8), '<f8'), len(npy((1 << 62, 8), '<f8')))])
archive('empty.npz', [('x.npy', 0, npy((0, 1 << 62, 1 << 62), '<f8'), len(npy((0, 1 << 62, 1 << 62), '<f8')))])
archive('negative.npz', [('x.npy', 0, npy((-1, -8), '<f8') + bytes(64), len(npy((-1, -8), '<f8')) + 64)])
)")
              .empty());
  const MemoryLimit limit(512 * megabyte);
  const auto begin = std::chrono::steady_clock::now();
  check_refusals(
      directory,
      {{"large.npz",
        "KAIROS-D340: large.npz:x.npy: the contents do not fit into memory; found 12884901888 bytes, "
        "expected "
        "at most "},
       {"behind.npz",
        "KAIROS-D341: behind.npz:x.npy: the sizes in the archive contradict each other; found 32212"},
       {"endless.npz",
        "KAIROS-D341: endless.npz:x.npy: the sizes in the archive contradict each other; found more bytes "
        "than its array needs"},
       {"shared.npz", "KAIROS-D340: shared.npz:0x.npy: the contents do not fit into memory"},
       {"lying.npz", "KAIROS-D009: lying.npz:x.npy: the archive declares more than it can hold"},
       {"tight.npz",
        "KAIROS-D341: tight.npz:x.npy: the sizes in the archive contradict each other; found 41943040 bytes "
        "from "},
       {"stored.npz",
        "KAIROS-D341: stored.npz:x.npy: the sizes in the archive contradict each other; found "},
       {"wrapped.npz",
        "KAIROS-D004: wrapped.npz:x.npy: the array is truncated; found 0 bytes of values, expected "
        "more than any file can hold"},
       {"empty.npz",
        "KAIROS-D004: empty.npz:x.npy: the array is truncated; found 0 bytes of values, expected more "
        "than any file can hold"},
       {"negative.npz", "KAIROS-D002: negative.npz:x.npy: the NPY header is malformed"}},
      [](const std::filesystem::path& file) { return read_npz(file); });
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
}

TEST_CASE("NPZ entries that share their bytes are rejected", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, std::string(tools) + R"(
array = npy((100000,), '|u1') + bytes(100000)
archive('shared.npz', [('x.npy', 0, array, len(array))], 50)
)")
              .empty());
  check_refusals(
      directory,
      {{"shared.npz",
        "KAIROS-D341: shared.npz:1x.npy: the sizes in the archive contradict each other; found entries that "
        "share their bytes"}},
      [](const std::filesystem::path& file) { return read_npz(file); });
}

TEST_CASE("Arrays and images that do not fit into memory are rejected before it is allocated", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, std::string(tools) + R"(
import h5py
put('x.idx.gz', deflated(3072, struct.pack('>4I', 0x803, 3072, 1024, 1024), 31))
put('wrapped.idx.gz', deflated(1, struct.pack('>4I', 0x803, 0xffffffff, 0xffffffff, 0xffffffff), 31))
put('x.npy', npy((3 << 30,), '|u1')); os.truncate('x.npy', os.path.getsize('x.npy') + (3 << 30))
put('short.npy', npy((3 << 30,), '|u1'), bytes(100))
packed = zlibbed(16)
with h5py.File('x.h5', 'w') as f:
    for name, chunks in (('x', 64), ('one', 1)):
        d = f.create_dataset(name, (chunks, 4 << 20), 'f4', chunks=(1, 4 << 20), compression='gzip')
        for i in range(chunks): d.id.write_direct_chunk((i, 0), packed)
    d = f.create_dataset('bomb', (4, 1024), 'f4', chunks=(1, 1024), compression='gzip')
    d.id.write_direct_chunk((0, 0), deflated(3072, b'', 15))
def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
os.makedirs('pictures/a')
put('pictures/a/0.png', b'\x89PNG\r\n\x1a\n', chunk(b'IHDR', struct.pack('>IIBBBBB', 15000, 15000, 8, 2, 0, 0, 0)),
    chunk(b'IDAT', deflated(650, b'', 15)), chunk(b'IEND', b''))
)")
              .empty());
  const MemoryLimit limit(512 * megabyte);
  const auto begin = std::chrono::steady_clock::now();
  check_refusals(
      directory,
      {{"x.idx.gz", "KAIROS-D340: x.idx.gz: the contents do not fit into memory; found 12884901888 bytes"},
       {"wrapped.idx.gz", "KAIROS-D053: wrapped.idx.gz: the header declares more than the file can hold"},
       {"x.npy", "KAIROS-D340: x.npy: the contents do not fit into memory; found 12884901888 bytes"},
       {"short.npy",
        "KAIROS-D004: short.npy: the array is truncated; found 100 bytes of values, expected 3221225472"},
       {"x.h5:/x", "KAIROS-D340: x.h5:/x: the contents do not fit into memory; found 1073741824 bytes"},
       {"x.h5:/bomb", "KAIROS-F021: x.h5"}},
      [](const std::filesystem::path& file) {
        return static_cast<void>(read_array_file(file.string(), {}));
      });
  CHECK(read_array_file((directory / "x.h5:/one").string(), {}).array.values.size() == 4 << 20);
  DataSpec spec;
  spec.file = directory / "pictures";
  spec.image_size = {2, 2};
  CHECK_THAT(refusal(directory, [&] { static_cast<void>(load_data(spec)); }),
             Catch::Matchers::StartsWith(
                 "KAIROS-D340: pictures/a/0.png: the contents do not fit into memory; found "));
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(20));
}
