// SPDX-License-Identifier: MIT
#include "nn/compiled_model.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "compute/random.hpp"
#include "host/error_text.hpp"
#include "host/nn/batches.hpp"

using namespace kairos::host;
using kairos::tests::error_of;
using kairos::tests::Rows;

namespace {

std::unique_ptr<Model> model_of(const std::string& text, const CompileOptions& options) {
  return compile({"", text, {}}, options);
}

CompileOptions options_of(const char* optimizer, const char* loss, std::vector<std::string> metrics = {}) {
  CompileOptions options;
  options.optimizer = optimizer;
  options.loss = loss;
  options.metrics = std::move(metrics);
  return options;
}

Rows random_rows(std::int64_t n, std::int64_t features, std::int64_t classes) {
  RandomStream random(11);
  Rows rows{{{n, features}, {}}, {{n}, {}}, {}};
  for (std::int64_t i = 0; i < n * features; ++i)
    rows.x.values.push_back(static_cast<float>(random.normal()));
  for (std::int64_t i = 0; i < n; ++i)
    rows.y.values.push_back(static_cast<float>(std::floor(random.uniform() * static_cast<double>(classes))));
  return rows;
}

constexpr const char* classifier = "input(4) dense(6,tanh) dropout(0.4) dense(3,softmax)";

std::vector<std::string> names_of(std::span<const TensorRef> tensors) {
  std::vector<std::string> names;
  for (const TensorRef& tensor : tensors) names.push_back(tensor.name);
  return names;
}

}  // namespace

TEST_CASE("A compiled model lists its inputs, outputs and log keys", "[host][nn]") {
  CompileOptions options = options_of("adam", "sparse_categorical_crossentropy", {"acc"});
  options.weighted_metrics = {"accuracy"};
  const auto model = model_of(classifier, options);
  CHECK(model->inputs()[0].name == "input_layer");
  CHECK(model->inputs()[0].shape == std::vector<std::int64_t>{4});
  CHECK(model->outputs()[0].name == "dense_1");
  CHECK(model->outputs()[0].shape == std::vector<std::int64_t>{3});
  CHECK(model->targets()[0].shape.empty());
  CHECK(model_of(classifier, options_of("adam", "categorical_crossentropy"))->targets()[0].shape ==
        std::vector<std::int64_t>{3});
  std::vector<std::string> keys;
  for (const LogKey& key : model->log_keys()) keys.push_back(key.name);
  CHECK(keys == std::vector<std::string>{"loss", "acc", "accuracy"});
  CHECK(model->log_keys()[0].direction == Direction::Min);
  CHECK(model->log_keys()[1].direction == Direction::Max);
  const float twelve = 12;
  CHECK(model->target_fault(0, &twelve) == "label 12 is outside 0 … 2");
}

TEST_CASE("Training depends on the seed and is reproducible", "[host][nn]") {
  const Rows rows = random_rows(50, 4, 3);
  const auto trained = [&](std::uint64_t seed) {
    CompileOptions options = options_of("adam", "sparse_categorical_crossentropy");
    options.seed = seed;
    const auto model = model_of(classifier, options);
    for (int epoch = 0; epoch < 3; ++epoch) kairos::tests::train_epoch(*model, rows, 8);
    return kairos::tests::weights_of(*model);
  };
  CHECK(trained(1) == trained(1));
  CHECK(trained(1) != trained(2));
}

TEST_CASE("A fit continued from weights and slots is bit-identical to an uninterrupted one", "[host][nn]") {
  const Rows rows = random_rows(50, 4, 3);
  const CompileOptions options = options_of("adam(amsgrad=true)", "sparse_categorical_crossentropy");
  const auto whole = model_of(classifier, options);
  const auto resumed = model_of(classifier, options);
  kairos::tests::train_epoch(*whole, rows, 8);
  for (const Role role : {Role::Weight, Role::Slot}) {
    const std::span<const TensorRef> from = whole->tensors(role);
    const std::span<const TensorRef> to = resumed->tensors(role);
    REQUIRE(from.size() == to.size());
    for (std::size_t i = 0; i < from.size(); ++i) std::copy_n(from[i].data, from[i].size(), to[i].data);
    resumed->tensors_written(role);
  }
  CHECK(resumed->iterations() == 7);
  resumed->set_iterations(7);  // also the number of batches, which dropout depends on
  kairos::tests::train_epoch(*whole, rows, 8);
  kairos::tests::train_epoch(*resumed, rows, 8);
  CHECK(kairos::tests::weights_of(*whole) == kairos::tests::weights_of(*resumed));
}

TEST_CASE("Dropout draws anew for each training batch, whatever the number of steps", "[host][nn]") {
  const auto model = model_of("input(64) dropout(0.5) dense(1)", options_of("sgd(learning_rate=0)", "mse"));
  const Rows rows = random_rows(2, 64, 3);
  const auto output = [&] {
    model->train_batch(rows.batch(0, 2), nullptr);
    return kairos::tests::copy_of(model->tensors(Role::Output).front());
  };
  const std::vector<float> first = output();
  *model->tensors(Role::Slot).front().data = 0;  // the count of steps, as a callback puts it back
  model->tensors_written(Role::Slot);
  REQUIRE(model->iterations() == 0);
  CHECK(output() != first);

  model->set_iterations(0);
  CHECK(output() == first);
}

TEST_CASE("A penalty is part of the loss, but not of a metric of the same name", "[host][nn]") {
  const auto model = model_of("input(2) dense(1,l2=0.2,use_bias=false)", options_of("sgd", "mse", {"mse"}));
  const std::span<const TensorRef> weights = model->tensors(Role::Weight);
  weights[0].data[0] = 1;
  weights[0].data[1] = 2;
  model->tensors_written(Role::Weight);
  const Rows rows{{{2, 2}, {1, 0, 0, 1}}, {{2, 1}, {0, 0}}, {}};
  const std::vector<double> logs = kairos::tests::evaluate(*model, rows, 2);
  CHECK(logs.at(0) == Approx(2.5 + 0.2 * 5));
  CHECK(logs.at(1) == Approx(2.5));
}

TEST_CASE("A weight that is not trained has no penalty", "[host][nn]") {
  const Rows rows{{{2, 2}, {1, 0, 0, 1}}, {{2, 1}, {0, 0}}, {}};
  const auto loss_of = [&](const char* text) {
    const auto model = model_of(text, options_of("sgd", "mse"));
    model->tensors(Role::Weight)[0].data[0] = 1;
    model->tensors(Role::Weight)[0].data[1] = 2;
    return kairos::tests::evaluate(*model, rows, 2).at(0);
  };
  CHECK(loss_of("input(2) dense(1,l2=0.2,use_bias=false)") == Approx(2.5 + 0.2 * 5));
  CHECK(loss_of("input(2) dense(1,l2=0.2,use_bias=false,trainable=false)") == Approx(2.5));
}

TEST_CASE("The loss of an epoch is weighted by the samples of its batches, not by their weights",
          "[host][nn]") {
  const auto model = model_of("input(1) dense(1,use_bias=false)", options_of("sgd", "mae"));
  model->tensors(Role::Weight)[0].data[0] = 0;
  const Rows rows{{{3, 1}, {1, 1, 1}}, {{3, 1}, {1, 3, 10}}, {1, 1, 5}};
  CHECK(kairos::tests::evaluate(*model, rows, 2)[0] == Approx((2.0 * 2 + 50) / 3));
}

TEST_CASE("Evaluation and inference change nothing", "[host][nn]") {
  const Rows rows = random_rows(20, 4, 3);
  const auto model = model_of(classifier, options_of("adam", "sparse_categorical_crossentropy"));
  const std::vector<float> before = kairos::tests::weights_of(*model);
  const std::vector<double> first = kairos::tests::evaluate(*model, rows, 6);
  const std::vector<float> predicted = kairos::tests::predict(*model, rows.x);
  CHECK(kairos::tests::evaluate(*model, rows, 20)[0] == Approx(first[0]));
  CHECK(predicted == kairos::tests::predict(*model, rows.x));
  CHECK(kairos::tests::weights_of(*model) == before);
  CHECK(model->iterations() == 0);
}

TEST_CASE("A layer that is not trainable keeps its weights and has no gradient or slot", "[host][nn]") {
  const Rows rows = random_rows(20, 4, 3);
  const auto model = model_of("input(4) dense(5,relu) dense(4,relu,trainable=false) dense(3,softmax)",
                              options_of("adam", "sparse_categorical_crossentropy"));
  CHECK(names_of(model->tensors(Role::Gradient)) ==
        std::vector<std::string>{"dense/kernel", "dense/bias", "dense_2/kernel", "dense_2/bias"});
  CHECK(model->tensors(Role::Slot).size() == 2 + 8);
  CHECK_FALSE(model->tensors(Role::Weight)[2].trainable);
  const std::vector<float> frozen = kairos::tests::copy_of(model->tensors(Role::Weight)[2]);
  const std::vector<float> before = kairos::tests::copy_of(model->tensors(Role::Weight)[0]);
  kairos::tests::train_epoch(*model, rows, 8);
  CHECK(kairos::tests::copy_of(model->tensors(Role::Weight)[2]) == frozen);
  CHECK(kairos::tests::copy_of(model->tensors(Role::Weight)[0]) != before);
}

TEST_CASE("An observer sees the gradients before the step and may change them", "[host][nn]") {
  struct Zero final : GradientObserver {
    explicit Zero(Model& m) : model(m) {}
    void gradients_ready() override {
      ++calls;
      for (const TensorRef& gradient : model.tensors(Role::Gradient)) {
        largest =
            std::max(largest, std::abs(*std::max_element(gradient.data, gradient.data + gradient.size())));
        std::fill_n(gradient.data, gradient.size(), 0.0F);
      }
      CHECK(model.tensors(Role::Input)[0].shape == std::vector<std::int64_t>{8, 4});
      CHECK(model.tensors(Role::Target)[0].shape == std::vector<std::int64_t>{8});
      CHECK(model.tensors(Role::Output)[0].shape == std::vector<std::int64_t>{8, 3});
    }
    Model& model;
    int calls = 0;
    float largest = 0;
  };
  const Rows rows = random_rows(8, 4, 3);
  const auto model = model_of(classifier, options_of("sgd", "sparse_categorical_crossentropy"));
  const std::vector<float> before = kairos::tests::weights_of(*model);
  Zero observer(*model);
  model->train_batch(rows.batch(0, 8), &observer);
  CHECK(observer.calls == 1);
  CHECK(observer.largest > 0);
  CHECK(kairos::tests::weights_of(*model) == before);
  CHECK(model->iterations() == 1);
}

TEST_CASE("Weights per timestep apply to the losses of an output over time", "[host][nn]") {
  const auto model = model_of("input(2,1) dense(1,use_bias=false)", options_of("sgd", "mse"));
  model->tensors(Role::Weight)[0].data[0] = 0;
  CHECK(model->targets()[0].shape == std::vector<std::int64_t>{2, 1});
  const std::vector<float> x{1, 1, 1, 1}, y{1, 2, 3, 4}, by_step{0, 1, 1, 0}, by_sample{1, 3};
  Batch batch{2, {x.data()}, {y.data()}, {{by_step.data(), 2}}};
  model->test_batch(batch);
  CHECK(kairos::tests::logs_of(*model)[0] == Approx((4 + 9) / 4.0));
  model->reset_logs();
  batch.weights = {{by_sample.data(), 1}};
  model->test_batch(batch);
  CHECK(kairos::tests::logs_of(*model)[0] == Approx((1 + 4 + 3 * 9 + 3 * 16) / 4.0));
}

TEST_CASE("A model without a loss can predict, but not train", "[host][nn]") {
  const Rows rows = random_rows(5, 4, 3);
  const auto model = model_of(classifier, options_of("adam", ""));
  CHECK(kairos::tests::predict(*model, rows.x).size() == 15);
  CHECK(model->targets().empty());
  CHECK(error_of([&] {
          model->train_batch(rows.batch(0, 5), nullptr);
          return 0;
        }) == "KAIROS-M051: model: it was compiled without a loss and can only predict. Give a loss.");
}

TEST_CASE("Incompatible options are refused by compile", "[host][nn]") {
  const auto refusal = [](const char* text, const CompileOptions& options) {
    return error_of([&] { return model_of(text, options); });
  };
  CHECK(refusal("input(3) dense(1,softmax)", options_of("adam", "binary_crossentropy")) ==
        "KAIROS-M032: layer \"dense\" (Dense): softmax over one unit is always 1; found 1 unit, expected a "
        "unit for each "
        "class. Use sigmoid, or one unit per class.");
  CHECK(refusal("input(3) dense(1) softmax", options_of("adam", "mse")).find("softmax over one unit") !=
        std::string::npos);
  CHECK(refusal("input(3) dense(1,sigmoid)", options_of("adam", "sparse_categorical_crossentropy"))
            .rfind("KAIROS-M032: loss sparse_categorical_crossentropy", 0) == 0);
  CHECK(refusal("input(3) dense(2)", options_of("adam", "mse", {"sparse_categorical_accuracy"}))
            .rfind("KAIROS-M041: metric sparse_categorical_accuracy", 0) == 0);
  CHECK(error_of([] { return loss_reduction("maen"); }) ==
        "KAIROS-M033: loss reduction: there is no reduction \"maen\". Did you mean \"mean\"?");
  CHECK(loss_reduction("mean_with_sample_weight") == LossReduction::MeanWithSampleWeight);
  CHECK(error_of([] { return precision("bfloat16"); }) ==
        "KAIROS-M034: precision: there is no precision \"bfloat16\". Known names: float32, bf16.");
  CHECK(precision("bf16") == Precision::Bf16);
  CHECK(precision("float32") == Precision::Float32);
}
