// SPDX-License-Identifier: MIT
// Losses computed from the logits of a final softmax or sigmoid.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "host/nn/batches.hpp"
#include "host/nn/functional_json.hpp"
#include "host/nn/gradients.hpp"
#include "kairos/host/compile.hpp"

using namespace kairos::host;
using namespace kairos::tests;

namespace {

struct Case {
  std::string model;  ///< shorthand or JSON
  std::string loss;
};

std::unique_ptr<Model> model_of(const std::string& model, const std::string& loss,
                                Precision precision = Precision::Float32) {
  CompileOptions options;
  options.optimizer = "SGD(learning_rate=0.5)";
  options.loss = loss;
  options.precision = precision;
  return compile({"", model, {}}, options);
}

std::int64_t product(const std::vector<std::int64_t>& shape) {
  std::int64_t n = 1;
  for (const std::int64_t size : shape) n *= size;
  return n;
}

/// Three random samples with valid targets.
struct Samples {
  std::vector<float> x;
  std::vector<std::vector<float>> y;

  explicit Samples(const Model& model) {
    x = random_values(3 * product(model.inputs().front().shape), 21);
    for (const Port& target : model.targets()) {
      const auto output = std::find_if(model.outputs().begin(), model.outputs().end(),
                                       [&](const Port& one) { return one.name == target.name; });
      const std::int64_t n = 3 * product(target.shape);
      y.emplace_back();
      for (std::int64_t i = 0; i < n; ++i) {
        const bool labels = target.shape.size() < output->shape.size();
        const auto classes = static_cast<std::int64_t>(output->shape.back());
        y.back().push_back(static_cast<float>(labels ? (i * 5 + 1) % classes : (i * 7 + 1) % 3 == 0));
      }
    }
  }
  [[nodiscard]] Batch batch() const {
    Batch batch;
    batch.size = 3;
    batch.inputs = {x.data()};
    for (const auto& one : y) batch.targets.push_back(one.data());
    return batch;
  }
};

double loss_of(Model& model, const Batch& batch) {
  model.reset_logs();
  model.test_batch(batch);
  return logs_of(model).front();
}

/// Stores the gradients of a step and undoes the step.
struct Gradients : GradientObserver {
  explicit Gradients(Model& trained) : model(trained) {}
  void gradients_ready() override {
    for (const TensorRef& one : model.tensors(Role::Gradient)) values.push_back(copy_of(one));
  }
  Model& model;
  std::vector<std::vector<float>> values;
};

void check_by_differences(Model& model, const Samples& samples) {
  const Batch batch = samples.batch();
  const std::vector<TensorRef> weights(model.tensors(Role::Weight).begin(),
                                       model.tensors(Role::Weight).end());
  std::vector<std::vector<float>> before;
  for (const TensorRef& weight : weights) before.push_back(copy_of(weight));
  Gradients gradients(model);
  model.train_batch(batch, &gradients);
  for (std::size_t w = 0; w < weights.size(); ++w)
    std::copy(before[w].begin(), before[w].end(), weights[w].data);
  std::size_t trained = 0;
  for (const TensorRef& weight : weights) {
    if (!weight.trainable) continue;
    const std::vector<float>& gradient = gradients.values[trained++];
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      constexpr float h = 1e-2F;
      const float kept = weight.data[i];
      weight.data[i] = kept + h;
      const double up = loss_of(model, batch);
      weight.data[i] = kept - h;
      const double down = loss_of(model, batch);
      weight.data[i] = kept;
      INFO(weight.name << " " << i);
      REQUIRE(static_cast<double>(gradient[i]) ==
              Approx((up - down) / (2 * static_cast<double>(h))).epsilon(4e-3).margin(4e-3));
    }
  }
}

/// TimeDistributed around one layer, over 4 steps of 3 values.
std::string over_time(const json& inner) {
  return FunctionalJson()
      .input("in", {4, 3})
      .layer("Dense", "body", {{"units", 5}, {"activation", "tanh"}}, {{of("in")}})
      .layer("TimeDistributed", "steps", {{"layer", inner}}, {{of("body")}})
      .outputs({{"steps", 0}})
      .dump();
}

/// A softmax that is an output, the input of another layer, and penalized.
std::string shared_softmax() {
  return FunctionalJson()
      .input("in", {4})
      .layer("Dense", "kind",
             {{"units", 3},
              {"activation", "softmax"},
              {"activity_regularizer", {{"class_name", "L2"}, {"config", {{"l2", 0.3}}}}}},
             {{of("in")}})
      .layer("Dense", "amount", {{"units", 2}, {"activation", "sigmoid"}}, {{of("kind")}})
      .outputs({{"kind", 0}, {"amount", 0}})
      .dump();
}

}  // namespace

TEST_CASE("Gradients of a crossentropy from logits agree with finite differences", "[host][nn]") {
  const std::string sparse = "sparse_categorical_crossentropy", categorical = "categorical_crossentropy";
  const std::string binary = "binary_crossentropy";
  const std::vector<Case> cases{
      {"input(4) dense(3,softmax)", sparse},
      {"input(4) dense(3,softmax)", categorical + "(label_smoothing=0.2)"},
      {"input(4) dense(3) activation(softmax)", sparse},
      {"input(4) dense(5,tanh) dense(3) Softmax", categorical},
      {"input(4) dense(3,Softmax(name=a))", sparse},
      {"input(4) dense(3,sigmoid)", binary + "(label_smoothing=0.2)"},
      {"input(4) dense(3) activation(sigmoid)", binary},
      {"input(4) dense(3,softmax) activation(linear)", sparse},
      {"input(5,3) dense(4,softmax)", sparse},
      {"input(5,3) dense(2,sigmoid) flatten", binary},
      {"input(5,3) dense(4,softmax) reshape((1,5,4))", sparse},
      {"input(5,4,2) conv2d(3,2,softmax)", sparse},
      {"input(5,4,2) conv2d(1,2,sigmoid) flatten", binary},
      {over_time(dense("inner", 3, "softmax")), sparse},
      {over_time({{"class_name", "Activation"}, {"config", {{"name", "inner"}, {"activation", "sigmoid"}}}}),
       binary},
      // These do not use logits.
      {"input(4) dense(3,softmax)", binary},
      {"input(4) dense(3,sigmoid)", categorical},
      {"input(4) dense(4,softmax) reshape((2,2))", categorical},
      {"input(5,3) dense(4) Softmax(axis=[1,2])", categorical},
      {"input(5,3) simplernn(3,sigmoid)", binary},
  };
  for (const Case& one : cases) {
    INFO(one.model << " under " << one.loss);
    const auto model = model_of(one.model, one.loss);
    check_by_differences(*model, Samples(*model));
  }
}

TEST_CASE("A softmax that feeds more than its loss gets all of its gradients", "[host][nn]") {
  CompileOptions options;
  options.optimizer = "SGD(learning_rate=0.5)";
  options.outputs["kind"] = {"sparse_categorical_crossentropy", 0.5, {}, {}};
  options.outputs["amount"] = {"binary_crossentropy", 2.0, {}, {}};
  const auto model = compile({"", shared_softmax(), {}}, options);
  check_by_differences(*model, Samples(*model));
}

TEST_CASE("A duplicate output gets the gradients of both losses", "[host][nn]") {
  const std::string twice =
      FunctionalJson()
          .input("in", {4})
          .layer("Dense", "kind", {{"units", 3}, {"activation", "softmax"}}, {{of("in")}})
          .layer("Flatten", "same", json::object(), {{of("kind")}})
          .outputs({{"kind", 0}, {"same", 0}})
          .dump();
  for (const char* second : {"categorical_crossentropy", "mse"}) {
    INFO(second);
    CompileOptions options;
    options.optimizer = "SGD(learning_rate=0.5)";
    options.outputs["kind"] = {"sparse_categorical_crossentropy", {}, {}, {}};
    options.outputs["same"] = {second, 0.7, {}, {}};
    const auto model = compile({"", twice, {}}, options);
    check_by_differences(*model, Samples(*model));
  }
}

TEST_CASE("Extreme logits have a finite loss and the full gradient", "[host][nn]") {
  const auto train = [](const char* text, const char* loss, std::vector<float> target) {
    const auto model = model_of(text, loss);
    const TensorRef kernel = model->tensors(Role::Weight)[0];
    for (std::int64_t i = 0; i < kernel.size(); ++i) kernel.data[i] = i == 0 ? 1e4F : -1e4F;
    const std::vector<float> x{1};
    Batch batch;
    batch.size = 1;
    batch.inputs = {x.data()};
    batch.targets = {target.data()};
    Gradients gradients(*model);
    model->reset_logs();
    model->train_batch(batch, &gradients);
    return std::pair(logs_of(*model).front(), gradients.values.front());
  };
  const auto softmax = train("input(1) dense(3,softmax)", "sparse_categorical_crossentropy", {1});
  CHECK(softmax.first == Approx(2e4));
  CHECK(softmax.second == std::vector<float>{1, -1, 0});
  const auto layer = train("input(1) dense(3) activation(softmax)", "categorical_crossentropy", {0, 0, 1});
  CHECK(layer.first == Approx(2e4));
  CHECK(layer.second == std::vector<float>{1, 0, -1});
  const auto sigmoid = train("input(1) dense(2,sigmoid)", "binary_crossentropy", {0, 1});
  CHECK(sigmoid.first == Approx(1e4));
  CHECK(sigmoid.second == std::vector<float>{0.5F, -0.5F});
  const auto right = train("input(1) dense(2,sigmoid)", "binary_crossentropy", {1, 0});
  CHECK(right.first == 0.0);
  CHECK(right.second == std::vector<float>{0, 0});
  const auto logits = train("input(1) dense(3)", "sparse_categorical_crossentropy(from_logits=true)", {1});
  CHECK(logits == softmax);
}

TEST_CASE("Training with an activation is bit-identical to training on its logits", "[host][nn]") {
  struct Pair {
    const char *with, *without, *loss;
    const char* arguments;
  };
  for (const Pair& pair : {Pair{"input(4) dense(6,tanh) dense(3,softmax)", "input(4) dense(6,tanh) dense(3)",
                                "sparse_categorical_crossentropy", ""},
                           Pair{"input(4) dense(3) activation(softmax)", "input(4) dense(3)",
                                "categorical_crossentropy", "label_smoothing=0.1"},
                           Pair{"input(4) dense(3,sigmoid)", "input(4) dense(3)", "binary_crossentropy",
                                "label_smoothing=0.1"}}) {
    INFO(pair.with);
    const std::string arguments = pair.arguments;
    const auto with = model_of(pair.with, pair.loss + (arguments.empty() ? "" : "(" + arguments + ")"));
    const auto without = model_of(pair.without, std::string(pair.loss) + "(from_logits=true" +
                                                    (arguments.empty() ? "" : "," + arguments) + ")");
    const Samples samples(*with);
    Batch batch = samples.batch();
    const std::vector<float> weights{0.5F, 2, 1};
    batch.weights = {{weights.data(), 1}};
    for (int step = 0; step < 5; ++step) {
      with->train_batch(batch, nullptr);
      without->train_batch(batch, nullptr);
    }
    CHECK(weights_of(*with) == weights_of(*without));
    CHECK(logs_of(*with).front() == logs_of(*without).front());
    CHECK(loss_of(*with, batch) == loss_of(*without, batch));
  }
}

TEST_CASE("Callbacks and predictions get probabilities if the loss uses logits", "[host][nn]") {
  const auto model = model_of("input(4) dense(3,softmax)", "sparse_categorical_crossentropy");
  const Samples samples(*model);
  model->train_batch(samples.batch(), nullptr);
  const TensorRef output = model->tensors(Role::Output).front();
  for (std::int64_t row = 0; row < 3; ++row) {
    const float* p = output.data + row * 3;
    CHECK(p[0] + p[1] + p[2] == Approx(1));
    CHECK(*std::min_element(p, p + 3) > 0);
  }
  CompileOptions alone;
  const auto predictor = compile({"", "input(4) dense(3,softmax)", {}}, alone);
  for (std::size_t i = 0; i < 2; ++i)
    std::copy_n(model->tensors(Role::Weight)[i].data, model->tensors(Role::Weight)[i].size(),
                predictor->tensors(Role::Weight)[i].data);
  const Array x{{3, 4}, samples.x};
  CHECK(predict(*model, x) == predict(*predictor, x));
}

TEST_CASE("A layer that is not trained passes the gradient of its logits on", "[host][nn]") {
  const std::string frozen =
      FunctionalJson()
          .input("in", {4})
          .layer("Dense", "body", {{"units", 5}, {"activation", "tanh"}}, {{of("in")}})
          .layer("Dense", "kind", {{"units", 3}, {"activation", "softmax"}, {"trainable", false}},
                 {{of("body")}})
          .outputs({{"kind", 0}})
          .dump();
  const auto model = model_of(frozen, "sparse_categorical_crossentropy");
  check_by_differences(*model, Samples(*model));
  // And without trained layers before it.
  const auto nothing = model_of("input(4) activation(softmax)", "sparse_categorical_crossentropy");
  nothing->train_batch(Samples(*nothing).batch(), nullptr);
  CHECK(std::isfinite(logs_of(*nothing).front()));
}

TEST_CASE("A model warns if its loss does not match its activation", "[host][nn]") {
  const auto doubts = [](const char* model, const char* loss) {
    return model_of(model, loss)->training_doubts();
  };
  using Doubts = std::vector<std::string>;
  CHECK(
      doubts("input(4) dense(3)", "sparse_categorical_crossentropy") ==
      Doubts{"output \"dense\": sparse_categorical_crossentropy expects probabilities, but the last "
             "activation is linear. Write sparse_categorical_crossentropy(from_logits=true) or end the model "
             "with softmax"});
  CHECK(doubts("input(4) dense(1,tanh) reshape((1,1))", "binary_crossentropy") ==
        Doubts{"output \"reshape\": binary_crossentropy expects probabilities, but the last activation is "
               "tanh. Write binary_crossentropy(from_logits=true) or end the model with sigmoid"});
  CHECK(doubts("input(4) dense(3,softmax)", "categorical_crossentropy(from_logits=true)") ==
        Doubts{"output \"dense\": categorical_crossentropy with from_logits=true expects logits, but the "
               "last activation is softmax. Leave from_logits out, or the activation"});
  CHECK(doubts("input(4,2) lstm(1)", "binary_crossentropy").size() == 1);
  for (const auto& [model, loss] : std::vector<std::pair<const char*, const char*>>{
           {"input(4) dense(3,softmax)", "sparse_categorical_crossentropy"},
           {"input(4) dense(3,sparsemax)", "categorical_crossentropy"},
           {"input(4) dense(1,hard_sigmoid)", "binary_crossentropy"},
           {"input(4) dense(3,softmax) flatten", "sparse_categorical_crossentropy"},
           {"input(4) dense(3,tanh) rescaling(0.5,0.5)", "binary_crossentropy"},
           {"input(4) dense(3)", "sparse_categorical_crossentropy(from_logits=true)"},
           {"input(4) dense(3)", "mse"},
           {"input(4) dense(1)", "hinge"},
           {"input(4) dense(3,log_softmax)", "sparse_categorical_crossentropy(from_logits=true)"}}) {
    INFO(model << " under " << loss);
    CHECK(doubts(model, loss).empty());
  }
}
