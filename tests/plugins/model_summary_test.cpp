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

constexpr const char* nested = R"({"class_name":"Sequential","config":{"name":"net","layers":[
  {"class_name":"InputLayer","config":{"name":"input","batch_shape":[null,12]}},
  {"class_name":"Sequential","config":{"name":"block","layers":[
    {"class_name":"Dense","config":{"name":"dense"},"build_config":{"input_shape":[null,12]}},
    {"class_name":"BatchNormalization","config":{"name":"norm"},"build_config":{"input_shape":[null,200]}}]}},
  {"class_name":"Bidirectional","config":{"name":"bi"},"build_config":{"input_shape":[null,200]}},
  {"class_name":"Dense","config":{"name":"dense"},"build_config":{"input_shape":[null,4,8]}}]}})";

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
        std::vector<std::string>{"layer  type           output        weights                  parameters",
                                 "input  InputLayer     (None, 12)                                      0",
                                 "block  Sequential     (None, 200)   (12, 200) (200,) (200,)       2,800",
                                 "bi     Bidirectional  (None, 4, 8)  (4, 8)                           32",
                                 "dense  Dense                        (4, 3)                           12",
                                 "trained: 2,644, not trained: 200, all: 2,844 parameters, 12 KiB"});
}

TEST_CASE("ModelSummary opens models inside the model", "[plugins]") {
  for (const int depth : {-1, 2}) {
    const std::vector<std::string> lines = lines_of(nested, {{"max_depth", depth}});
    REQUIRE(lines.size() == 7);
    CHECK(lines[2] == "block/dense  Dense               (None, 200)   (12, 200) (200,)       2,600");
    CHECK(lines[3] == "block/norm   BatchNormalization  (None, 200)   (200,)                   200");
  }
  CHECK(lines_of(nested, {{"max_depth", 0}}) == lines_of(nested));
}

TEST_CASE("ModelSummary shows each layer of a Functional model once, with its output", "[plugins]") {
  const std::vector<std::string> lines =
      lines_of(R"({"class_name":"Functional","config":{"name":"net","layers":[
    {"class_name":"InputLayer","name":"x","config":{"name":"x","batch_shape":[null,7]},"inbound_nodes":[]},
    {"class_name":"LSTM","name":"dense","config":{"name":"dense"},"inbound_nodes":[
      {"args":[{"class_name":"__keras_tensor__","config":{"shape":[null,7],"keras_history":["x",0,0]}}]},
      {"args":[{"class_name":"__keras_tensor__","config":{"shape":[null,7],"keras_history":["x",0,0]}}]}]},
    {"class_name":"Add","name":"sum","config":{"name":"sum"},"inbound_nodes":[{"args":[[
      {"class_name":"__keras_tensor__","config":{"shape":[null,3],"keras_history":["dense",0,0]}},
      {"class_name":"__keras_tensor__","config":{"shape":[null,3],"keras_history":["dense",1,0]}}]]}]}],
    "input_layers":[["x",0,0]],"output_layers":[["sum",0,0]]}})");
  REQUIRE(lines.size() == 1 + 3 + 3 + 1);  // "block/…" and "bi" have no layer
  CHECK(lines[1].rfind("x            InputLayer  (None, 7)", 0) == 0);
  CHECK(lines[2].rfind("dense        LSTM        (None, 3)", 0) == 0);
  CHECK(lines[3].rfind("sum          Add                  ", 0) == 0);
}

TEST_CASE("ModelSummary knows the output of a last layer that is Dense or keeps the shape", "[plugins]") {
  struct Case {
    std::string layer, output;
  };
  const Case table[] = {{R"("Dense","config":{"name":"a","units":3})", "(None, 5, 3)"},
                        {R"("Softmax","config":{"name":"a"})", "(None, 5, 4)"},
                        {R"("Flatten","config":{"name":"a"})", "        "},
                        {R"("Dense","config":{"name":"a"})", "        "}};
  for (const Case& row : table) {
    CAPTURE(row.layer);
    const std::vector<std::string> lines =
        lines_of((R"({"class_name":"Sequential","config":{"name":"net","layers":[{"class_name":)" +
                  row.layer + R"(,"build_config":{"input_shape":[null,5,4]}}]}})")
                     .c_str());
    CHECK(lines.at(1).find(row.output) != std::string::npos);
    CHECK((lines.at(1).find("None") == std::string::npos) == (row.output.front() == ' '));
  }
}

TEST_CASE("ModelSummary shows the layers with weights of a model without an architecture", "[plugins]") {
  for (const char* architecture : {"", "{}", "no JSON", R"({"config":{"layers":[1,{"class_name":2}]}})"}) {
    const std::vector<std::string> lines = lines_of(architecture);
    REQUIRE(lines.size() == 1 + 4 + 1);
    CHECK(lines[1] == "block/dense                (12, 200) (200,)       2,600");
    CHECK(lines[4] == "dense                      (4, 3)                    12");
  }
}

TEST_CASE("ModelSummary writes a file in place of printing", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string file = (dir / "new/model.txt").string();
  CHECK(lines_of(nested, {{"filename", file}}).empty());
  CHECK(content_of(file).find("layer  type") == 0);
}
