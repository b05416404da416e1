// SPDX-License-Identifier: MIT
// The files of the TensorBoard plugin: histograms, images, graphs, hyper-parameters.
#include <png.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "plugins/tensorboard/event_directory.hpp"

using namespace kairos;
using namespace kairos::tests;

namespace {

/// Rows left, right, count.
std::vector<double> buckets_of(const tb::Summary::Value& value) {
  REQUIRE(value.metadata().plugin_data().plugin_name() == "histograms");
  REQUIRE(value.metadata().data_class() == tb::DATA_CLASS_TENSOR);
  REQUIRE(value.tensor().dtype() == tb::DT_DOUBLE);
  REQUIRE(value.tensor().tensor_shape().dim_size() == 2);
  REQUIRE(value.tensor().tensor_shape().dim(0).size() == 30);
  REQUIRE(value.tensor().tensor_shape().dim(1).size() == 3);
  REQUIRE(value.tensor().tensor_content().size() == 90 * sizeof(double));
  std::vector<double> numbers(90);
  std::memcpy(numbers.data(), value.tensor().tensor_content().data(), 90 * sizeof(double));
  return numbers;
}

double samples_of(const std::vector<double>& buckets) {
  double sum = 0;
  for (std::size_t i = 2; i < buckets.size(); i += 3) sum += buckets[i];
  return sum;
}

const tb::NodeDef* node_of(const tb::GraphDef& graph, const std::string& name) {
  for (const tb::NodeDef& node : graph.node())
    if (node.name() == name) return &node;
  return nullptr;
}

std::vector<std::string> inputs_of(const tb::GraphDef& graph, const std::string& name) {
  const tb::NodeDef* node = node_of(graph, name);
  REQUIRE(node != nullptr);
  return {node->input().begin(), node->input().end()};
}

}  // namespace

TEST_CASE("TensorBoard writes histograms of all weights every n epochs, starting with the first",
          "[plugins]") {
  const TemporaryDirectory directory;
  Driver run(text_plan(directory, "histogram_freq=2"));
  run.begin();
  for (int epoch = 0; epoch < 5; ++epoch) {
    run.target.weights[3].values[0] = static_cast<float>(epoch);
    run.epoch(epochs_of(1)[0]);
  }
  run.end();
  const auto train = summaries_in(directory / "logs/train");
  CHECK(tags_of(train, "histograms") ==
        std::vector<std::string>{"emb/embeddings/histogram", "emb_1/embeddings/histogram",
                                 "out/bias/histogram", "out/kernel/histogram"});
  for (const std::string& tag : tags_of(train, "histograms"))
    CHECK(steps_of(train.at(tag)) == std::vector<std::int64_t>{0, 2, 4});
  const std::vector<double> kernel = buckets_of(train.at("out/kernel/histogram")[0].value);
  CHECK(kernel.front() == 0);
  CHECK(kernel[88] == 5);
  CHECK(samples_of(kernel) == 6);
  CHECK(samples_of(buckets_of(train.at("emb/embeddings/histogram")[0].value)) == 5);  // one is NaN
  for (const Entry& entry : train.at("out/bias/histogram")) {
    const std::vector<double> bias = buckets_of(entry.value);
    CHECK(bias[87] == static_cast<double>(entry.step));
    CHECK(bias[88] == static_cast<double>(entry.step));
    CHECK(bias[89] == 1);
  }
}

TEST_CASE("TensorBoard writes histograms of the gradients of an epoch's last batch", "[plugins]") {
  const TemporaryDirectory directory;
  Plan plan = text_plan(directory, "histogram_freq=1,write_grads=true,batch_size=1");
  const auto run_with = [&](std::int64_t steps, const char* where) {
    plan.steps = steps;
    plan.plugins = {std::string("TensorBoard:histogram_freq=1,write_grads=true,batch_size=1,log_dir=") +
                    where};
    Driver run(plan);
    run.begin();
    run.epoch(epochs_of(1)[0]);
    run.target.weights[3].gradient[0] = 7;
    run.epoch(epochs_of(1)[0]);
    run.end();
    return summaries_in(directory / where / "train");
  };
  for (const std::int64_t steps : {2, -1}) {
    const auto train = run_with(steps, steps == 2 ? "known" : "unknown");
    CHECK(train.count("emb_1/embeddings_grad/histogram") == 0);  // not trained
    CHECK(samples_of(buckets_of(train.at("emb/embeddings_grad/histogram")[0].value)) == 6);
    const std::vector<Entry>& bias = train.at("out/bias_grad/histogram");
    REQUIRE(steps_of(bias) == std::vector<std::int64_t>{0, 1});
    CHECK(buckets_of(bias[0].value)[88] == -1);
    CHECK(buckets_of(bias[1].value)[88] == 7);
  }
  // An epoch that a stop cut short has none.
  CHECK(run_with(3, "cut").count("out/bias_grad/histogram") == 0);
}

TEST_CASE("TensorBoard writes two weights of the same name under two tags", "[plugins]") {
  const TemporaryDirectory directory;
  Plan plan = text_plan(directory, "histogram_freq=1,write_images=true");
  plan.prepare = [](StubTarget& target) {
    target.weights = {{"dense/kernel", {2}, {1, 2}}, {"dense/kernel", {2}, {3, 4}}};
  };
  Driver(plan).fit(epochs_of(1));
  const auto train = summaries_in(directory / "logs/train");
  CHECK(buckets_of(train.at("dense/kernel/histogram")[0].value)[88] == 2);
  CHECK(buckets_of(train.at("dense/kernel_1/histogram")[0].value)[88] == 4);
  CHECK(train.count("dense/kernel_1/image") == 1);
}

TEST_CASE("TensorBoard writes weights as valid PNG images", "[plugins]") {
  const TemporaryDirectory directory;
  Plan plan = text_plan(directory, "histogram_freq=2,write_images=true");
  Driver run(plan);
  run.fit(epochs_of(3));
  const auto train = summaries_in(directory / "logs/train");
  CHECK(tags_of(train, "images") ==
        std::vector<std::string>{"emb/embeddings/image", "emb_1/embeddings/image", "out/kernel/image"});
  const std::vector<Entry>& kernel = train.at("out/kernel/image");
  CHECK(steps_of(kernel) == std::vector<std::int64_t>{0, 2});
  CHECK(kernel[0].value.metadata().data_class() == tb::DATA_CLASS_BLOB_SEQUENCE);
  const tb::TensorProto& tensor = kernel[0].value.tensor();
  CHECK(tensor.dtype() == tb::DT_STRING);
  REQUIRE(tensor.tensor_shape().dim_size() == 1);
  CHECK(tensor.tensor_shape().dim(0).size() == 3);
  REQUIRE(tensor.string_val_size() == 3);
  CHECK(tensor.string_val(0) == "3");
  CHECK(tensor.string_val(1) == "2");
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  REQUIRE(png_image_begin_read_from_memory(&image, tensor.string_val(2).data(),
                                           tensor.string_val(2).size()) != 0);
  std::vector<png_byte> pixels(PNG_IMAGE_SIZE(image));
  REQUIRE(png_image_finish_read(&image, nullptr, pixels.data(), 0, nullptr) != 0);
  CHECK(image.width == 3);
  CHECK(image.height == 2);
  CHECK(pixels == std::vector<png_byte>{0, 51, 102, 153, 204, 255});
  REQUIRE(run.messages.size() == 1);
  CHECK(run.messages[0] == "write_images: Keras' layout has no image for the shapes of out/bias");
}

TEST_CASE("TensorBoard writes the graph of operations and the conceptual graph", "[plugins]") {
  const TemporaryDirectory directory;
  Driver(text_plan(directory, "update_freq=epoch")).fit(epochs_of(1));
  tb::GraphDef graph;
  std::size_t graphs = 0;
  for (const tb::Event& event : events_in(directory / "logs/train"))
    if (event.what_case() == tb::Event::kGraphDef) {
      ++graphs;
      REQUIRE(graph.ParseFromString(event.graph_def()));
    }
  REQUIRE(graphs == 1);
  using Names = std::vector<std::string>;
  CHECK(inputs_of(graph, "net/words/InputLayer").empty());
  CHECK(inputs_of(graph, "net/emb/Embedding") == Names{"net/words/InputLayer", "net/emb/embeddings"});
  CHECK(inputs_of(graph, "net/emb_1/Embedding") == Names{"net/words/InputLayer", "net/emb_1/embeddings"});
  CHECK(inputs_of(graph, "net/out/Dense") == Names{"net/emb/Embedding", "net/out/kernel", "net/out/bias"});
  CHECK(graph.node_size() == 8);
  std::set<std::string> names;
  for (const tb::NodeDef& node : graph.node()) names.insert(node.name());
  CHECK(names.size() == 8);
  for (const tb::NodeDef& node : graph.node())
    for (const std::string& input : node.input()) CHECK(names.count(input) == 1);

  const tb::NodeDef& words = *node_of(graph, "net/words/InputLayer");
  CHECK(words.op() == "InputLayer");
  CHECK(words.attr().at("dtype").type() == tb::DT_INT32);
  CHECK(words.attr().at("_output_shapes").list().shape(0).dim(0).size() == -1);
  CHECK(words.attr().at("_output_shapes").list().shape(0).dim(1).size() == 7);
  CHECK(node_of(graph, "net/emb/Embedding")->attr().at("keras_class").s() == "Embedding");
  CHECK(node_of(graph, "net/emb/Embedding")->attr().at("dtype").type() == tb::DT_FLOAT);
  const tb::NodeDef& kernel = *node_of(graph, "net/out/kernel");
  CHECK(kernel.op() == "VariableV2");
  CHECK(kernel.attr().at("shape").shape().dim(1).size() == 3);
  CHECK(kernel.attr().at("trainable").b());
  CHECK_FALSE(node_of(graph, "net/emb_1/embeddings")->attr().at("trainable").b());

  const Entry keras = summaries_in(directory / "logs/train").at("keras").front();
  CHECK(keras.step == 0);
  CHECK(keras.value.metadata().plugin_data().plugin_name() == "graph_keras_model");
  CHECK(keras.value.metadata().plugin_data().content() == "1");
  CHECK(keras.value.tensor().dtype() == tb::DT_STRING);
  CHECK(keras.value.tensor().tensor_shape().dim_size() == 0);
  REQUIRE(keras.value.tensor().string_val_size() == 1);
  CHECK(keras.value.tensor().string_val(0) == text_model);
}

TEST_CASE("TensorBoard writes no graph if it is disabled or there is none", "[plugins]") {
  const auto has_graph = [](const fs::path& train) {
    bool found = summaries_in(train).count("keras") != 0;
    for (const tb::Event& event : events_in(train)) found |= event.what_case() == tb::Event::kGraphDef;
    return found;
  };
  const TemporaryDirectory directory;
  Driver(text_plan(directory, "write_graph=false")).fit(epochs_of(1));
  CHECK_FALSE(has_graph(directory / "logs/train"));

  Plan plan{{"TensorBoard:log_dir=other"}, directory.path()};
  Driver run(plan);
  run.fit(epochs_of(1));
  CHECK_FALSE(has_graph(directory / "other/train"));
  CHECK(run.messages ==
        std::vector<std::string>{"no graph is written, because this model has no Keras JSON"});
}

TEST_CASE("TensorBoard writes the steps per second", "[plugins]") {
  const TemporaryDirectory directory;
  Driver(text_plan(directory, "write_steps_per_second=true,update_freq=2")).fit(epochs_of(3));
  const auto train = curves_of(directory / "logs/train");
  REQUIRE(train.count("epoch_steps_per_second") == 1);
  CHECK(train.at("epoch_steps_per_second").size() == 3);
  std::vector<std::int64_t> batches;
  for (const auto& [step, value] : train.at("batch_steps_per_second")) {
    batches.push_back(step);
    CHECK(value > 0);
  }
  CHECK(batches == std::vector<std::int64_t>{2, 4, 6});
  for (const auto& [step, value] : train.at("epoch_steps_per_second")) CHECK(value > 0);

  Driver(text_plan(directory, "update_freq=batch")).fit(epochs_of(1));
  Driver(text_plan(directory, "write_steps_per_second=true")).fit(epochs_of(1));
  CHECK(curves_of(directory / "logs/train").at("batch_steps_per_second").size() == 3);
}

TEST_CASE("TensorBoard lists hyper-parameters and the result of the run", "[plugins]") {
  const auto info_in = [](const fs::path& logs, const char* tag) {
    const auto root = summaries_in(logs);
    REQUIRE(root.count(tag) == 1);
    REQUIRE(root.at(tag).size() == 1);
    const tb::Summary::Value& value = root.at(tag).front().value;
    CHECK(value.metadata().plugin_data().plugin_name() == "hparams");
    CHECK(value.metadata().data_class() == tb::DATA_CLASS_TENSOR);
    REQUIRE(value.has_tensor());
    CHECK(value.tensor().dtype() == tb::DT_FLOAT);
    REQUIRE(value.tensor().tensor_shape().dim_size() == 1);
    CHECK(value.tensor().tensor_shape().dim(0).size() == 0);
    tb::HParamsPluginData data;
    REQUIRE(data.ParseFromString(value.metadata().plugin_data().content()));
    CHECK(data.version() == 0);
    return data;
  };
  const TemporaryDirectory directory;
  const fs::path logs = directory / "logs";
  Plan plan{{"TensorBoard:log_dir=logs,hparams='auto,units=16,bias=true,name=adam,epochs=9'"},
            directory.path()};
  plan.rate = 0.001;
  plan.prepare = [](StubTarget& target) {
    target.keras_json =
        R"({"class_name": "Sequential", "config": {"name": "m", "layers": []}, "compile_config":
      {"optimizer": {"class_name": "Adam", "config": {}}, "loss": {"class_name": "MeanSquaredError",
       "config": {"name": "mean_squared_error"}}}})";
  };
  std::string state;
  {
    Driver run(plan);
    run.begin();
    const tb::SessionStartInfo hparams = info_in(logs, "_hparams_/session_start_info").session_start_info();
    CHECK(hparams.hparams().at("units").number_value() == 16);
    CHECK(hparams.hparams().at("bias").bool_value());
    CHECK(hparams.hparams().at("name").string_value() == "adam");
    CHECK(hparams.hparams().at("epochs").number_value() == 9);
    CHECK(hparams.hparams().at("batch_size").number_value() == 1);
    CHECK(hparams.hparams().at("learning_rate").number_value() == 0.001);
    CHECK(hparams.hparams().at("optimizer").string_value() == "Adam");
    CHECK(hparams.hparams().at("loss").string_value() == "mean_squared_error");
    CHECK(hparams.hparams().size() == 9);
    CHECK(hparams.start_time_secs() > 1.6e9);
    CHECK(hparams.group_name().empty());
    run.epoch({{1}, {1}});
    state = run.callbacks().save_state();
    run.end();
  }
  CHECK(info_in(logs, "_hparams_/session_end_info").session_end_info().status() == tb::STATUS_SUCCESS);
  {
    Driver run(plan);
    run.resume(state, 1);
    run.begin();
    CHECK(summaries_in(logs).count("_hparams_/session_end_info") == 0);
    info_in(logs, "_hparams_/session_start_info");
    run.callbacks().fault("", "", "the disk is full");
    run.callbacks().finish(host::RunEnd::Fault);
  }
  CHECK(info_in(logs, "_hparams_/session_end_info").session_end_info().status() == tb::STATUS_FAILURE);
  // The directory also has the curves of the same run.
  CHECK(summaries_in(logs / "train").count("epoch_loss") == 1);
}

TEST_CASE("TensorBoard warns if batch_size has no effect", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run(text_plan(directory, "batch_size=32"));
  run.begin();
  CHECK(run.messages == std::vector<std::string>{"batch_size has no effect without write_grads"});
}

TEST_CASE("TensorBoard writes an evaluation only to validation/, from its beginning", "[plugins]") {
  const TemporaryDirectory directory;
  Driver run(text_plan(directory, "histogram_freq=1,hparams=auto"));
  host::Callbacks& callbacks = run.callbacks();
  host::RunInfo evaluation;
  evaluation.steps_per_epoch = 1;
  callbacks.setup(evaluation);
  CHECK_FALSE(fs::exists(directory / "logs"));
  callbacks.test_begin(1);
  CHECK(events_in(directory / "logs/validation").size() == 1);
  callbacks.test_batch_begin(0, 1);
  const std::vector<double> values = {0.5};
  host::LogValues logs(values);
  callbacks.test_batch_end(logs);
  callbacks.test_end(logs);
  callbacks.finish(host::RunEnd::Completed);
  CHECK(tags_of(summaries_in(directory / "logs/validation"), "scalars") ==
        std::vector<std::string>{"evaluation_loss_vs_iterations"});
  CHECK(files_in(directory / "logs").size() == 1);
}

TEST_CASE("TensorBoard continues histograms, images and graphs of a resumed run", "[plugins]") {
  const TemporaryDirectory directory;
  Plan plan = text_plan(directory, "histogram_freq=1,write_images=true,update_freq=batch");
  plan.prepare = [](StubTarget& target) {
    make_text_model(target);
    // A name with the prefix of curves over batches.
    target.weights.push_back({"batch_normalization/gamma", {2}, {1, 2}, {1, 2}});
  };
  std::string state;
  {
    Driver run(plan);
    run.begin();
    for (int epoch = 0; epoch < 2; ++epoch) run.epoch(epochs_of(1)[0]);
    state = run.callbacks().save_state();
    for (int epoch = 0; epoch < 2; ++epoch) run.epoch(epochs_of(1)[0]);
  }
  Driver run(plan);
  run.resume(state, 2);
  run.target.steps = 4;
  run.begin();
  CHECK(steps_of(summaries_in(directory / "logs/train").at("batch_normalization/gamma/histogram")) ==
        std::vector<std::int64_t>{0, 1});
  run.epoch(epochs_of(1)[0]);
  run.end();
  const auto train = summaries_in(directory / "logs/train");
  for (const char* tag : {"batch_normalization/gamma/histogram", "out/kernel/image", "epoch_loss"})
    CHECK(steps_of(train.at(tag)) == std::vector<std::int64_t>{0, 1, 2});
  CHECK(steps_of(train.at("batch_loss")) == std::vector<std::int64_t>{1, 2, 3, 4, 5, 6});
  CHECK(train.at("keras").size() == 1);
}
