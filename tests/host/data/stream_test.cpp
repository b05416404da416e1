// SPDX-License-Identifier: MIT
// What can be streamed and what cannot, and that the rows equal those of load_data.
#include "kairos/host/stream.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "host/io/python.hpp"
#include "host/memory_limit.hpp"
#include "host/temporary_directory.hpp"
#include "io/npy.hpp"

using namespace kairos::host;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {

DataSpec spec_for(const std::filesystem::path& file, const std::string& target) {
  DataSpec spec;
  spec.file = file;
  spec.target = target;
  return spec;
}

/// A header of version 1.0, followed by `body`.
std::string npy(const std::string& type, const std::string& order, const std::string& shape,
                const std::string& body) {
  std::string text = "{'descr': '" + type + "', 'fortran_order': " + order + ", 'shape': " + shape + ", }\n";
  return std::string("\x93NUMPY\x01\x00", 8) + static_cast<char>(text.size()) + '\0' + text + body;
}

}  // namespace

TEST_CASE("Rows of a streamed array are converted like those of a whole one", "[host][data]") {
  const TemporaryDirectory directory;
  const Array x{{5, 2}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}};
  write_npy(directory / "x.npy", x);
  static_cast<void>(directory.put("y.npy", npy("|u1", "False", "(5,)", "\x05\x04\x03\x02\x01")));
  static_cast<void>(directory.put("w.csv", "w\n1\n2\n3\n4\n5\n"));
  DataSpec spec = spec_for(directory / "x.npy", (directory / "y.npy").string());
  spec.sample_weight = (directory / "w.csv").string();
  const auto source = open_stream(spec);
  REQUIRE(source->layout().size() == 5);
  Dataset block = source->layout();
  block.inputs[0].array.values.resize(4);
  block.targets[0].array.values.resize(2);
  block.sample_weights[0].array.values.resize(2);
  source->reader()->read(3, 2, block);
  CHECK(block.inputs[0].array.values == std::vector<float>{7, 8, 9, 10});
  CHECK(block.targets[0].array.values == std::vector<float>{2, 1});
  CHECK(block.sample_weights[0].array.values == std::vector<float>{4, 5});
}

TEST_CASE("Data that cannot be streamed are rejected by name", "[host][data]") {
  const TemporaryDirectory directory;
  write_npy(directory / "x.npy", {{3, 2}, {1, 2, 3, 4, 5, 6}});
  write_npy(directory / "short.npy", {{2}, {1, 2}});
  write_npz(directory / "d.npz", {{"x", {{1}, {1}}}});
  static_cast<void>(directory.put("f.npy", npy("<f4", "True", "(1, 2)", "12345678")));
  static_cast<void>(
      directory.put("big.npy", npy("<i4", "False", "(2,)", std::string("\1\0\0\0\0\0\0\x7f", 8))));
  struct Case {
    const char *file, *target, *sentence;
  };
  const Case cases[] = {
      {"d.npz", "y",
       "KAIROS-D090: d.npz: this kind of file cannot be streamed; found \".npz\", expected .csv"},
      {"f.npy", "@short.npy", "KAIROS-D091: f.npy: an array in Fortran order cannot be streamed"},
      {"x.npy", "@short.npy",
       "KAIROS-D010: short.npy: the target has a different number of rows; found 2, expected 3"},
      {"x.npy", "species", "KAIROS-D044: x.npy: an array file has no columns to take the target from"},
      {"x.npy", "", "KAIROS-D021: x.npy: no target is named"},
      {"absent.csv", "y", "KAIROS-F001: absent.csv: cannot open the file"},
  };
  for (const Case& c : cases) {
    const std::string target = c.target[0] == '@' ? (directory / (c.target + 1)).string() : c.target;
    CHECK_THAT(
        refusal(directory, [&] { static_cast<void>(open_stream(spec_for(directory / c.file, target))); }),
        Catch::Matchers::StartsWith(c.sentence));
  }
  DataSpec spec = spec_for(directory / "big.npy", "");
  spec.target_use = TargetUse::Optional;
  const auto source = open_stream(spec);
  Dataset block = source->layout();
  block.inputs[0].array.values.resize(1);
  CHECK_NOTHROW(source->reader()->read(0, 1, block));
  CHECK_THAT(refusal(directory, [&] { source->reader()->read(1, 1, block); }),
             Catch::Matchers::StartsWith(
                 "KAIROS-D005: big.npy: an integer is not exact in float32; found 2130706432 in row 1"));
}

TEST_CASE("An IDX file is streamed if its size matches its header and it is uncompressed", "[host][data]") {
  const TemporaryDirectory directory;
  const std::string idx = std::string("\0\0\x0C\1\0\0\0\3", 8) + std::string("\0\0\0\5\0\0\0\7\0\0\0\x9", 12);
  struct Case {
    const char* name;
    std::string content;
    const char* sentence;
  };
  const Case cases[] = {
      {"short.idx", idx.substr(0, 18), "KAIROS-D052: short.idx: the IDX file ends early"},
      {"cut.idx", idx.substr(0, 6), "KAIROS-D052: cut.idx: the IDX file ends early"},
      {"lie.idx", std::string("\0\0\x0C\1\x7F\0\0\3", 8) + idx.substr(8),
       "KAIROS-D053: lie.idx: the header declares more than the file can hold"},
      {"long.idx", idx + "x", "KAIROS-D052: long.idx: the IDX file has bytes after its values"},
      {"other.idx", "\1" + idx.substr(1), "KAIROS-D051: other.idx: this is not an IDX file"},
      {"packed.idx", "\x1F\x8B\x08" + idx, "KAIROS-D090: packed.idx: this kind of file cannot be streamed"},
  };
  for (const Case& c : cases) {
    DataSpec spec = spec_for(directory.put(c.name, c.content), "");
    spec.target_use = TargetUse::Optional;
    CHECK_THAT(refusal(directory, [&] { static_cast<void>(open_stream(spec)); }),
               Catch::Matchers::StartsWith(c.sentence));
  }
  DataSpec spec = spec_for(directory.put("right.idx", idx), "");
  spec.target_use = TargetUse::Optional;
  const auto source = open_stream(spec);
  Dataset block = source->layout();
  block.inputs[0].array.values.resize(2);
  source->reader()->read(1, 2, block);
  CHECK(block.inputs[0].array.values == std::vector<float>{7, 9});
}

TEST_CASE("A file that becomes shorter while it is streamed is an error, not a crash", "[host][data]") {
  const TemporaryDirectory directory;
  write_npy(directory / "x.npy", {{1000}, std::vector<float>(1000, 1.0F)});
  DataSpec spec = spec_for(directory / "x.npy", "");
  spec.target_use = TargetUse::Optional;
  const auto source = open_stream(spec);
  Dataset block = source->layout();
  block.inputs[0].array.values.resize(1000);
  std::filesystem::resize_file(directory / "x.npy", 200);
  CHECK_THAT(
      refusal(directory, [&] { source->reader()->read(0, 1000, block); }),
      Catch::Matchers::StartsWith("KAIROS-F014: x.npy: the file became shorter while it was being read"));
}

TEST_CASE("Class names are written and read, and other files are rejected", "[host][data]") {
  const TemporaryDirectory directory;
  const std::vector<std::string> names = {"a \"b\"", "c\nd", "é"};
  write_class_names(directory / "n.json", names);
  CHECK(read_class_names(directory / "n.json") == names);
  struct Case {
    const char *text, *sentence;
  };
  const Case cases[] = {
      {"{}", "KAIROS-D092: n.json: the file contains no list of class names"},
      {R"({"class_names": ["a", 1]})", "KAIROS-D092: n.json: a class name is not a string; found 1"},
      {R"({"class_names": ["a", "a"]})", "KAIROS-D092: n.json: two classes have the same name; found \"a\""},
  };
  for (const Case& c : cases) {
    const auto file = directory.put("n.json", c.text);
    CHECK_THAT(refusal(directory, [&] { static_cast<void>(read_class_names(file)); }),
               Catch::Matchers::StartsWith(c.sentence));
  }
}

TEST_CASE("An HDF5 array whose samples are slow to read says why, and how to store it", "[host][data]") {
  const TemporaryDirectory directory;
  REQUIRE(kairos::tests::python(directory, R"(
import h5py, numpy as np
with h5py.File('d.h5', 'w') as f:
    f.create_dataset('chunks', shape=(4000, 1000), dtype='f4', chunks=(10, 1000))[0] = 1
    f.create_dataset('type', data=np.zeros((4000, 1000), 'g'))
    f.create_dataset('columns', data=np.zeros((10000, 1000), 'f4'), chunks=(10000, 10), compression='gzip')
)")
              .empty());
  const kairos::tests::MemoryLimit limit(100 << 20);
  const auto open = [&](const char* name) {
    DataSpec spec;
    spec.file = (directory / "d.h5").string() + name;
    spec.target_use = TargetUse::Optional;
    return open_stream(spec);
  };
  const auto chunks = open(":/chunks");
  const std::string repack = (directory / "d.h5").string() + " NEW.h5\" stores it contiguously";
  CHECK_THAT(
      chunks->slow_at_random(),
      Catch::Matchers::Contains("are slow to read: the array is stored in chunks of 10 samples, and only ") &&
          Catch::Matchers::Contains("; \"h5repack -f /chunks:NONE -l /chunks:CONTI " + repack));
  CHECK(chunks->layout().notes.empty());
  CHECK_THAT(
      open(":/type")->slow_at_random(),
      Catch::Matchers::Contains("are slow to read: the type of the array has to be converted, and only "));
  // Not even one chunk is kept, so reading in order is slow too, which a note of the layout reports.
  const auto columns = open(":/columns");
  CHECK(columns->slow_at_random().empty());
  REQUIRE(columns->layout().notes.size() == 1);
  CHECK_THAT(columns->layout().notes.front(),
             Catch::Matchers::Contains("d.h5:/columns: every batch is slow to read: the array is stored in "
                                       "chunks of 10000 samples, which take 38 MB, do not fit into memory") &&
                 Catch::Matchers::Contains("; \"h5repack -f /columns:NONE -l /columns:CONTI " + repack));
}
