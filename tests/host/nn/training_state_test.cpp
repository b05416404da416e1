// SPDX-License-Identifier: MIT
// A model that takes back its training state goes on bit for bit, also in the middle of an epoch.
#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "host/error_text.hpp"
#include "host/nn/batches.hpp"
#include "kairos/host/compile.hpp"
#include "nn/metrics.hpp"

using namespace kairos::host;
using namespace kairos::tests;

namespace {

Rows rows_of(std::int64_t features) {
  constexpr std::int64_t samples = 24;
  Rows rows;
  rows.x.shape = {samples, features};
  rows.y.shape = {samples};
  for (std::int64_t i = 0; i < samples; ++i) {
    for (std::int64_t f = 0; f < features; ++f)
      rows.x.values.push_back(std::sin(static_cast<float>(i * features + f)));
    rows.y.values.push_back(static_cast<float>(i % 3));
    rows.weights.push_back(static_cast<float>(i % 4) / 2);
  }
  return rows;
}

std::unique_ptr<Model> model_of(
    const std::string& optimizer,
    const std::string& layers = "dense(8,tanh) batchnorm dropout(0.3) dense(3,softmax)") {
  CompileOptions options;
  options.optimizer = optimizer;
  options.loss = "sparse_categorical_crossentropy";
  options.metrics = {"accuracy", "auc", "precision"};
  options.weighted_metrics = {"accuracy"};
  options.seed = 3;
  return compile({{}, layers, {4}}, options);
}

void train(Model& model, const Rows& rows, int first, int last) {
  constexpr std::int64_t size = 6;
  for (int i = first; i < last; ++i) model.train_batch(rows.batch(i % 4 * size, size), nullptr);
}

}  // namespace

TEST_CASE("A model goes on from its training state and the sums of its logs to the same bits", "[host][nn]") {
  for (const char* optimizer :
       {"sgd(momentum=0.9,nesterov=true)", "adam(amsgrad=true)", "adamw(clipnorm=0.5)", "adadelta(lr=0.5)",
        "rmsprop(centered=true,momentum=0.5)", "adagrad", "adamax", "nadam", "adam(use_ema=true)",
        "sgd(use_ema=true,ema_overwrite_frequency=3)",
        "adam(learning_rate=CosineDecay(0.05,decay_steps=9,warmup_target=0.1,warmup_steps=2))"}) {
    INFO(optimizer);
    const Rows rows = rows_of(4);
    const auto whole = model_of(optimizer);
    train(*whole, rows, 0, 7);
    if (whole->hyper_fault("learning_rate").empty()) whole->set_hyper("learning_rate", 0.0123);
    const std::string state = whole->training_state(), sums = whole->log_sums();
    train(*whole, rows, 7, 12);

    const auto other = model_of(optimizer);
    train(*other, rows, 2, 4);
    other->restore_training_state(state);
    other->restore_log_sums(sums);
    CHECK(other->training_state() == state);
    CHECK(other->iterations() == 7);
    train(*other, rows, 7, 12);
    CHECK(weights_of(*other) == weights_of(*whole));
    CHECK(other->training_state() == whole->training_state());
    CHECK(logs_of(*other) == logs_of(*whole));
    other->finish_training();
    whole->finish_training();
    CHECK(weights_of(*other) == weights_of(*whole));
  }
}

TEST_CASE("A step count above the integers of float32 is kept", "[host][nn]") {
  constexpr std::int64_t large = (std::int64_t{1} << 24) + 1;
  const auto model = model_of("adam"), other = model_of("adam");
  model->set_iterations(large);
  other->restore_training_state(model->training_state());
  CHECK(other->iterations() == large);
}

TEST_CASE("The training state of another model or optimizer changes nothing", "[host][nn]") {
  const auto model = model_of("adam");
  const std::string before = model->training_state();
  const auto refused = [&](const std::string& bytes) {
    const std::string error = error_of([&] { model->restore_training_state(bytes); });
    CHECK(model->training_state() == before);
    return error;
  };
  CHECK_THAT(refused(model_of("sgd")->training_state()),
             Catch::Contains("KAIROS-M141: saved training state: it is of another optimizer; found SGD, "
                             "expected Adam"));
  CHECK_THAT(
      refused(model_of("adam(amsgrad=true)")->training_state()),
      Catch::Contains("it is of another optimizer; found 19 variables of Adam, expected 13 variables"));
  CHECK_THAT(refused(model_of("adam", "dense(3,softmax)")->training_state()),
             Catch::Contains("it is of another model; found 2 weights, expected 8 weights"));
  CHECK_THAT(
      refused(model_of("adam", "dense(9,tanh) batchnorm dropout(0.3) dense(3,softmax)")->training_state()),
      Catch::Contains("it is of another model; found 36 values of"));
  for (const std::size_t cut : {std::size_t{0}, std::size_t{5}, std::size_t{40}, before.size() - 1})
    CHECK_THAT(refused(before.substr(0, cut)), Catch::Contains("KAIROS-M140"));
  CHECK_THAT(refused(before + "x"), Catch::Contains("KAIROS-M140"));
  CHECK_THAT(
      error_of([&] { model->restore_log_sums("short"); }),
      Catch::Contains("KAIROS-M141: saved sums of the logs: they are of another model; found 5 bytes"));
}

namespace {

/// A metric of three classes with the arguments that it requires.
std::string with_arguments(const std::string& name) {
  const auto ends = [&](const char* end) { return name.ends_with(end); };
  if (name.find("top_k") != std::string::npos) return name + "(k=2)";
  if (name == "binary_io_u") return name;
  if (ends("mean_io_u")) return name + "(num_classes=3,sparse_y_pred=false)";
  if (ends("io_u")) return name + "(num_classes=3,target_class_ids=[0,1],sparse_y_pred=false)";
  for (const char* bound : {"recall", "precision", "specificity", "sensitivity"})
    if (ends((std::string("_at_") + bound).c_str())) return name + "(" + bound + "=0.4)";
  return name;
}

}  // namespace

TEST_CASE("Every metric goes on from its sums", "[host][nn]") {
  const std::vector<float> output{0.1F, 0.7F, 0.2F, 0.5F, 0.3F, 0.2F, 0.2F, 0.3F, 0.5F, 0.6F, 0.3F, 0.1F};
  const std::vector<float> labels{1, 0, 0, 2}, one_hot{0, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1};
  for (const std::string& listed : metric_names())
    for (const TargetKind kind : {TargetKind::Label, TargetKind::Values}) {
      const std::string name = with_arguments(listed);
      std::unique_ptr<Metric> whole, other;
      try {
        whole = make_metric(name, {3, kind}).metric;
        other = make_metric(name, {3, kind}).metric;
      } catch (const Error&) {
        continue;  // it does not fit these targets
      }
      INFO(name);
      const std::vector<float>& target = kind == TargetKind::Label ? labels : one_hot;
      const std::int64_t width = kind == TargetKind::Label ? 1 : 3;
      const auto update = [&](Metric& metric, std::int64_t i) {
        metric.update({1, 1, 3, target.data() + i * width, output.data() + i * 3, {}});
      };
      std::vector<double> sums;
      update(*whole, 0);
      update(*whole, 1);
      whole->visit_sums([&](std::span<double> one) { sums.insert(sums.end(), one.begin(), one.end()); });
      update(*other, 3);
      std::size_t next = 0;
      other->visit_sums([&](std::span<double> one) {
        for (double& value : one) value = sums.at(next++);
      });
      CHECK(next == sums.size());
      CHECK(other->result() == whole->result());
      update(*whole, 2);
      update(*other, 2);
      CHECK(other->result() == whole->result());
    }
}
