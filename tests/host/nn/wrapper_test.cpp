// SPDX-License-Identifier: MIT
// Wrapper layers: Bidirectional and TimeDistributed.
#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "host/nn/gradients.hpp"
#include "host/nn/graphs.hpp"
#include "host/temporary_directory.hpp"
#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"
#include "nn/architecture.hpp"

using namespace kairos::host;
using kairos::tests::check_gradients;
using kairos::tests::error_of;
using kairos::tests::forward;
using kairos::tests::random_values;
using Json = nlohmann::json;

namespace {

Json layer(const char* class_name, Json config) {
  return {{"class_name", class_name}, {"config", std::move(config)}};
}

std::string sequential(const Shape& input, const std::vector<Json>& layers) {
  Json shape = Json::array({nullptr});
  for (const std::int64_t dimension : input) shape.push_back(dimension);
  Json all = Json::array({layer("InputLayer", {{"batch_shape", shape}, {"name", "in"}})});
  for (const Json& one : layers) all.push_back(one);
  return layer("Sequential", {{"name", "m"}, {"layers", all}}).dump();
}

std::unique_ptr<Graph> graph_of(const Shape& input, const std::vector<Json>& layers) {
  return build_graph(read_keras_json(sequential(input, layers), "test"), {}, 4);
}

Json recurrent(const char* class_name, const char* name, bool sequences, bool backwards = false) {
  return layer(class_name,
               {{"name", name}, {"units", 3}, {"return_sequences", sequences}, {"go_backwards", backwards}});
}

Json bidirectional(Json inner, const char* merge) {
  return layer("Bidirectional", {{"name", "both"}, {"layer", std::move(inner)}, {"merge_mode", merge}});
}

void copy_weights(std::span<Parameter> from, std::span<Parameter> to) {
  for (std::size_t i = 0; i < to.size(); ++i)
    std::copy_n(from[i].values.data(), from[i].size(), to[i].values.data());
}

const Json masking = layer("Masking", {{"name", "masking"}, {"mask_value", 9}});

}  // namespace

TEST_CASE("Bidirectional merges the outputs of two layers for each step", "[host][nn]") {
  std::vector<float> x = random_values(2 * 4 * 2, 3);
  for (const std::size_t step : {3U, 4U}) x[2 * step] = x[2 * step + 1] = 9;
  for (const char* cell : {"LSTM", "GRU", "SimpleRNN"})
    for (const bool sequences : {false, true})
      for (const char* merge : {"concat", "sum", "mul", "ave"}) {
        INFO(cell << " " << sequences << " " << merge);
        const auto both = graph_of({4, 2}, {masking, bidirectional(recurrent(cell, "r", sequences), merge)});
        Json alone = recurrent(cell, "f", sequences), reversed = recurrent(cell, "b", sequences, true);
        alone["config"]["zero_output_for_mask"] = reversed["config"]["zero_output_for_mask"] = sequences;
        const auto one = graph_of({4, 2}, {masking, alone});
        const auto other = graph_of({4, 2}, {masking, reversed});
        const std::span<Parameter> weights = both->layer(1).parameters();
        REQUIRE(weights.size() == 6);
        copy_weights(weights.first(3), one->layer(1).parameters());
        copy_weights(weights.last(3), other->layer(1).parameters());
        const std::vector<float> y = forward(*both, x, 2), a = forward(*one, x, 2), b = forward(*other, x, 2);
        const std::size_t steps = sequences ? 4 : 1;
        const bool concat = std::string(merge) == "concat";
        REQUIRE(y.size() == (concat ? 2 : 1) * a.size());
        for (std::size_t sample = 0; sample < 2; ++sample)
          for (std::size_t t = 0; t < steps; ++t)
            for (std::size_t k = 0; k < 3; ++k) {
              const float first = a[(sample * steps + t) * 3 + k];
              const float second = b[(sample * steps + steps - 1 - t) * 3 + k];
              const std::size_t step = sample * steps + t;
              if (concat) {
                CHECK(y[step * 6 + k] == first);
                CHECK(y[step * 6 + 3 + k] == second);
                continue;
              }
              const std::string mode = merge;
              CHECK(y[step * 3 + k] == (mode == "mul"   ? first * second
                                        : mode == "sum" ? first + second
                                                        : (first + second) / 2));
            }
        CHECK((both->output_mask(0) != nullptr) == sequences);
      }
}

TEST_CASE("Gradients of Bidirectional agree with finite differences", "[host][nn]") {
  std::vector<float> x = random_values(3 * 4 * 2, 8);
  for (const std::size_t step : {1U, 4U, 11U}) x[2 * step] = x[2 * step + 1] = 9;
  const Json before = layer("Dense", {{"name", "before"}, {"units", 2}, {"activation", "tanh"}});
  const Json after = layer("Dense", {{"name", "after"}, {"units", 2}});
  for (const char* merge : {"concat", "sum", "mul", "ave"})
    for (const bool sequences : {false, true}) {
      INFO(merge << " " << sequences);
      check_gradients(*graph_of({4, 2}, {masking, before,
                                         bidirectional(recurrent("LSTM", "r", sequences), merge), after}),
                      3, 1e-2F, {x});
    }
  Json two = bidirectional(recurrent("LSTM", "r", true), "concat");
  two["config"]["backward_layer"] =
      layer("GRU", {{"name", "b"}, {"units", 2}, {"return_sequences", true}, {"go_backwards", true}});
  check_gradients(*graph_of({4, 2}, {masking, before, two, after}), 1);
}

TEST_CASE("TimeDistributed treats each step as a sample", "[host][nn]") {
  const Json dense = layer("Dense", {{"name", "d"}, {"units", 3}, {"activation", "gelu"}});
  const auto wrapped =
      graph_of({4, 2}, {masking, layer("TimeDistributed", {{"name", "t"}, {"layer", dense}})});
  const auto bare = graph_of({4, 2}, {masking, dense});
  copy_weights(wrapped->layer(1).parameters(), bare->layer(1).parameters());
  const std::vector<float> x = random_values(3 * 8, 3);
  CHECK(forward(*wrapped, x, 3) == forward(*bare, x, 3));
  CHECK(wrapped->output_mask(0) != nullptr);

  const Json convolution = layer("Conv1D", {{"name", "c"}, {"filters", 2}, {"kernel_size", 2}});
  const Json pooled = layer("TimeDistributed", {{"name", "p"}, {"layer", layer("Flatten", {{"name", "f"}})}});
  const Json inner = layer("TimeDistributed", {{"name", "t"}, {"layer", convolution}});
  const auto pictures = graph_of({3, 4, 2}, {inner, pooled});
  CHECK(pictures->outputs()[0].shape == Shape{3, 6});
  for (const std::int64_t batch : {1, 2}) {
    INFO("batch " << batch);
    check_gradients(*pictures, batch);
    check_gradients(
        *graph_of(
            {3, 4, 2},
            {layer("TimeDistributed", {{"name", "t"}, {"layer", recurrent("GRU", "g", false)}}), dense}),
        batch);
  }
  const auto words = graph_of(
      {2, 3},
      {layer("TimeDistributed",
             {{"name", "t"},
              {"layer", layer("Embedding",
                              {{"name", "e"}, {"input_dim", 5}, {"output_dim", 2}, {"mask_zero", true}})}})});
  CHECK(words->outputs()[0].shape == Shape{2, 3, 2});
  CHECK(words->output_mask(0) == nullptr);
  const std::vector<float> indices{0, 1, 2, 3, 4, 5};
  (void)forward(*words, {0, 1, 2, 3, 4, 4}, 1);
  CHECK(words->input_fault(0, indices.data()).find("5 is not a row") != std::string::npos);
}

TEST_CASE("Layers inside a frozen wrapper are frozen", "[host][nn]") {
  Json both = bidirectional(recurrent("LSTM", "r", false), "sum");
  both["config"]["trainable"] = false;
  const auto graph = graph_of({4, 2}, {both});
  for (const Parameter& parameter : graph->layer(0).parameters()) CHECK_FALSE(parameter.trainable);
}

TEST_CASE("Weights of wrappers and cells are saved in Keras 3's groups and can be loaded", "[host][nn]") {
  const kairos::tests::TemporaryDirectory directory;
  const std::string text = sequential(
      {4, 2}, {bidirectional(recurrent("LSTM", "lstm", true), "concat"), recurrent("GRU", "gru", true),
               layer("TimeDistributed",
                     {{"name", "steps"}, {"layer", layer("Dense", {{"name", "dense"}, {"units", 2}})}})});
  const auto model_of = [&](std::uint64_t seed) {
    CompileOptions options;
    options.loss = "mse";
    options.optimizer = "adam";
    options.seed = seed;
    return compile({"", text, {}}, options);
  };
  const auto model = model_of(1);
  std::vector<std::string> names;
  for (const TensorRef& tensor : model->tensors(Role::Weight)) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{
                     "both/forward_lstm/lstm_cell/kernel", "both/forward_lstm/lstm_cell/recurrent_kernel",
                     "both/forward_lstm/lstm_cell/bias", "both/backward_lstm/lstm_cell/kernel",
                     "both/backward_lstm/lstm_cell/recurrent_kernel", "both/backward_lstm/lstm_cell/bias",
                     "gru/gru_cell/kernel", "gru/gru_cell/recurrent_kernel", "gru/gru_cell/bias",
                     "steps/dense/kernel", "steps/dense/bias"});
  CHECK(model->tensors(Role::Slot)[2].name == "adam/m_both_forward_lstm_lstm_cell_kernel_momentum");
  for (const char* name : {"w.h5", "w.weights.h5", "w.npz"}) {
    INFO(name);
    const auto other = model_of(2);
    model->save(directory / name, SaveContent::Weights);
    other->load_weights(directory / name);
    CHECK(kairos::tests::weights_of(*model) == kairos::tests::weights_of(*other));
  }
  const auto other = model_of(2);
  model->save(directory / "m.keras", SaveContent::Model);
  other->load_weights(directory / "m.keras");
  CHECK(kairos::tests::weights_of(*model) == kairos::tests::weights_of(*other));
  const std::string written = keras_json({"", model->architecture(), {}});
  CHECK(keras_json({"", written, {}}) == written);
}

TEST_CASE("Wrappers refuse unsupported arguments", "[host][nn]") {
  const std::vector<std::pair<Json, const char*>> refused{
      {layer("Bidirectional",
             {{"name", "b"}, {"layer", recurrent("LSTM", "r", false)}, {"merge_mode", nullptr}}),
       "KAIROS-M003: layer \"b\" (Bidirectional): \"merge_mode\" has a value that cannot be used; found "
       "null, expected concat, sum, mul or ave; a list of outputs is not supported. Give \"merge_mode\" such "
       "a value."},
      {bidirectional(layer("Dense", {{"name", "d"}, {"units", 2}}), "sum"),
       "KAIROS-M003: layer \"both\" (Bidirectional): \"layer\" has a value that cannot be used; found "
       "{\"class_name\":\"Dense\",\"config\":{\"name\":\"forward_d\",\"units\":2}}, expected SimpleRNN, LSTM "
       "or GRU. Give \"layer\" such a value."},
      {layer("TimeDistributed", {{"name", "t"}, {"layer", layer("BatchNormalization", {{"name", "n"}})}}),
       "KAIROS-M004: layer \"t\" (TimeDistributed): a layer that depends on the whole batch is not supported "
       "here; found BatchNormalization, expected a layer that treats each sample separately. Use it without "
       "TimeDistributed: it normalizes the last dimension."},
      {layer("TimeDistributed", {{"name", "t"}, {"layer", layer("Dens", {{"name", "n"}})}}),
       "KAIROS-M001: layer \"n\" (Dens) in layer \"t\" (TimeDistributed): there is no layer \"Dens\". Did "
       "you mean"},
      {layer("TimeDistributed", {{"name", "t"}, {"layer", 3}}),
       "KAIROS-M003: layer \"t\" (TimeDistributed): \"layer\" has a value that cannot be used; found 3, "
       "expected a layer: {\"class_name\": …, \"config\": …}. Give \"layer\" such a value."},
  };
  for (const auto& [json, sentence] : refused) {
    const std::string found = error_of([&, &one = json] { (void)graph_of({4, 2}, {one}); });
    INFO(found);
    CHECK(found.rfind(sentence, 0) == 0);
  }
}
