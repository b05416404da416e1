// SPDX-License-Identifier: MIT
// ModelSummary: the table of models with and without an architecture.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/loaded_callback.hpp"

using kairos::Role;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::content_of;
using kairos::tests::loaded;
using kairos::tests::TemporaryDirectory;

namespace {

constexpr const char* nested = R"({"class_name":"Functional","config":{"layers":[
  {"class_name":"InputLayer","config":{"name":"input"}},
  {"class_name":"Sequential","config":{"name":"block","layers":[
    {"class_name":"Dense","config":{"name":"dense"}},
    {"class_name":"BatchNormalization","config":{"name":"norm"}}]}},
  {"class_name":"Bidirectional","config":{"name":"bi"}},
  {"class_name":"Dense","config":{"name":"dense"}}]}})";

std::vector<std::string> lines_of(const char* architecture, const Settings& settings = {}) {
  Fit fit(loaded("model_summary", "kairos.ModelSummary"), settings);
  fit.host().architecture = architecture;
  const auto weight = [&](const char* name, std::vector<std::int64_t> shape, bool trainable) {
    std::size_t n = 1;
    for (const std::int64_t size : shape) n *= static_cast<std::size_t>(size);
    fit.host().tensors[Role::Weight].push_back({name, std::move(shape), std::vector<float>(n), trainable});
  };
  weight("block/dense/kernel", {12, 200}, true);
  weight("block/dense/bias", {200}, true);
  weight("block/norm/moving_mean", {200}, false);
  weight("bi/forward_lstm/lstm_cell/kernel", {4, 8}, true);
  weight("dense/kernel", {4, 3}, true);
  fit.begin();
  std::vector<std::string> lines;
  for (const auto& line : fit.host().lines) lines.push_back(line.text);
  return lines;
}

}  // namespace

TEST_CASE("ModelSummary prints layers, types, shapes and parameters", "[plugins]") {
  CHECK(lines_of(nested) ==
        std::vector<std::string>{"layer  type           weights                  parameters",
                                 "input  InputLayer                                       0",
                                 "block  Sequential     (12, 200) (200,) (200,)       2,800",
                                 "bi     Bidirectional  (4, 8)                           32",
                                 "dense  Dense          (4, 3)                           12",
                                 "trained: 2,644, not trained: 200, all: 2,844 parameters, 12 KiB"});
}

TEST_CASE("ModelSummary opens models inside the model", "[plugins]") {
  for (const int depth : {-1, 2}) {
    const std::vector<std::string> lines = lines_of(nested, {{"max_depth", depth}});
    REQUIRE(lines.size() == 7);
    CHECK(lines[2] == "block/dense  Dense               (12, 200) (200,)       2,600");
    CHECK(lines[3] == "block/norm   BatchNormalization  (200,)                   200");
  }
}

TEST_CASE("ModelSummary shows the layers with weights of a model without an architecture", "[plugins]") {
  for (const char* architecture : {"", "{}", "no JSON", R"({"config":{"layers":[1,{"class_name":2}]}})"}) {
    const std::vector<std::string> lines = lines_of(architecture);
    REQUIRE(lines.size() == 1 + 4 + 1);
    CHECK(lines[1] == "block/dense        (12, 200) (200,)       2,600");
    CHECK(lines[4] == "dense              (4, 3)                    12");
  }
}

TEST_CASE("ModelSummary writes a file in place of printing", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "new/model.txt").string();
  CHECK(lines_of(nested, {{"filename", file}}).empty());
  CHECK(content_of(file).find("layer  type") == 0);
}
