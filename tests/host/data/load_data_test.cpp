// SPDX-License-Identifier: MIT
// NPY and NPZ data sets, targets and weights in separate files, and files that are not data sets.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>

#include "host/temporary_directory.hpp"
#include "io/npy.hpp"
#include "kairos/host/data.hpp"

using namespace kairos::host;
using kairos::tests::refusal;
using kairos::tests::TemporaryDirectory;

namespace {
using Values = std::vector<float>;
using Shape = std::vector<std::int64_t>;
const Array x{{3, 2}, {1, 2, 3, 4, 5, 6}};
const Array y{{3}, {0, 1, 2}};
const Array w{{3}, {1, 0.5F, 2}};
const Array x_val{{1, 2}, {7, 8}};
const Array y_val{{1}, {1}};

std::string sentence_for(const TemporaryDirectory& directory, const DataSpec& spec) {
  return refusal(directory, [&] { static_cast<void>(load_data(spec)); });
}
}  // namespace

TEST_CASE("Arrays of NPZ data sets are found by name", "[host][data]") {
  const TemporaryDirectory directory;
  DataSpec spec;
  spec.file = directory / "d.npz";
  write_npz(spec.file, {{"x", x}, {"y", y}, {"sample_weight", w}, {"x_val", x_val}, {"y_val", y_val}});
  LoadedData data = load_data(spec);
  CHECK(data.train.inputs[0].array.values == x.values);
  CHECK(data.train.targets[0].array.shape == Shape{3});
  CHECK(data.train.sample_weights[0].array.values == w.values);
  REQUIRE(data.validation.has_value());
  CHECK(data.validation->inputs[0].array.values == x_val.values);
  CHECK(data.validation->targets[0].array.values == y_val.values);
  CHECK(data.validation->sample_weights.empty());

  write_npz(spec.file, {{"x0", x}, {"x1", w}, {"y0", y}, {"y1", w}, {"sample_weight", w}});
  data = load_data(spec);
  CHECK(data.train.inputs.size() == 2);
  CHECK(data.train.inputs[1].array.values == w.values);
  CHECK(data.train.targets.size() == 2);
  CHECK_FALSE(data.validation.has_value());

  write_npz(spec.file, {{"x", x}, {"kind", y}});
  spec.target = "kind";
  CHECK(load_data(spec).train.targets[0].array.values == y.values);

  write_npz(spec.file, {{"x", x}});
  spec.target_use = TargetUse::Optional;
  CHECK(load_data(spec).train.targets.empty());
}

TEST_CASE("NPZ data sets with missing or unexpected names are rejected", "[host][data]") {
  const TemporaryDirectory directory;
  DataSpec spec;
  spec.file = directory / "d.npz";
  struct Case {
    std::vector<NamedArray> arrays;
    const char* sentence;
  };
  const Case cases[] = {
      {{{"X", x}, {"y", y}},
       "KAIROS-D042: d.npz: the archive has no array \"x\"; expected x, y and optionally sample_weight, "
       "x_val, y_val, sample_weight_val. Name it as the input NAME=ARRAY (NAME is input_layer for a "
       "shorthand model); the archive has: X, y."},
      {{{"x", x}}, "KAIROS-D042: d.npz: the archive has no array \"y\""},
      {{{"x", x}, {"y", y}, {"sample_weigth", w}},
       "KAIROS-D043: d.npz: the archive has an array with an unexpected name; found \"sample_weigth\". Did "
       "you mean \"sample_weight\"?"},
      {{{"x", x}, {"y", y}, {"y_val", y_val}}, "KAIROS-D042: d.npz: the archive has no array \"x_val\""},
      {{{"x", x}, {"y", y}, {"x_val", x_val}}, "KAIROS-D042: d.npz: the archive has no array \"y_val\""},
      {{{"x", x}, {"y", y_val}},
       "KAIROS-D010: d.npz: the target has a different number of rows; found 1, expected 3"},
      {{{"x", {{0, 2}, {}}}, {"y", {{0}, {}}}}, "KAIROS-D013: d.npz: there are no samples"},
  };
  for (const Case& c : cases) {
    write_npz(spec.file, c.arrays);
    CHECK_THAT(sentence_for(directory, spec), Catch::Matchers::StartsWith(c.sentence));
  }
}

TEST_CASE("Targets and weights may be in separate files", "[host][data]") {
  const TemporaryDirectory directory;
  write_npy(directory / "x.npy", x);
  write_npy(directory / "y.npy", y);
  write_npy(directory / "w.npy", w);
  static_cast<void>(directory.put("w.csv", "weight\n1\n0.5\n2\n"));
  static_cast<void>(directory.put("x.csv", "1,2\n3,4\n5,6\n"));
  for (const char* data : {"x.npy", "x.csv"})
    for (const char* weight : {"w.npy", "w.csv"}) {
      DataSpec spec;
      spec.file = directory / data;
      spec.target = (directory / "y.npy").string();
      spec.sample_weight = (directory / weight).string();
      const Dataset loaded = load_data(spec).train;
      CHECK(loaded.inputs[0].array.values == x.values);
      CHECK(loaded.targets[0].array.values == y.values);
      CHECK(loaded.sample_weights[0].array.values == w.values);
      CHECK(loaded.sample_weights[0].array.shape == Shape{3});
    }
}

TEST_CASE("Files that are not data sets are rejected with specific messages", "[host][data]") {
  const TemporaryDirectory directory;
  write_npy(directory / "x.npy", x);
  write_npy(directory / "short.npy", y_val);
  write_npy(directory / "nan.npy", {{3}, {0, 1, std::numeric_limits<float>::quiet_NaN()}});
  static_cast<void>(directory.put("two.csv", "1,2\n3,4\n"));
  static_cast<void>(directory.put("d.xlsx", "PK"));
  std::filesystem::create_directory(directory / "folder.csv");
  REQUIRE(::mkfifo((directory / "fifo.csv").c_str(), 0600) == 0);
  struct Case {
    const char *file, *target, *weight, *sentence;
  };
  const Case cases[] = {
      {"d.xlsx", "y", "",
       "KAIROS-D020: d.xlsx: this kind of data file is not supported; found \".xlsx\", expected .csv, .tsv, "
       ".txt, .data, .npy, .npz, IDX or file.h5:/path, or a directory of images. Convert the file, or "
       "correct its name."},
      {"plain", "y", "", "KAIROS-D020: plain: this kind of data file is not supported; found no ending"},
      {"folder.csv", "y", "", "KAIROS-F002: folder.csv: this is not a regular file; found a directory"},
      {"fifo.csv", "y", "", "KAIROS-F002: fifo.csv: this is not a regular file; found a FIFO"},
      {"y.csv", "y", "", "KAIROS-F001: y.csv: cannot open the file; found No such file or directory"},
      {"x.npy", "", "", "KAIROS-D021: x.npy: no target is named; expected a file of targets."},
      {"x.npy", "species", "",
       "KAIROS-D044: x.npy: an .npy file has no columns to take the target from; found \"species\""},
      {"x.npy", "@short.npy", "",
       "KAIROS-D010: short.npy: the target has a different number of rows; found 1, expected 3"},
      {"x.npy", "@nan.npy", "",
       "KAIROS-D011: nan.npy: row 2 (counted from 0): a value is not finite; found NaN"},
      {"x.npy", "@two.csv", "",
       "KAIROS-D041: two.csv: the file has more than one column; found 2, expected 1."},
      {"x.npy", "@absent.npy", "", "KAIROS-F001: absent.npy: cannot open the file"},
      {"x.npy", "@nan.npy", "w",
       "KAIROS-D044: x.npy: an .npy file has no columns to take the sample weight from"},
  };
  for (const Case& c : cases) {
    DataSpec spec;
    spec.file = directory / c.file;
    spec.target = c.target[0] == '@' ? (directory / (c.target + 1)).string() : c.target;
    spec.sample_weight = c.weight;
    CHECK_THAT(sentence_for(directory, spec), Catch::Matchers::StartsWith(c.sentence));
  }
}
