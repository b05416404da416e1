// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::Role;
using kairos::testing::Fit;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& hardest() {
  return loaded("hardest_samples", "kairos.HardestSamples");
}

void put_losses(Fit& fit, const std::vector<std::int64_t>& rows, const std::vector<float>& losses) {
  fit.host().batch_rows = rows;
  fit.host().tensors[Role::SampleLoss] = {{"y", {static_cast<std::int64_t>(losses.size())}, losses}};
}

void train(Fit& fit, const std::vector<std::int64_t>& rows, const std::vector<float>& losses) {
  put_losses(fit, rows, losses);
  fit.batch();
}

}  // namespace

TEST_CASE("HardestSamples writes the samples with the largest losses of each epoch", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "new" / "hard.csv").string();
  Fit fit(hardest(), {{"filename", file}, {"count", 3}});
  train(fit, {7, 2, 9}, {0.5F, 3, 0.25F});
  train(fit, {4, 1}, {0.5F, 1});
  fit.end_epoch();
  CHECK(content_of(file) == "epoch,rank,row,loss\n0,1,2,3\n0,2,1,1\n0,3,4,0.5\n");  // row 4 before 7
  train(fit, {3, 4}, {0.125F, 0.25F});
  fit.end_epoch();
  CHECK(content_of(file) == "epoch,rank,row,loss\n1,1,4,0.25\n1,2,3,0.125\n");
  CHECK(std::distance(std::filesystem::directory_iterator(dir / "new"), {}) == 1);  // no temporary file
}

TEST_CASE("HardestSamples adds the losses of several targets, and NaN is the hardest", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(hardest(), {{"filename", (dir / "h.csv").string()}, {"count", 3}});
  fit.host().batch_rows = {0, 1, 2, 3};
  fit.host().tensors[Role::SampleLoss] = {{"y", {4}, {1, 2, NAN, INFINITY}}, {"z", {4}, {4, 1, 0, 0}}};
  fit.batch();
  fit.end_epoch();
  CHECK(content_of(dir / "h.csv") == "epoch,rank,row,loss\n0,1,2,nan\n0,2,3,inf\n0,3,0,5\n");
}

TEST_CASE("HardestSamples of a validation are those of the last one", "[plugins]") {
  const TemporaryDirectory dir;
  Fit fit(hardest(), {{"filename", (dir / "h.csv").string()}, {"source", "validation"}});
  fit.run_event().validation_samples = 2;
  train(fit, {8}, {9});
  put_losses(fit, {5, 6}, {1, 2});
  fit.test();
  fit.end_epoch();
  const std::string first = "epoch,rank,row,loss\n0,1,6,2\n0,2,5,1\n";
  CHECK(content_of(dir / "h.csv") == first);
  train(fit, {8}, {9});
  fit.end_epoch();  // without a validation
  CHECK(content_of(dir / "h.csv") == first);
  train(fit, {8}, {9});
  put_losses(fit, {5, 6}, {4, 3});
  fit.test();
  fit.end_epoch();
  CHECK(content_of(dir / "h.csv") == "epoch,rank,row,loss\n2,1,5,4\n2,2,6,3\n");
}

TEST_CASE("HardestSamples of an evaluation are written at its end", "[plugins]") {
  const TemporaryDirectory dir;
  kairos::testing::Host host;
  kairos::testing::Instance instance(host, hardest(), {{"filename", (dir / "h.csv").string()}});
  host.batch_rows = {3, 4};
  host.tensors[Role::SampleLoss] = {{"y", {2}, {1, 2}}};
  CHECK(instance.create().status == KAIROS_OK);
  kairos_run_event run{};
  run.mode = KAIROS_MODE_EVALUATE;
  CHECK(instance.setup(run).status == KAIROS_OK);
  kairos_batch_event batch{};
  batch.epoch = -1;
  CHECK(instance.on_test_begin().status == KAIROS_OK);
  CHECK(instance.on_test_batch_end(batch).status == KAIROS_OK);
  CHECK(instance.on_test_end().status == KAIROS_OK);
  CHECK(content_of(dir / "h.csv") == "epoch,rank,row,loss\nNA,1,4,2\nNA,2,3,1\n");
}

TEST_CASE("HardestSamples goes on in the middle of an epoch", "[plugins]") {
  const TemporaryDirectory dir;
  const kairos::testing::Settings settings{{"filename", (dir / "h.csv").string()}, {"count", 2}};
  Fit first(hardest(), settings);
  train(first, {1, 2, 3}, {5, 1, 3});
  Fit second(hardest(), settings);
  second.restore(first.state());
  second.begin();
  // A host does not call on_epoch_begin again.
  put_losses(second, {4}, {4});
  kairos_batch_event batch{};
  CHECK(second.instance().on_train_batch_end(batch).status == KAIROS_OK);
  CHECK(second.instance().on_epoch_end().status == KAIROS_OK);
  CHECK(content_of(dir / "h.csv") == "epoch,rank,row,loss\n0,1,1,5\n0,2,4,4\n");
}

TEST_CASE("HardestSamples says what is missing", "[plugins]") {
  const TemporaryDirectory dir;
  Fit no_validation(hardest(), {{"filename", (dir / "h.csv").string()}, {"source", "validation"}});
  CHECK_THROWS_WITH(no_validation.setup(), Contains("source=validation, but this run does not validate"));
  Fit no_losses(hardest(), {{"filename", (dir / "h.csv").string()}});
  no_losses.host().batch_rows = {1};
  CHECK_THROWS_WITH(no_losses.batch(), Contains("this model does not tell the losses of samples"));
  Fit no_rows(hardest(), {{"filename", (dir / "h.csv").string()}});
  CHECK_THROWS_WITH(no_rows.batch(), Contains("the test gives no rows"));
  Fit directory(hardest(), {{"filename", dir.path().string()}});
  CHECK_THROWS_WITH(directory.setup(), Contains("is a directory. Name a file in it"));
  std::ofstream(dir / "file") << "x";
  Fit below_file(hardest(), {{"filename", (dir / "file" / "h.csv").string()}});
  CHECK_THROWS_WITH(below_file.setup(), Contains("is not a writable directory. Choose another path"));
  Fit pipe(hardest(), {{"filename", "/dev/null"}});
  CHECK_THROWS_WITH(pipe.setup(), Contains("is not a regular file"));
  Fit distributed(hardest(), {{"filename", (dir / "h.csv").string()}});
  distributed.run_event().world = 2;
  CHECK_THROWS_WITH(distributed.setup(), Contains("needs all samples in one process, and the run has 2"));
}
