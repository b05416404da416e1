// SPDX-License-Identifier: MIT
#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "host/temporary_directory.hpp"
#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

std::unique_ptr<Model> model_of(const char* text, std::uint64_t seed) {
  CompileOptions options;
  options.optimizer = "adam(lr=0.25)";
  options.loss = "binary_crossentropy(from_logits=true)";
  options.metrics = {"acc"};
  options.seed = seed;
  return compile({"", text, {}}, options);
}

constexpr const char* text = "input(3) dense(4,relu) dropout(0.1) dense(1)";

}  // namespace

TEST_CASE("Saved weights can be loaded into another model with the same layers", "[host][nn]") {
  const kairos::tests::TemporaryDirectory directory;
  for (const char* name : {"w.h5", "w.weights.h5", "w.npz"}) {
    INFO(name);
    const auto model = model_of(text, 1);
    const auto other = model_of(text, 2);
    REQUIRE(kairos::tests::weights_of(*model) != kairos::tests::weights_of(*other));
    model->save(directory / name, SaveContent::Weights);
    other->load_weights(directory / name);
    CHECK(kairos::tests::weights_of(*model) == kairos::tests::weights_of(*other));
  }
}

TEST_CASE("Compiling a saved model loads its weights", "[host][nn]") {
  const kairos::tests::TemporaryDirectory directory;
  const auto model = model_of(text, 1);
  for (const char* name : {"m.keras", "m.h5"}) {
    INFO(name);
    model->save(directory / name, SaveContent::Model);
    ModelSource source;
    source.file = directory / name;
    CHECK(kairos::tests::weights_of(*compile(source, {})) == kairos::tests::weights_of(*model));
  }
  model->save(directory / "w.npz", SaveContent::Weights);
  ModelSource source;
  source.file = directory / "w.npz";
  CHECK(error_of([&] { return compile(source, {}); }) ==
        "KAIROS-M095: " + (directory / "w.npz").string() +
            ": the file contains weights but no model. Compile the architecture, and load these weights into "
            "the model.");
}

TEST_CASE("A program that compiles a Keras file gets warnings of ignored arguments, or rejects them",
          "[host][nn]") {
  ModelSource source;
  source.text = R"({"class_name": "Sequential", "config": {"name": "s", "layers": [
      {"class_name": "InputLayer", "config": {"name": "in", "batch_shape": [null, 3]}},
      {"class_name": "Dense", "config": {"name": "d", "units": 2, "future": false}}]}})";
  std::vector<std::string> lines;
  source.messages = [&](Level level, std::string_view, std::string_view line) {
    CHECK(level == Level::Warning);
    lines.emplace_back(line);
  };
  static_cast<void>(compile(source, {}));
  CHECK(lines == std::vector<std::string>{"model: the unknown argument \"future\" of layer \"d\" (Dense) is "
                                          "ignored; found false, which usually has no effect"});
  source.strict = true;
  CHECK(error_of([&] { return compile(source, {}); }).find("KAIROS-M101: layer \"d\" (Dense)") == 0);
}

TEST_CASE("A file written by save_later contains the model as it was at the call", "[host][nn]") {
  const kairos::tests::TemporaryDirectory directory;
  const auto model = model_of(text, 1);
  const std::vector<float> x{1, 2, 3}, y{1};
  model->train_batch({1, {x.data()}, {y.data()}, {}}, nullptr);
  model->save(directory / "now.keras", SaveContent::Model);
  const std::function<void()> write = model->save_later(directory / "later.keras", SaveContent::Model);
  model->train_batch({1, {x.data()}, {y.data()}, {}}, nullptr);
  CHECK_FALSE(std::filesystem::exists(directory / "later.keras"));
  write();
  const ModelFile now = read_model_file(directory / "now.keras"),
                  later = read_model_file(directory / "later.keras");
  CHECK(later.iterations == 1);
  CHECK(later.training_config_json == now.training_config_json);
  REQUIRE(later.layers.size() == now.layers.size());
  for (std::size_t i = 0; i < now.layers.size(); ++i)
    for (std::size_t w = 0; w < now.layers[i].weights.size(); ++w)
      CHECK(later.layers[i].weights[w].array.values == now.layers[i].weights[w].array.values);
  for (std::size_t i = 0; i < now.optimizer.size(); ++i)
    CHECK(later.optimizer[i].array.values == now.optimizer[i].array.values);
}

TEST_CASE("Pending files do not affect each other, and later ones are right", "[host][nn]") {
  const kairos::tests::TemporaryDirectory directory;
  const auto model = model_of(text, 1);
  const std::vector<float> x{1, 2, 3}, y{1};
  std::vector<std::vector<float>> expected;
  const auto order = [&](const char* name, SaveContent content) {
    model->train_batch({1, {x.data()}, {y.data()}, {}}, nullptr);
    expected.push_back(kairos::tests::weights_of(*model));
    return model->save_later(directory / name, content);
  };
  const auto holds = [&](const char* name, std::size_t i) {
    const auto other = model_of(text, 2);
    other->load_weights(directory / name);
    return kairos::tests::weights_of(*other) == expected[i];
  };
  const std::function<void()> first = order("0.keras", SaveContent::Model);
  const std::function<void()> second = order("1.h5", SaveContent::Model);
  second();
  first();
  order("2.weights.h5", SaveContent::Weights)();
  order("3.keras", SaveContent::Model)();
  (void)order("never.h5", SaveContent::Model);
  order("5.h5", SaveContent::Model)();
  CHECK(holds("0.keras", 0));
  CHECK(holds("1.h5", 1));
  CHECK(holds("2.weights.h5", 2));
  CHECK(read_model_file(directory / "2.weights.h5").optimizer.empty());
  CHECK(holds("3.keras", 3));
  CHECK(read_model_file(directory / "3.keras").iterations == 4);
  CHECK_FALSE(std::filesystem::exists(directory / "never.h5"));
  CHECK(holds("5.h5", 5));
}

TEST_CASE("A saved model contains architecture, training configuration and optimizer", "[host][nn]") {
  const kairos::tests::TemporaryDirectory directory;
  const auto model = model_of(text, 1);
  const std::vector<float> x{1, 2, 3}, y{1};
  model->train_batch({1, {x.data()}, {y.data()}, {}}, nullptr);
  model->save(directory / "m.h5", SaveContent::Model);
  const ModelFile file = read_model_file(directory / "m.h5");
  const nlohmann::json training = nlohmann::json::parse(file.training_config_json);
  CHECK(training.at("optimizer_config").at("class_name") == "Adam");
  CHECK(training.at("optimizer_config").at("config").at("learning_rate") == 0.25);
  CHECK(training.at("loss").at("class_name") == "BinaryCrossentropy");
  CHECK(training.at("loss").at("config").at("from_logits") == true);
  CHECK(training.at("metrics") == nlohmann::json::parse(R"(["acc"])"));
  CHECK(file.iterations == 1);
  CHECK(file.optimizer.size() == model->tensors(Role::Slot).size());
  nlohmann::json whole = nlohmann::json::parse(model->architecture());
  CHECK(whole.at("compile_config").at("optimizer").at("class_name") == "Adam");
  CHECK(whole.at("compile_config").at("loss") == training.at("loss"));
  const std::string written = keras_json({"", file.architecture_json, {}});
  CHECK(written == keras_json({"", model->architecture(), {}}));
  whole.erase("compile_config");
  CHECK(nlohmann::json::parse(written) == whole);
}

TEST_CASE("Weights of another shape are refused and change nothing", "[host][nn]") {
  const kairos::tests::TemporaryDirectory directory;
  model_of("input(3) dense(5,relu) dense(1)", 1)->save(directory / "w.h5", SaveContent::Weights);
  const auto model = model_of(text, 2);
  const std::vector<float> before = kairos::tests::weights_of(*model);
  CHECK_THROWS_AS(model->load_weights(directory / "w.h5"), Error);
  CHECK(kairos::tests::weights_of(*model) == before);
}

TEST_CASE("save_fault reports files that cannot be saved", "[host][nn]") {
  const auto model = model_of(text, 1);
  CHECK(model->save_fault("m.npz", SaveContent::Model).rfind("an .npz file can hold weights only", 0) == 0);
  CHECK(model->save_fault("m.npz", SaveContent::Weights).empty());
  CHECK(model->save_fault("m.h5", SaveContent::Model).empty());
}
