// SPDX-License-Identifier: MIT
// Files of each kind that are modified, truncated or replaced while they are streamed.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include "host/io/python.hpp"
#include "host/temporary_directory.hpp"
#include "io/hdf5/rows.hpp"
#include "io/idx.hpp"
#include "io/npy.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/stream.hpp"

using namespace kairos::host;
using kairos::tests::content_of;
using kairos::tests::python;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace fs = std::filesystem;

namespace {

constexpr const char* writer = R"(
import os, struct
import h5py, numpy as np
x = np.arange(6000).reshape(3000, 2) % 251
np.save('x.npy', x.astype('f4'))
with open('x.csv', 'w') as f: f.write('a,b\n' + ''.join(f'{a},{b}\n' for a, b in x))
with open('x.idx', 'wb') as f: f.write(struct.pack('>3I', 0x802, 3000, 2) + x.astype('u1').tobytes())
with h5py.File('plain.h5', 'w') as f: f['x'] = x.astype('f4')
with h5py.File('swapped.h5', 'w') as f: f['x'] = x.astype('>i4')
with h5py.File('packed.h5', 'w') as f: f.create_dataset('x', data=x, chunks=(100, 2), compression='gzip')
)";

/// Reads samples of a file as for a batch.
struct Stream {
  explicit Stream(const fs::path& file) {
    DataSpec spec;
    spec.file = file;
    spec.target_use = TargetUse::Optional;
    spec.image_size = {4, 4};
    source = open_stream(spec);
    reader = source->reader();
  }
  std::vector<float> read(std::int64_t first, std::int64_t count) {
    Dataset block = source->layout();
    for (auto* arrays : {&block.inputs, &block.targets})
      for (NamedArray& named : *arrays)
        named.array.values.resize(static_cast<std::size_t>(count * named.array.row_size()));
    reader->read(first, count, block);
    reader->check_unchanged();
    return block.inputs[0].array.values;
  }

  std::unique_ptr<SampleSource> source;
  std::unique_ptr<SampleReader> reader;
};

/// File times have the resolution of kernel ticks.
void let_time_pass() {
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

void write_over(const fs::path& file, std::uint64_t offset) {
  const int descriptor = ::open(file.c_str(), O_WRONLY);
  REQUIRE(::pwrite(descriptor, "7", 1, static_cast<off_t>(offset)) == 1);
  ::close(descriptor);
}

/// Child processes of this process.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string text = content_of(entry.path() / "stat");
    const std::size_t name_end = text.rfind(") ");
    if (name_end == std::string::npos) continue;
    if (std::stol(text.substr(name_end + 4)) == ::getpid())
      found.push_back(static_cast<pid_t>(std::stol(entry.path().filename().string())));
  }
  return found;
}

struct Kind {
  const char *file, *dataset;
};
constexpr Kind kinds[] = {{"x.npy", ""},       {"x.csv", ""},         {"x.idx", ""},
                          {"plain.h5", ":/x"}, {"swapped.h5", ":/x"}, {"packed.h5", ":/x"}};

}  // namespace

TEST_CASE("A file of any kind that is truncated while it is streamed is an error", "[host][data]") {
  const TemporaryDirectory originals;
  REQUIRE(python(originals, writer).empty());
  for (const Kind& kind : kinds)
    for (const std::uintmax_t size : {0, 2000}) {
      INFO(kind.file << " " << size);
      const TemporaryDirectory directory;
      fs::copy_file(originals / kind.file, directory / kind.file);
      Stream stream((directory / kind.file).string() + kind.dataset);
      CHECK(stream.read(0, 2) == std::vector<float>{0, 1, 2, 3});
      fs::resize_file(directory / kind.file, size);
      const std::string sentence = "KAIROS-F014: " + std::string(kind.file) +
                                   ": the file became shorter while it was being read; found ";
      // Cached rows are correct, but rows that are read next may not be.
      CHECK_THAT(refusal(directory, [&] { stream.read(0, 2); }), Catch::Matchers::StartsWith(sentence));
      CHECK_THAT(refusal(directory, [&] { stream.read(2500, 400); }), Catch::Matchers::StartsWith(sentence));
    }
}

TEST_CASE("A file that is modified while it is streamed is an error, even if its size stays",
          "[host][data]") {
  const TemporaryDirectory originals;
  REQUIRE(python(originals, writer).empty());
  for (const Kind& kind : kinds)
    for (const char* change : {"write", "touch", "append"}) {
      INFO(kind.file << " " << change);
      const TemporaryDirectory directory;
      fs::copy_file(originals / kind.file, directory / kind.file);
      const fs::path file = directory / kind.file;
      Stream stream(file.string() + kind.dataset);
      CHECK(stream.read(0, 2) == std::vector<float>{0, 1, 2, 3});
      let_time_pass();
      if (change[0] == 'w') write_over(file, fs::file_size(file) / 2);
      if (change[0] == 't') fs::last_write_time(file, fs::file_time_type::clock::now());
      if (change[0] == 'a') write_over(file, fs::file_size(file));
      CHECK_THAT(refusal(directory, [&] { stream.read(1000, 2); }),
                 Catch::Matchers::StartsWith("KAIROS-F080: " + std::string(kind.file) +
                                             ": the file was modified while it was being read; found " +
                                             std::to_string(fs::file_size(file)) + " bytes, written at 2"));
    }
}

namespace {

/// Changes the time of a file repeatedly during its lifetime.
class Meddler {
 public:
  explicit Meddler(fs::path file) : file_(std::move(file)) {
    thread_ = std::thread([this] {
      for (long second = 1; !ending_; ++second) {
        const timespec times[2] = {{second, 0}, {second, 0}};
        ::utimensat(AT_FDCWD, file_.c_str(), times, 0);
      }
    });
  }
  ~Meddler() {
    ending_ = true;
    thread_.join();
  }
  Meddler(const Meddler&) = delete;
  Meddler& operator=(const Meddler&) = delete;

 private:
  fs::path file_;
  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

}  // namespace

TEST_CASE("A modified file is reported as such, and not the errors found in it", "[host][data]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import gzip, struct
import h5py, numpy as np
x = np.arange(200000).reshape(50000, 4) % 251
x[-1, -1] = 2**30
np.save('x.npy', x.astype('i8'))
np.savez('x.npz', x=x.astype('i8'))
with open('x.csv', 'w') as f: f.write('a,b,c,y\n' + ''.join(','.join(map(str, row)) + '\n' for row in x[:-1].tolist()) + '1,2,x,3\n')
content = struct.pack('>3I', 0xC02, 50000, 4) + x.astype('>i4').tobytes()
with open('x.idx', 'wb') as f: f.write(content)
with gzip.open('x.idx.gz', 'wb', 1) as f: f.write(content)
with h5py.File('x.h5', 'w') as f: f['x'] = x
)")
              .empty());
  for (const char* name : {"x.npy", "x.npz", "x.csv", "x.idx", "x.idx.gz", "x.h5"}) {
    INFO(name);
    DataSpec spec;
    spec.file = directory / name;
    if (std::string(name) == "x.h5") spec.file += ":/x";
    spec.target = std::string(name) == "x.csv" ? "y" : "";
    spec.target_use = TargetUse::Optional;
    const auto read = [&] { return refusal(directory, [&] { static_cast<void>(load_data(spec)); }); };
    const std::string fault = read();
    CHECK_THAT(fault, Catch::Matchers::StartsWith("KAIROS-D"));
    const Meddler meddler(directory / name);
    std::string sentence = fault;
    // The other thread may not have run in between.
    for (int trial = 0; trial < 1000 && sentence == fault; ++trial) sentence = read();
    CHECK_THAT(sentence, Catch::Matchers::StartsWith("KAIROS-F080: " + std::string(name) +
                                                     ": the file was modified while it was being read"));
  }
}

TEST_CASE("A file that is replaced under its name is read to its end", "[host][data]") {
  const TemporaryDirectory originals;
  REQUIRE(python(originals, writer).empty());
  for (const Kind& kind : kinds) {
    INFO(kind.file);
    const TemporaryDirectory directory;
    fs::copy_file(originals / kind.file, directory / kind.file);
    Stream stream((directory / kind.file).string() + kind.dataset);
    fs::rename(directory.put("other", "1,2\n"), directory / kind.file);
    CHECK(stream.read(100, 2) == std::vector<float>{200, 201, 202, 203});
    fs::remove(directory / kind.file);
    CHECK(stream.read(2000, 1) == std::vector<float>{4000 % 251, 4001 % 251});
  }
}

TEST_CASE("An image that is modified or replaced after the directory was listed is an error",
          "[host][data]") {
  struct Case {
    const char *change, *sentence;
  };
  for (const Case& c :
       {Case{"replace", "KAIROS-F081: d/a/1.png: the file was replaced by another one; found "},
        Case{"write", "KAIROS-F080: d/a/1.png: the file was modified while it was in use; found "},
        Case{"cut", "KAIROS-F080: d/a/1.png: the file was modified while it was in use; found 10 bytes"},
        Case{"remove", "KAIROS-F001: d/a/1.png: cannot open the file"}}) {
    INFO(c.change);
    const TemporaryDirectory directory;
    REQUIRE(python(directory, R"(
import os
from PIL import Image
for name in ('d/a', 'd/b'):
    os.makedirs(name)
    for i in range(3): Image.new('RGB', (4, 4), (i, i, i)).save(f'{name}/{i}.png')
Image.new('RGB', (4, 4), (9, 9, 9)).save('other.png')
)")
                .empty());
    const fs::path picture = directory / "d/a/1.png";
    Stream stream(directory / "d");
    CHECK(stream.read(1, 1)[0] == 1);
    let_time_pass();
    const std::string change = c.change;
    if (change == "replace") fs::rename(directory / "other.png", picture);
    if (change == "write") write_over(picture, 40);
    if (change == "cut") fs::resize_file(picture, 10);
    if (change == "remove") fs::remove(picture);
    CHECK_THAT(refusal(directory, [&] { stream.read(0, 6); }), Catch::Matchers::StartsWith(c.sentence));
    CHECK(stream.read(2, 1)[0] == 2);
  }
}

TEST_CASE("The process that reads HDF5 is not needed for contiguous values, and its death is reported",
          "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, writer).empty());
  const std::vector<pid_t> before = children();
  const Stream plain((directory / "plain.h5").string() + ":/x"),
      swapped((directory / "swapped.h5").string() + ":/x");
  CHECK(children() == before);
  IsolatedHdf5Rows rows(directory / "packed.h5", "/x");
  const std::vector<pid_t> with_child = children();
  REQUIRE(with_child.size() == before.size() + 1);
  std::vector<float> values(4);
  rows.read(0, 2, values.data());
  for (const pid_t child : with_child)
    if (std::find(before.begin(), before.end(), child) == before.end()) ::kill(child, SIGKILL);
  for (int i = 0; i < 2; ++i)
    CHECK_THAT(
        refusal(directory, [&] { rows.read(1000, 2, values.data()); }),
        Catch::Matchers::StartsWith(
            "KAIROS-F082: packed.h5: the process that reads the file was killed; found signal 9 (SIGKILL)"));
}

TEST_CASE("An HDF5 array beyond the end of its file is rejected, not filled with zeros", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import h5py, numpy as np, os, struct
x = np.random.default_rng(1).random((3000, 4), 'f4')
for name, options in (('plain', {}), ('packed', {'chunks': (100, 4), 'compression': 'gzip'}), ('chunks', {'chunks': (100, 4)})):
    with h5py.File(name + '.h5', 'w', libver='earliest') as f: f.create_dataset('x', data=x, **options)
    size = os.path.getsize(name + '.h5') * 2 // 3
    os.truncate(name + '.h5', size)
    with open(name + '.h5', 'r+b') as f:
        f.seek(40)
        f.write(struct.pack('<Q', size))  # where the file says that it ends
)")
              .empty());
  for (const char* name : {"plain", "packed", "chunks"}) {
    INFO(name);
    const std::string file = std::string(name) + ".h5";
    const std::string sentence =
        refusal(directory, [&] { Stream((directory / file).string() + ":/x").read(2900, 100); });
    CHECK_THAT(sentence,
               Catch::Matchers::StartsWith("KAIROS-F021: " + file + ":/x: the HDF5 file is damaged") ||
                   Catch::Matchers::StartsWith("KAIROS-F025: " + file + ":/x"));
  }
}
