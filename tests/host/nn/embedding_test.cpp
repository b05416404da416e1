// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::error_of;
using kairos::tests::graph_of;

namespace {

struct Result {
  std::vector<float> output;
  std::vector<float> mask;  ///< empty if there is none
};

Result forward(Graph& graph, const std::vector<float>& x, std::int64_t batch) {
  graph.forward({batch, Mode::Infer, 0}, std::vector<const float*>{x.data()});
  const Shape& shape = graph.outputs()[0].shape;
  Result result{{graph.output(0), graph.output(0) + batch * size_of(shape)}, {}};
  if (const Mask mask = graph.output_mask(0)) result.mask.assign(mask, mask + batch * shape.front());
  return result;
}

}  // namespace

TEST_CASE("Embedding returns the row of each index", "[host][nn]") {
  const auto graph = graph_of("input(2) embedding(3,2)");
  REQUIRE(graph->outputs()[0].shape == Shape{2, 2});
  Parameter& table = graph->layer(0).parameters()[0];
  REQUIRE(table.name == "embeddings");
  REQUIRE(table.shape == Shape{3, 2});
  for (int i = 0; i < 6; ++i) table.values.data()[i] = static_cast<float>(i);
  const Result result = forward(*graph, {2, 0, 1, 2}, 2);
  CHECK(result.output == std::vector<float>{4, 5, 0, 1, 2, 3, 4, 5});
  CHECK(result.mask.empty());
}

TEST_CASE("Embedding masks index 0 if mask_zero is set", "[host][nn]") {
  CHECK(forward(*graph_of("input(3) embedding(4,2,mask_zero=true) dense(2) dropout(0.5) relu"), {0, 3, 0}, 1)
            .mask == std::vector<float>{0, 1, 0});
  CHECK(forward(*graph_of("input(3) embedding(4,2,mask_zero=true) flatten"), {0, 3, 0}, 1).mask.empty());
}

TEST_CASE("Masking masks the steps whose values all equal mask_value", "[host][nn]") {
  const Result result = forward(*graph_of("input(3,2) masking(-1)"), {-1, -1, -1, 2, 0, 0}, 1);
  CHECK(result.output == std::vector<float>{0, 0, -1, 2, 0, 0});
  CHECK(result.mask == std::vector<float>{0, 1, 1});
}

TEST_CASE("Gradients of Embedding and Masking agree with finite differences", "[host][nn]") {
  for (const std::int64_t batch : {1, 2}) {
    INFO("batch " << batch);
    kairos::tests::check_gradients(*graph_of("input(4,3) dense(3,tanh) masking(0.25) dense(2)"), batch);
    kairos::tests::check_gradients(*graph_of("input(3) embedding(5,4) dense(2,tanh) flatten dense(2)"), batch,
                                   1e-2F, {{0, 4, 4, 2, 0, 1}});
  }
}

TEST_CASE("An invalid index is reported with its position before training", "[host][nn]") {
  CompileOptions options;
  options.loss = "mse";
  const auto model = compile({"", "input(2) embedding(5,3) flatten dense(1)", {}}, options);
  Dataset data;
  data.origin = "words.npy";
  data.inputs = {{"", {{3, 2}, {0, 1, 2, 4, 5, 3}}}};
  data.targets = {{"", {{3}, {0, 0, 0}}}};
  CHECK(error_of([&] { (void)fit(*model, data, {}); }) ==
        "KAIROS-D108: words.npy: row 2 (counted from 0): the model cannot take the input \"input_layer\": "
        "layer \"embedding\" (Embedding): 5 is not a row of an embedding with 5 rows: a whole number in 0 … "
        "4. Correct the data, or change the layer.");
  data.inputs[0].array.values[4] = 1.5F;
  CHECK(error_of([&] { (void)fit(*model, data, {}); }).find("1.5 is not a row") != std::string::npos);
  CHECK(model->iterations() == 0);
}

TEST_CASE("An invalid index in a later batch does not read beyond the table", "[host][nn]") {
  for (const float wrong : {-1.0F, 5.0F, 3e9F, 0.5F, std::numeric_limits<float>::quiet_NaN()}) {
    const auto graph = graph_of("input(2) embedding(5,3)");
    const std::string sentence = error_of([&] { (void)forward(*graph, {1, 2, 3, wrong}, 2); });
    CHECK(sentence.rfind("KAIROS-D109: layer \"embedding\" (Embedding): sample 1 of the batch has an index "
                         "outside the embedding; found ",
                         0) == 0);
  }
}

TEST_CASE("Embedding and Masking refuse unsupported arguments", "[host][nn]") {
  const std::vector<std::pair<const char*, const char*>> refused{
      {"input(3,2) embedding(5,3,mask_zero=true)",
       "KAIROS-M008: layer \"embedding\" (Embedding): the input shape is not supported; found shape (3, 2), "
       "expected one row of indices per sample, because mask_zero is set. Change the shape of the input, or "
       "put a layer such as reshape before it."},
      {"input(3) embedding(5,3,input_length=4)",
       "KAIROS-M008: layer \"embedding\" (Embedding): the input shape is not supported; found shape (3), "
       "expected 4 indices, as input_length says. Change the shape of the input, or put a layer such as "
       "reshape before it."},
      {"input(3) masking",
       "KAIROS-M008: layer \"masking\" (Masking): the input shape is not supported; found shape (3), "
       "expected (timesteps, features). Change the shape of the input, or put a layer such as reshape before "
       "it."},
      {"input(3) embedding(20000000,3)",
       "KAIROS-M003: layer \"embedding\" (Embedding): \"input_dim\" has a value that cannot be used; found "
       "20000000, expected an integer from 1 to 16777216. Give \"input_dim\" such a value."},
  };
  for (const auto& [text, sentence] : refused) CHECK(error_of([text = text] { graph_of(text); }) == sentence);
}

TEST_CASE("An integer input keeps its dtype in the architecture", "[host][nn]") {
  nlohmann::json json =
      nlohmann::json::parse(keras_json({{}, "input(3) embedding(5,3,mask_zero=true) masking(0.5)", {}}));
  json["config"]["layers"][0]["config"]["dtype"] = "int32";
  CHECK(nlohmann::json::parse(keras_json({{}, json.dump(), {}})) == json);
}
