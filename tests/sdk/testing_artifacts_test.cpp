// SPDX-License-Identifier: MIT
// Artifacts and facts of the run in Kairos::testing, and the C++ functions for them.
#include <kairos/testing.hpp>

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace {

using kairos::testing::ArtifactData;
using kairos::testing::callback;
using kairos::testing::Failure;
using kairos::testing::Fit;

struct Painter : kairos::Callback<Painter> {
  static constexpr auto id = "test.Painter";
  static constexpr auto phase = kairos::Phase::Report;

  void on_epoch_end(kairos::Epoch& epoch) {
    if (!epoch.artifacts_wanted()) return epoch.print("nobody asks");
    epoch.publish_text("note", "# well", "text/markdown");
    epoch.publish_image("dot", {1, 2, 3}, 1, 1, 3);
    epoch.publish_histogram("values", {0, 1, 2}, {3, 4});
    epoch.publish_table("table", {1, 2}, 1, 2, {"row"}, {"a\nb", "c"});
    epoch.publish_file("file", "/tmp/a.csv", "text/csv");
    for (const auto& [name, value] : epoch.info(kairos::Info::Settings)) epoch.print(name + "=" + value);
  }
  void on_train_begin(kairos::Run& run) {
    try {
      run.publish_image("dot", {1, 2, 3}, 2, 2, 3);
    } catch (const kairos::Error& error) {
      run.print(error.what());
    }
  }
  void on_artifact(kairos::Artifact& artifact) {
    std::string line(artifact.name());
    line += " " + std::to_string(artifact.epoch()) + " " + std::string(artifact.publisher());
    for (const std::string& name : artifact.column_names()) line += " [" + name + "]";
    if (artifact.numbers() != nullptr)
      line += " " + std::to_string(artifact.shape(0) * artifact.shape(1)) + " numbers";
    if (artifact.pixels() != nullptr) line += " pixel " + std::to_string(artifact.pixels()[0]);
    artifact.print(line);
  }
};

std::vector<std::string> lines(Fit& fit) {
  std::vector<std::string> all;
  for (const auto& line : fit.host().lines) all.push_back(line.text);
  return all;
}

}  // namespace

TEST_CASE("The test kit keeps what a callback publishes", "[sdk]") {
  Fit fit(callback<Painter>());
  fit.host().info[kairos::Info::Settings] = {{"epochs", "3"}};
  fit.epoch();
  const std::vector<ArtifactData>& all = fit.host().artifacts;
  REQUIRE(all.size() == 5);
  CHECK(all[0].text == "# well");
  CHECK(all[0].media_type == "text/markdown");
  CHECK(all[1].pixels == std::vector<std::uint8_t>{1, 2, 3});
  CHECK(all[1].shape == std::vector<std::int64_t>{1, 1, 3});
  CHECK(all[2].numbers == std::vector<double>{0, 1, 2, 3, 4, 0});
  CHECK(all[2].shape == std::vector<std::int64_t>{2, 3});
  CHECK(all[3].row_names == "row");
  CHECK(all[3].column_names == "a b\nc");
  CHECK(all[4].kind == KAIROS_ARTIFACT_FILE);
  CHECK(all[4].text == "/tmp/a.csv");
  CHECK(lines(fit) ==
        std::vector<std::string>{"3 values do not fill the shape [2, 2, 3] of an artifact", "epochs=3"});
}

TEST_CASE("The test kit lets nobody take artifacts, or a host without the interface", "[sdk]") {
  Fit fit(callback<Painter>());
  SECTION("nobody") {
    fit.host().artifacts_wanted = false;
  }
  SECTION("no interface") {
    fit.host().withheld = {KAIROS_ARTIFACTS, KAIROS_INFO};
  }
  fit.epoch();
  CHECK(fit.host().artifacts.empty());
  CHECK(lines(fit).back() == "nobody asks");
}

TEST_CASE("The test kit gives a callback what another one has published", "[sdk]") {
  Fit fit(callback<Painter>());
  ArtifactData table;
  table.kind = KAIROS_ARTIFACT_TABLE;
  table.name = "matrix";
  table.column_names = "x\n";
  table.shape = {1, 2};
  table.numbers = {1, 2};
  fit.begin_epoch();
  fit.artifact(table, "ConfusionMatrix");
  CHECK(lines(fit).back() == "matrix 0 ConfusionMatrix [x] [] 2 numbers");
  ArtifactData image;
  image.kind = KAIROS_ARTIFACT_IMAGE;
  image.name = "dot";
  image.shape = {1, 1, 1};
  image.pixels = {9};
  fit.artifact(image);
  CHECK(lines(fit).back() == "dot 0 another pixel 9");
}

TEST_CASE("The test kit injects failures of publishing", "[sdk]") {
  Fit fit(callback<Painter>());
  fit.host().fail("artifacts.publish", KAIROS_E_BUSY, "too much");
  try {
    fit.epoch();
    FAIL("no failure");
  } catch (const Failure& failure) {
    CHECK_THAT(failure.reason(), Catch::Contains("too much"));
  }
}
