// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <string>
#include <vector>

#include "host/file_size_limit.hpp"
#include "host/temporary_directory.hpp"
#include "kairos/host/data.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::Role;
using kairos::testing::Fit;
using kairos::testing::Host;
using kairos::testing::Instance;
using kairos::testing::Settings;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& prediction_writer() {
  return loaded("prediction_writer", "kairos.PredictionWriter");
}

/// Outputs of a batch whose first sample has this row.
void put_outputs(Host& host, std::int64_t row, const std::vector<std::int64_t>& shape,
                 const std::vector<float>& values) {
  host.batch_rows.clear();
  for (std::int64_t i = 0; i < shape[0]; ++i) host.batch_rows.push_back(row + i);
  host.tensors[Role::Output] = {{"out", shape, values}};
}

/// A pass in this mode, of which the batches are tested by `add`.
struct WriterPass {
  WriterPass(const Settings& settings, std::int32_t mode)
      : instance(host, prediction_writer(), settings), predicts(mode == KAIROS_MODE_PREDICT) {
    run.mode = mode;
    CHECK(instance.create().status == KAIROS_OK);
    CHECK(instance.setup(run).status == KAIROS_OK);
    CHECK((predicts ? instance.on_predict_begin(run) : instance.on_test_begin()).status == KAIROS_OK);
  }
  kairos::testing::Outcome add() {
    kairos_batch_event batch{};
    batch.epoch = -1;
    return predicts ? instance.on_predict_batch_end(batch) : instance.on_test_batch_end(batch);
  }
  void end() { CHECK((predicts ? instance.on_predict_end() : instance.on_test_end()).status == KAIROS_OK); }

  Host host;
  Instance instance;
  kairos_run_event run{};
  bool predicts;
};

}  // namespace

TEST_CASE("PredictionWriter writes what NumPy reads", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "new/p.npy").string();
  WriterPass pass({{"filename", file}}, KAIROS_MODE_PREDICT);
  put_outputs(pass.host, 0, {2, 3}, {1, 2, 3, 4, 5, NAN});
  CHECK(pass.add().status == KAIROS_OK);
  CHECK_FALSE(std::filesystem::exists(file));
  put_outputs(pass.host, 2, {1, 3}, {7, 8, 9});
  CHECK(pass.add().status == KAIROS_OK);
  pass.end();
  const std::string bytes = content_of(file);
  REQUIRE(bytes.size() == 256 + 9 * sizeof(float));
  CHECK(bytes.substr(0, 10) == std::string("\x93NUMPY\x01\x00\xf6\x00", 10));
  CHECK_THAT(bytes.substr(10, 246),
             Catch::Matchers::StartsWith("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 3,), } ") &&
                 Catch::Matchers::EndsWith(" \n"));
  std::vector<float> values(9);
  std::memcpy(values.data(), bytes.data() + 256, 9 * sizeof(float));
  CHECK(values[4] == 5);
  CHECK(std::isnan(values[5]));
  CHECK(values[8] == 9);
}

TEST_CASE("PredictionWriter writes tables", "[plugins]") {
  struct Case {
    std::vector<std::int64_t> shape, target_shape;
    bool with_targets;
    std::string expected;
    const char* why;
  };
  const Case table[] = {
      {{2, 1}, {2}, false, "row,output\n5,0.1\n6,1\n", "one number"},
      {{2}, {2}, true, "row,output,target\n5,0.1,0\n6,1,1\n", "with the target"},
      {{2, 2},
       {2, 2},
       true,
       "row,output_0,output_1,target_0,target_1\n5,0.1,1,0,1\n6,2,nan,2,3\n",
       "several"},
      {{1, 2, 2}, {1}, false, "row,output_0,output_1,output_2,output_3\n5,0.1,1,2,nan\n", "several axes"},
  };
  for (const Case& row : table) {
    CAPTURE(row.why);
    const TemporaryDirectory dir;
    WriterPass pass({{"filename", (dir / "p.csv").string()}, {"targets", row.with_targets}},
                    KAIROS_MODE_EVALUATE);
    std::int64_t size = 1, target_size = 1;
    for (const std::int64_t axis : row.shape) size *= axis;
    for (const std::int64_t axis : row.target_shape) target_size *= axis;
    std::vector<float> values{0.1F, 1, 2, NAN}, targets{0, 1, 2, 3};
    values.resize(static_cast<std::size_t>(size));
    targets.resize(static_cast<std::size_t>(target_size));
    put_outputs(pass.host, 5, row.shape, values);
    pass.host.tensors[Role::Target] = {{"y", row.target_shape, targets}};
    CHECK(pass.add().status == KAIROS_OK);
    pass.end();
    CHECK(content_of(dir / "p.csv") == row.expected);
  }
}

TEST_CASE("PredictionWriter replaces its file after each validation, and keeps it when one fails",
          "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "p.csv").string();
  {
    Fit fit(prediction_writer(), {{"filename", file}});
    fit.run_event().validation_samples = 1;
    put_outputs(fit.host(), 0, {1}, {1});
    fit.epoch({{"val_loss", 1}});
    CHECK(content_of(file) == "row,output\n0,1\n");
    fit.epoch();  // without a validation
    put_outputs(fit.host(), 0, {1}, {2});
    fit.epoch({{"val_loss", 1}});
    CHECK(content_of(file) == "row,output\n0,2\n");
  }
  WriterPass cut({{"filename", file}}, KAIROS_MODE_EVALUATE);
  put_outputs(cut.host, 0, {1}, {3});
  CHECK(cut.add().status == KAIROS_OK);
  cut.instance.destroy();
  CHECK(content_of(file) == "row,output\n0,2\n");
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("PredictionWriter leaves out the targets that a prediction does not have", "[plugins]") {
  const TemporaryDirectory dir;
  WriterPass pass({{"filename", (dir / "p.csv").string()}, {"targets", true}}, KAIROS_MODE_PREDICT);
  put_outputs(pass.host, 0, {1}, {1});
  CHECK(pass.add().status == KAIROS_OK);
  pass.end();
  CHECK(content_of(dir / "p.csv") == "row,output\n0,1\n");
}

TEST_CASE("PredictionWriter says what does not fit", "[plugins]") {
  const TemporaryDirectory dir;
  struct Case {
    std::string name;
    bool targets;
    std::int32_t mode;
    std::string expected;
  };
  const Case table[] = {
      {"p.txt", false, KAIROS_MODE_PREDICT,
       "expected a name that ends in .npy, .csv, .h5 or .hdf5. Change its ending"},
      {"p.npy", true, KAIROS_MODE_EVALUATE, "targets=true needs a file of several arrays; found the file"},
      {"p.csv", false, KAIROS_MODE_FIT, "this run does not validate, so nothing would be written"},
  };
  for (const Case& row : table) {
    Fit fit(prediction_writer(), {{"filename", (dir / row.name).string()}, {"targets", row.targets}});
    fit.run_event().mode = row.mode;
    CHECK_THROWS_WITH(fit.setup(), Contains(row.expected));
  }
  WriterPass many({{"filename", (dir / "p.npy").string()}, {"output", 1}}, KAIROS_MODE_PREDICT);
  put_outputs(many.host, 0, {1}, {1});
  CHECK(many.add().reason == "output is 1, but the model has 1 output, counted from 0. Correct it");
  WriterPass shapes({{"filename", (dir / "p.npy").string()}}, KAIROS_MODE_PREDICT);
  put_outputs(shapes.host, 0, {1, 2}, {1, 2});
  CHECK(shapes.add().status == KAIROS_OK);
  put_outputs(shapes.host, 1, {1, 3}, {1, 2, 3});
  CHECK(shapes.add().reason ==
        "an output of batch 1 has the shape (3), and those before another one. Pad the data to one length");
  WriterPass no_target({{"filename", (dir / "p.csv").string()}, {"targets", true}}, KAIROS_MODE_EVALUATE);
  put_outputs(no_target.host, 0, {1}, {1});
  CHECK(no_target.add().reason == "targets=true, but output 0 has no target. Leave the option out");
  static_cast<void>(dir.put("file", ""));
  WriterPass below({{"filename", (dir / "new/p.csv").string()}}, KAIROS_MODE_PREDICT);
  std::filesystem::rename(dir / "file", dir / "new");
  put_outputs(below.host, 0, {1}, {1});
  CHECK_THAT(below.add().reason, Contains("cannot write") && Contains("Free the path or choose another"));
}

TEST_CASE("PredictionWriter writes each output as an array of an HDF5 file", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "new/p.h5").string();
  const auto values_of = [&file](const std::string& array) {
    kairos::host::DataSpec spec;
    spec.file = file + ":/" + array;
    spec.target_use = kairos::host::TargetUse::Optional;
    return kairos::host::load_data(spec).train.inputs.at(0).array;
  };
  WriterPass pass({{"filename", file}, {"targets", true}}, KAIROS_MODE_EVALUATE);
  const auto put = [&pass](std::int64_t row, std::int64_t rows, float first) {
    std::vector<float> wide, single, labels;
    for (std::int64_t i = 0; i < rows; ++i) {
      const float value = first + static_cast<float>(i);
      wide.insert(wide.end(), {value, value + 0.5F, -value, 1e30F});
      single.push_back(-value);
      labels.push_back(value + 100);
    }
    put_outputs(pass.host, row, {rows, 2, 2}, wide);
    pass.host.tensors[Role::Output].push_back({"head/b", {rows, 1}, single});
    pass.host.tensors[Role::Output].push_back({"out", {rows}, single});
    pass.host.tensors[Role::Target] = {
        {"y", {rows, 1}, labels}, {"z", {rows}, single}, {"w", {rows}, single}};
  };
  put(5, 3, 1);
  CHECK(pass.add().status == KAIROS_OK);
  CHECK_FALSE(std::filesystem::exists(file));
  put(8, 2, 4);
  CHECK(pass.add().status == KAIROS_OK);
  pass.end();
  CHECK(std::distance(std::filesystem::directory_iterator(dir / "new"), {}) == 1);
  const kairos::host::Array out = values_of("outputs/out");
  CHECK(out.shape == std::vector<std::int64_t>{5, 2, 2});
  CHECK(out.values[16] == 5);
  CHECK(out.values[17] == 5.5F);
  CHECK(out.values[18] == -5);
  CHECK(out.values[19] == 1e30F);
  CHECK(values_of("outputs/head_b").values == std::vector<float>{-1, -2, -3, -4, -5});
  CHECK(values_of("outputs/out_2").shape == std::vector<std::int64_t>{5});
  CHECK(values_of("targets/out").values == std::vector<float>{101, 102, 103, 104, 105});
  CHECK(values_of("row").values == std::vector<float>{5, 6, 7, 8, 9});
}

TEST_CASE("PredictionWriter keeps the HDF5 file of an earlier pass when one fails", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "p.hdf5").string();
  static_cast<void>(dir.put("p.hdf5", "earlier"));
  {
    WriterPass cut({{"filename", file}}, KAIROS_MODE_EVALUATE);
    put_outputs(cut.host, 0, {1, 2}, {1, 2});
    CHECK(cut.add().status == KAIROS_OK);
    put_outputs(cut.host, 1, {1, 3}, {1, 2, 3});
    CHECK(cut.add().reason ==
          "an output of batch 1 has the shape (3), and those before another one. Pad the data to one length");
  }
  {
    WriterPass gone({{"filename", file}}, KAIROS_MODE_EVALUATE);
    put_outputs(gone.host, 0, {1}, {1});
    CHECK(gone.add().status == KAIROS_OK);
    gone.instance.destroy();
  }
  CHECK(content_of(file) == "earlier");
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
  WriterPass full({{"filename", file}}, KAIROS_MODE_EVALUATE);
  put_outputs(full.host, 0, {100, 100}, std::vector<float>(10000, 1));
  {
    const kairos::tests::FileSizeLimit limit(4096);
    kairos::testing::Outcome outcome = full.add();
    if (outcome.status == KAIROS_OK)
      outcome = full.instance.on_test_end();  // the library holds back what it writes
    CHECK(outcome.status == KAIROS_E_IO);
    CHECK_THAT(outcome.reason, Contains("cannot write " + file + ": File too large. Free the path"));
  }
  CHECK(content_of(file) == "earlier");
  CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("PredictionWriter writes one output to HDF5 if it is asked for it", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "p.h5").string();
  WriterPass pass({{"filename", file}, {"output", 0}}, KAIROS_MODE_PREDICT);
  put_outputs(pass.host, 0, {1, 1}, {7});
  pass.host.tensors[Role::Output].push_back({"other", {1, 1}, {8}});
  CHECK(pass.add().status == KAIROS_OK);
  pass.end();
  kairos::host::DataSpec spec;
  spec.file = file + ":/outputs/out";
  spec.target_use = kairos::host::TargetUse::Optional;
  CHECK(kairos::host::load_data(spec).train.inputs.at(0).array.values == std::vector<float>{7});
  CHECK(content_of(file).find("other") == std::string::npos);
}
