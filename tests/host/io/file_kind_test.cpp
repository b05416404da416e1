// SPDX-License-Identifier: MIT
// Kinds of files by name, in upper and lower case, also through the readers.
#include "io/file_kind.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "host/io/golden_fits.hpp"
#include "host/io/python.hpp"
#include "host/temporary_directory.hpp"
#include "io/model_file.hpp"
#include "io/npy.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/data.hpp"
#include "kairos/host/stream.hpp"

namespace fs = std::filesystem;
using namespace kairos::host;
using kairos::tests::golden;
using kairos::tests::python;
using kairos::tests::TemporaryDirectory;

namespace {

DataSpec spec_of(const fs::path& file, const std::string& target) {
  DataSpec spec;
  spec.file = file;
  spec.target = target;
  return spec;
}

std::int64_t streamed_rows(const DataSpec& spec) {
  const auto source = open_stream(spec);
  const Dataset& layout = source->layout();
  return layout.targets.empty() ? 0 : layout.inputs.front().array.rows();
}

}  // namespace

TEST_CASE("The ending of a name decides the kind, in upper and lower case", "[host][io]") {
  struct Case {
    const char* name;
    FileKind kind;
  };
  const Case cases[] = {{"d.csv", FileKind::Csv},
                        {"a.b/DATA.CSV", FileKind::Csv},
                        {"d.Tsv", FileKind::Tsv},
                        {"d.txt", FileKind::Text},
                        {"d.DATA", FileKind::TextData},
                        {"x.NPY", FileKind::Npy},
                        {"d.npz", FileKind::Npz},
                        {"m.h5", FileKind::Hdf5},
                        {"M.HDF5", FileKind::Hdf5},
                        {"weights.h5", FileKind::Hdf5},
                        {"m.Weights.H5", FileKind::Hdf5Weights},
                        {"d.h5:/x", FileKind::Hdf5Array},
                        {"D.HDF5:/x.csv", FileKind::Hdf5Array},
                        {"Model.KERAS", FileKind::Keras},
                        {"m.Json", FileKind::Json},
                        {"a.PNG", FileKind::Image},
                        {"a.jpg", FileKind::Image},
                        {"a.Jpeg", FileKind::Image},
                        {"d.csv.gz", FileKind::Gzip},
                        {"a.csv/plain", FileKind::Unknown},
                        {"m.onnx", FileKind::Unknown},
                        {"label", FileKind::Unknown},
                        {"", FileKind::Unknown}};
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(kind_of(c.name) == c.kind);
  }
}

TEST_CASE("IDX files are recognised by their names", "[host][io]") {
  for (const char* name :
       {"train-images-idx3-ubyte", "t10k-labels-idx1-ubyte.gz", "TRAIN-IMAGES-IDX3-UBYTE.GZ",
        "d/train-images.idx3-ubyte", "x-idx2-float", "images.idx", "images.idx.gz"}) {
    INFO(name);
    CHECK(kind_of(name) == FileKind::Idx);
  }
  for (const char* name : {"label", "idx", "idx1-ubyte", "an-idx", "x-idx3", "x-idxa-ubyte", "x.csv", "x.gz",
                           "a-idx3-ubyte/data.csv", "x-idx3-ubyte.npy", ""}) {
    INFO(name);
    CHECK(kind_of(name) != FileKind::Idx);
  }
}

TEST_CASE("The path of an array in an HDF5 file follows the name of the file", "[host][io]") {
  struct Case {
    const char *text, *file, *dataset;
  };
  for (const Case& c :
       {Case{"d.h5:/x", "d.h5", "/x"}, Case{"a/d.hdf5:/g/x", "a/d.hdf5", "/g/x"}, Case{"d.h5:x", "d.h5", "x"},
        Case{"D.H5:/X", "D.H5", "/X"}, Case{"d.h5", "d.h5", ""}, Case{"d.h5:", "d.h5", ""}}) {
    const auto location = hdf5_location(c.text);
    REQUIRE(location.has_value());
    CHECK(location->file == c.file);
    CHECK(location->dataset == c.dataset);
  }
  for (const char* text : {"d.csv", "h5", "label", "a.h5.npy", "d.hdf:/x", ""})
    CHECK_FALSE(hdf5_location(text).has_value());
}

TEST_CASE("Messages list the endings of the kinds that they expect", "[host][io]") {
  CHECK(endings({FileKind::Json}) == ".json");
  CHECK(endings({FileKind::Image}) == ".png, .jpg or .jpeg");
  CHECK(endings({FileKind::Npy, FileKind::Csv, FileKind::Idx, FileKind::Hdf5Array}) ==
        ".npy, .csv, IDX or file.h5:/path");
  CHECK(shown_ending("d.XLSX") == "\".XLSX\"");
  CHECK(shown_ending("a.b/plain") == "no ending");
}

TEST_CASE("Data files with upper case endings are loaded and streamed", "[host][io]") {
  const TemporaryDirectory directory;
  REQUIRE(python(directory, R"(
import gzip, struct
import h5py, numpy as np
x, y = np.arange(12, dtype='f4').reshape(4, 3), np.arange(4, dtype='f4')
np.savetxt('DATA.CSV', np.c_[x, y], delimiter=',')
np.savetxt('DATA.TSV', np.c_[x, y], delimiter='\t')
np.save(open('X.NPY', 'wb'), x)
np.save(open('Y.NPY', 'wb'), y)
with open('D.NPZ', 'wb') as f: np.savez(f, x=x, y=y)
with h5py.File('D.H5', 'w') as f: f['x'], f['y'] = x, y
with open('X-IDX2-UBYTE', 'wb') as f: f.write(struct.pack('>HBBII', 0, 8, 2, 4, 3) + x.astype('u1').tobytes())
)")
              .empty());
  const auto name = [&](const char* file) { return (directory / file).string(); };
  for (const auto& [file, target] : {std::pair{"DATA.CSV", std::string("-1")},
                                     {"DATA.TSV", "-1"},
                                     {"X.NPY", name("Y.NPY")},
                                     {"D.NPZ", ""},
                                     {"D.H5:/x", name("D.H5:/y")},
                                     {"X-IDX2-UBYTE", name("Y.NPY")}}) {
    INFO(file);
    const DataSpec spec = spec_of(directory / file, target);
    const Dataset data = load_data(spec).train;
    REQUIRE(data.inputs.front().array.shape == std::vector<std::int64_t>{4, 3});
    CHECK(data.inputs.front().array.values.back() == 11);
    REQUIRE(data.targets.size() == 1);
    CHECK(data.targets.front().array.values == std::vector<float>{0, 1, 2, 3});
    if (kind_of(spec.file) != FileKind::Npz) CHECK(streamed_rows(spec) == 4);
  }
}

TEST_CASE("Model files with upper case endings are written, read and compiled", "[host][io]") {
  const TemporaryDirectory directory;
  const fs::path files = golden / kairos::tests::fits[0] / "files";
  const auto model = compile({"", read_model_file(files / "model.keras").architecture_json, {}}, {});
  model->load_weights(files / "model.keras");
  for (const char* name : {"Model.KERAS", "MODEL.H5", "M.HDF5"}) {
    INFO(name);
    model->save(directory / name, SaveContent::Model);
    CHECK_FALSE(read_model_file(directory / name).architecture_json.empty());
    ModelSource source;
    source.file = directory / name;
    const auto again = compile(source, {});
    CHECK(again->tensors(Role::Weight).front().data[0] == model->tensors(Role::Weight).front().data[0]);
  }
  for (const char* name : {"M.WEIGHTS.H5", "W.NPZ"}) {
    INFO(name);
    model->save(directory / name, SaveContent::Weights);
    CHECK_NOTHROW(model->load_weights(directory / name));
  }
  CHECK(read_model_file(directory / "M.WEIGHTS.H5").layout == WeightsLayout::Keyed);
}
