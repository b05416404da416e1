// SPDX-License-Identifier: MIT
#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "host/nn/functional_json.hpp"
#include "host/temporary_directory.hpp"
#include "io/model_file.hpp"
#include "kairos/host/compile.hpp"

using namespace kairos::host;
using namespace kairos::tests;

namespace {

/// One input, the outputs kind (3 classes), amount and free.
std::unique_ptr<Model> model_of(const CompileOptions& options) {
  const json model =
      FunctionalJson()
          .input("in", {2})
          .layer("Dense", "body", {{"units", 4}, {"activation", "tanh"}, {"kernel_regularizer", "l2"}},
                 {{of("in")}})
          .layer("Dense", "kind", {{"units", 3}, {"activation", "softmax"}}, {{of("body")}})
          .layer("Dense", "amount", {{"units", 1}}, {{of("body")}})
          .layer("Dense", "free", {{"units", 2}, {"kernel_regularizer", "l2"}}, {{of("amount")}})
          .outputs({{"kind", 0}, {"amount", 0}, {"free", 0}});
  return compile({"", model.dump(), {}}, options);
}

CompileOptions two_losses() {
  CompileOptions options;
  options.optimizer = "SGD(learning_rate=0.5)";
  options.outputs["kind"] = {"sparse_categorical_crossentropy", {}, {"accuracy"}, {"accuracy"}};
  options.outputs["amount"] = {"Huber(delta=0.5)", 0.25, {"mae", "mae"}, {}};
  return options;
}

std::vector<std::string> keys_of(const Model& model) {
  std::vector<std::string> keys;
  for (const LogKey& key : model.log_keys()) keys.push_back(key.name);
  return keys;
}

struct Data {
  std::vector<float> x{0.5F, -1, 2, 0.25F, -0.5F, 1}, kind{0, 2, 1}, amount{1, -2, 0.5F};

  [[nodiscard]] Batch batch() const {
    Batch batch;
    batch.size = 3;
    batch.inputs = {x.data()};
    batch.targets = {kind.data(), amount.data()};
    return batch;
  }
};

double log_of(Model& model, const std::string& key) {
  const std::vector<std::string> keys = keys_of(model);
  const auto found = std::find(keys.begin(), keys.end(), key);
  REQUIRE(found != keys.end());
  return logs_of(model)[static_cast<std::size_t>(found - keys.begin())];
}

}  // namespace

TEST_CASE("Several outputs have log keys with their names, and know their direction", "[host][nn]") {
  const auto model = model_of(two_losses());
  CHECK(keys_of(*model) == std::vector<std::string>{"loss", "amount_loss", "amount_mae", "amount_mae_1",
                                                    "kind_accuracy", "kind_loss", "kind_weighted_accuracy"});
  CHECK(model->log_keys()[1].direction == Direction::Min);
  CHECK(model->log_keys()[4].direction == Direction::Max);
  REQUIRE(model->targets().size() == 2);
  CHECK(model->targets()[1].name == "amount");
  const float wrong = 7;
  CHECK(model->target_fault(0, &wrong) == "label 7 is outside 0 … 2");
  CHECK(model->target_fault(1, &wrong).empty());
}

TEST_CASE("One loss among several outputs has no key of its own, and its metrics the output's name",
          "[host][nn]") {
  CompileOptions options;
  options.outputs["amount"] = {"mse", {}, {"mae"}, {}};
  CHECK(keys_of(*model_of(options)) == std::vector<std::string>{"loss", "amount_mae"});
}

TEST_CASE("The loss is the sum of the weighted losses and the penalties", "[host][nn]") {
  const auto model = model_of(two_losses());
  const Data data;
  model->reset_logs();
  model->test_batch(data.batch());
  double penalty = 0;
  for (const TensorRef& weight : model->tensors(Role::Weight))
    if (weight.name == "body/kernel" || weight.name == "free/kernel")
      for (const float w : copy_of(weight)) penalty += 0.01 * static_cast<double>(w) * static_cast<double>(w);
  CHECK(log_of(*model, "loss") ==
        Approx(log_of(*model, "kind_loss") + 0.25 * log_of(*model, "amount_loss") + penalty).epsilon(1e-6));
}

TEST_CASE("A step follows the gradient of the weighted sum, an output without a loss only its penalty",
          "[host][nn]") {
  const Data data;
  const auto loss_at = [&](Model& model) {
    model.reset_logs();
    model.test_batch(data.batch());
    return logs_of(model)[0];
  };
  const auto model = model_of(two_losses());
  const auto moved = model_of(two_losses());
  moved->reset_logs();
  moved->train_batch(data.batch(), nullptr);
  moved->train_batch(data.batch(), nullptr);  // gradients without a loss must not accumulate
  const auto once = model_of(two_losses());
  once->train_batch(data.batch(), nullptr);
  for (std::size_t w = 0; w < model->tensors(Role::Weight).size(); ++w) {
    const TensorRef weight = model->tensors(Role::Weight)[w];
    const std::vector<float> before = copy_of(weight);
    const std::vector<float> after = copy_of(once->tensors(Role::Weight)[w]);
    for (std::size_t i = 0; i < before.size(); ++i) {
      constexpr float h = 1e-2F;
      weight.data[i] = before[i] + h;
      const double up = loss_at(*model);
      weight.data[i] = before[i] - h;
      const double down = loss_at(*model);
      weight.data[i] = before[i];
      INFO(weight.name << " " << i);
      CHECK(static_cast<double>(before[i] - after[i]) / 0.5 ==
            Approx((up - down) / (2 * static_cast<double>(h))).epsilon(1e-2).margin(4e-3));
    }
    if (weight.name == "free/kernel")
      CHECK(copy_of(moved->tensors(Role::Weight)[w])[0] == Approx(before[0] * 0.99F * 0.99F));
    if (weight.name == "free/bias") CHECK(copy_of(moved->tensors(Role::Weight)[w]) == before);
  }
}

TEST_CASE("A loss without a name applies to every output that has none", "[host][nn]") {
  CompileOptions options;
  options.loss = "mse";
  options.metrics = {"mae"};
  options.outputs["kind"].loss = "none";
  CHECK(keys_of(*model_of(options)) ==
        std::vector<std::string>{"loss", "amount_loss", "amount_mae", "free_loss", "free_mae"});
}

TEST_CASE("Invalid options of outputs are refused by name", "[host][nn]") {
  CompileOptions unknown, metrics, weight;
  unknown.outputs["kid"].loss = "mse";
  metrics.outputs["kind"].metrics = {"mae"};
  weight.loss = "mse";
  weight.outputs["kind"].loss_weight = std::numeric_limits<double>::quiet_NaN();
  CHECK(error_of([&] { return model_of(unknown); }) ==
        "KAIROS-M070: compile: the model has no output \"kid\". Did you mean \"kind\"?");
  CHECK(error_of([&] { return model_of(metrics); }) ==
        "KAIROS-M071: output \"kind\": metrics of an output without a loss are not supported; expected a "
        "loss. Give "
        "it a loss with the weight 0.");
  CHECK(error_of([&] { return model_of(weight); }) ==
        "KAIROS-M072: output \"kind\": its loss weight is not a finite number; found nan, expected a "
        "finite "
        "number. 1 leaves the loss as it is.");
}

TEST_CASE("A saved model contains the losses and metrics of each output", "[host][nn]") {
  const TemporaryDirectory directory;
  const std::string file = (directory / "m.h5").string();
  model_of(two_losses())->save(file, SaveContent::Model);
  const json training = json::parse(read_model_file(file).training_config_json);
  CHECK(training.at("loss").at("kind") == "sparse_categorical_crossentropy");
  CHECK(training.at("loss").at("amount").at("class_name") == "Huber");
  CHECK(training.at("loss").at("free").is_null());
  CHECK(training.at("loss_weights") == json::parse(R"({"kind": 1.0, "amount": 0.25, "free": 1.0})"));
  CHECK(training.at("metrics") == json::parse(R"({"kind": ["accuracy"], "amount": ["mae", "mae"]})"));
  CHECK(training.at("weighted_metrics") == json::parse(R"({"kind": ["accuracy"]})"));
}
