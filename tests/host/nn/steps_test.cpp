// SPDX-License-Identifier: MIT
// Update steps of several batches, frozen weights, and factors of the learning rate.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "compute/random.hpp"
#include "host/nn/batches.hpp"
#include "kairos/host/compile.hpp"

using namespace kairos::host;
using kairos::tests::copy_of;
using kairos::tests::Rows;
using kairos::tests::weights_of;

namespace {

constexpr const char* dense = "input(3) dense(5,tanh) dense(2)";
constexpr const char* sequence =
    "input(4) embedding(5,3,mask_zero=true) lstm(4,return_sequences=true) dense(2)";

CompileOptions options_of(const std::string& optimizer,
                          LossReduction reduction = LossReduction::SumOverBatchSize) {
  CompileOptions options;
  options.optimizer = optimizer;
  options.loss = "mse";
  options.loss_reduction = reduction;
  options.seed = 3;
  return options;
}

std::unique_ptr<Model> model_of(const std::string& text, const CompileOptions& options) {
  return compile({"", text, {}}, options);
}

/// Ten samples: a short last group.
Rows rows_of(const Model& model, const std::vector<float>& weights = {}) {
  RandomStream random(5);
  Rows rows;
  const auto fill = [&](Array& array, const Port& port, bool is_index) {
    array.shape = port.shape;
    array.shape.insert(array.shape.begin(), 10);
    std::int64_t n = 1;
    for (const std::int64_t dimension : array.shape) n *= dimension;
    for (std::int64_t i = 0; i < n; ++i)
      array.values.push_back(
          static_cast<float>(is_index ? std::floor(random.uniform() * 5) : 2 * random.normal()));
  };
  fill(rows.x, model.inputs().front(), model.inputs().front().shape == std::vector<std::int64_t>{4});
  fill(rows.y, model.targets().front(), false);
  rows.weights = weights;
  return rows;
}

/// One epoch of steps of `batches` batches.
void train_steps(Model& model, const Rows& rows, std::int64_t size, GradientObserver* observer = nullptr) {
  const std::int64_t samples = rows.x.rows();
  const std::int64_t count = (samples + size - 1) / size;
  for (std::int64_t i = 0; i < count; ++i) {
    if (i == 0 || !model.step_is_open()) model.begin_step(count - i);
    model.train_batch(rows.batch(i * size, std::min(size, samples - i * size)), observer);
  }
  CHECK_FALSE(model.step_is_open());
}

/// The weights after three epochs.
std::vector<float> trained(const char* text, const CompileOptions& options, const std::vector<float>& weights,
                           std::int64_t size, std::int64_t batches) {
  const auto model = model_of(text, options);
  model->step_control()->accumulate(batches);
  const Rows rows = rows_of(*model, weights);
  for (int epoch = 0; epoch < 3; ++epoch) train_steps(*model, rows, size);
  CHECK(model->iterations() == 6);
  return weights_of(*model);
}

/// Whether two lists of weights are the same to 1e-5 of the largest.
void check_alike(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  float largest = 0, difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(a[i]));
    difference = std::max(difference, std::abs(a[i] - b[i]));
  }
  CHECK(std::isfinite(largest));
  CHECK(difference <= 1e-5F * largest);
}

class Observer final : public GradientObserver {
 public:
  explicit Observer(std::function<void()> work) : work_(std::move(work)) {}
  void gradients_ready() override { work_(); }

 private:
  std::function<void()> work_;
};

std::vector<float> weight_of(Model& model, std::size_t index) {
  return copy_of(model.tensors(Role::Weight)[index]);
}

/// Some weights are 0, and all of a whole small batch.
const std::vector<float> uneven{0.5F, 2, 0, 1, 0, 0, 0, 0, 3, 0.25F};

}  // namespace

TEST_CASE("Two batches of 4 make the step of one batch of 8, with every optimizer", "[host][nn]") {
  const auto optimizer = GENERATE(
      as<std::string>(), "SGD(0.1)", "SGD(0.1,momentum=0.9,nesterov=true)", "RMSprop(0.01,centered=true)",
      "Adam(0.01,amsgrad=true)", "AdamW(0.01)", "Adamax(0.01)", "Nadam(0.01)", "Adagrad(0.1)", "Adadelta(1)",
      "Adafactor(0.01)", "Ftrl(0.1)", "Lamb(0.01)", "Lion(0.01)", "SGD(0.1,global_clipnorm=0.5)",
      "SGD(0.1,clipnorm=0.2)", "SGD(0.1,clipvalue=0.05)", "SGD(0.1,weight_decay=0.1)",
      "SGD(CosineDecay(0.1,decay_steps=5),use_ema=true,ema_momentum=0.5)");
  CAPTURE(optimizer);
  const auto reduction =
      GENERATE(LossReduction::SumOverBatchSize, LossReduction::MeanWithSampleWeight, LossReduction::Sum);
  CAPTURE(static_cast<int>(reduction));
  for (const char* text : {dense, sequence})
    for (const std::vector<float>& weights : {std::vector<float>(), uneven}) {
      CAPTURE(text, weights.size());
      const CompileOptions options = options_of(optimizer, reduction);
      check_alike(trained(text, options, weights, 4, 2), trained(text, options, weights, 8, 1));
    }
}

TEST_CASE("A step of several batches adds penalties and applies constraints once", "[host][nn]") {
  const auto text =
      GENERATE("input(3) dense(5,tanh,kernel_regularizer=l2) dense(2,kernel_constraint=unit_norm)",
               "input(3) dense(5,tanh,activity_regularizer=l2) dense(2)");
  const CompileOptions options = options_of("SGD(0.1)");
  check_alike(trained(text, options, uneven, 4, 2), trained(text, options, uneven, 8, 1));
  check_alike(trained(text, options, uneven, 2, 4), trained(text, options, uneven, 8, 1));
}

TEST_CASE("A group of one batch is a step without accumulation, to the bit", "[host][nn]") {
  const auto plain = model_of(dense, options_of("adam"));
  const auto grouped = model_of(dense, options_of("adam"));
  const Rows rows = rows_of(*plain);
  train_steps(*plain, rows, 4);
  grouped->step_control()->accumulate(1);
  train_steps(*grouped, rows, 4);
  CHECK(weights_of(*plain) == weights_of(*grouped));

  grouped->step_control()->accumulate(1000);  // more than an epoch has
  train_steps(*plain, rows, 10);
  train_steps(*grouped, rows, 10);
  CHECK(weights_of(*plain) == weights_of(*grouped));
}

TEST_CASE("The batches of a step draw different dropout", "[host][nn]") {
  const auto model = model_of("input(64) dropout(0.5) dense(1)", options_of("sgd(0)"));
  model->step_control()->accumulate(2);
  const Rows rows = rows_of(*model);
  model->begin_step(2);
  const auto output = [&] {
    model->train_batch(rows.batch(0, 2), nullptr);
    return copy_of(model->tensors(Role::Output).front());
  };
  const std::vector<float> first = output();
  CHECK(model->iterations() == 0);
  CHECK(output() != first);
  CHECK(model->iterations() == 1);
}

TEST_CASE("An open group keeps its size, and a new one drops its gradients", "[host][nn]") {
  const auto model = model_of(dense, options_of("sgd(0.1)"));
  const Rows rows = rows_of(*model);
  model->step_control()->accumulate(3);
  model->begin_step(5);
  model->train_batch(rows.batch(0, 2), nullptr);
  model->step_control()->accumulate(1);
  model->train_batch(rows.batch(2, 2), nullptr);
  CHECK(model->step_is_open());
  CHECK(model->iterations() == 0);
  model->train_batch(rows.batch(4, 2), nullptr);
  CHECK_FALSE(model->step_is_open());
  CHECK(model->iterations() == 1);

  const auto other = model_of(dense, options_of("sgd(0.1)"));
  other->step_control()->accumulate(2);
  other->begin_step(9);
  other->train_batch(rows.batch(6, 2), nullptr);
  other->step_control()->accumulate(3);
  other->begin_step(9);
  for (int i = 0; i < 3; ++i) other->train_batch(rows.batch(2 * i, 2), nullptr);
  CHECK(weights_of(*other) == weights_of(*model));
}

TEST_CASE("Training goes on inside a step bit for bit", "[host][nn]") {
  const auto text = GENERATE(as<std::string>(), "input(3) dense(5,tanh) dropout(0.3) dense(2)",
                             "input(3) dense(5,tanh,kernel_regularizer=l2) batchnorm dense(2)");
  const auto options = options_of("adam", LossReduction::MeanWithSampleWeight);
  const auto whole = model_of(text, options), first = model_of(text, options),
             second = model_of(text, options);
  const Rows rows = rows_of(*whole, uneven);
  const auto train = [&](Model& model, std::int64_t from, std::int64_t to) {
    for (std::int64_t i = from; i < to; ++i) {
      if (i == 0 || !model.step_is_open()) model.begin_step(5 - i);
      model.train_batch(rows.batch(2 * i, 2), nullptr);
    }
  };
  for (const auto& model : {whole.get(), first.get(), second.get()}) model->step_control()->accumulate(3);
  train(*whole, 0, 5);
  train(*first, 0, 2);
  const std::string state = first->training_state();
  second->step_control()->accumulate(2);  // from the next group on
  second->restore_training_state(state);
  CHECK(second->step_is_open());
  CHECK(second->training_state() == state);
  train(*second, 2, 5);
  CHECK(weights_of(*second) == weights_of(*whole));
  CHECK(second->iterations() == whole->iterations());

  for (const std::size_t length : {state.size() - 1, state.size() - 40})
    CHECK_THROWS(first->restore_training_state(state.substr(0, length)));
  CHECK(first->training_state() == state);
}

TEST_CASE("Gradients are shown once per step, complete, and a discarded step is not made", "[host][nn]") {
  const auto model = model_of(dense, options_of("adam"));
  const auto whole = model_of(dense, options_of("adam"));
  const Rows rows = rows_of(*model);
  std::vector<float> seen, expected;
  Observer grouped([&] {
    seen = copy_of(model->tensors(Role::Gradient).front());
    model->step_control()->discard();
  });
  Observer plain([&] { expected = copy_of(whole->tensors(Role::Gradient).front()); });
  const std::vector<float> before = weights_of(*model);
  model->step_control()->accumulate(2);
  model->begin_step(2);
  model->train_batch(rows.batch(0, 5), &grouped);
  CHECK(seen.empty());
  model->train_batch(rows.batch(5, 5), &grouped);
  whole->train_batch(rows.batch(0, 10), &plain);
  check_alike(seen, expected);
  CHECK(weights_of(*model) == before);
  CHECK(model->iterations() == 0);

  train_steps(*model, rows, 5);  // the next step is made
  CHECK(model->iterations() == 1);
  check_alike(weights_of(*model), weights_of(*whole));
}

TEST_CASE("Losses that do not add up are named", "[host][nn]") {
  const auto fault = [](const char* text, LossReduction reduction) {
    return model_of(text, options_of("sgd", reduction))->step_control()->accumulation_fault();
  };
  constexpr const char* penalized = "input(3) dense(2,activity_regularizer=l2)";
  CHECK(fault(penalized, LossReduction::SumOverBatchSize).empty());
  CHECK(fault(sequence, LossReduction::Sum).empty());
  CHECK(fault(penalized, LossReduction::Sum) ==
        "the gradient of a large batch is not the sum of those of small ones: output \"dense\" divides its "
        "loss by "
        "nothing, activity penalties are divided by the samples; expected one divisor for all, such as loss "
        "reduction sum_over_batch_size without masks");
  CHECK(fault(penalized, LossReduction::MeanWithSampleWeight) ==
        "the gradient of a large batch is not the sum of those of small ones: output \"dense\" divides its "
        "loss by "
        "its own mask or weights, activity penalties are divided by the samples; expected one divisor for "
        "all, such "
        "as loss reduction sum_over_batch_size without masks");
}

TEST_CASE("A frozen weight is not updated, decayed, clipped or constrained, and keeps its state",
          "[host][nn]") {
  const auto optimizer =
      GENERATE(as<std::string>(), "AdamW(0.01)", "SGD(0.1,momentum=0.9,global_clipnorm=0.1)",
               "SGD(0.1,momentum=0.5,use_ema=true,ema_overwrite_frequency=2)");
  const auto model =
      model_of("input(3) dense(5,tanh,kernel_regularizer=l2) dense(2,kernel_constraint=unit_norm)",
               options_of(optimizer));
  const Rows rows = rows_of(*model);
  train_steps(*model, rows, 4);
  std::vector<std::vector<float>> slots;
  const auto slots_of = [&] {
    slots.clear();
    for (const TensorRef& slot : model->tensors(Role::Slot))
      if (slot.name.find("dense_kernel") != std::string::npos) slots.push_back(copy_of(slot));
    return slots;
  };
  const auto kept = slots_of();
  REQUIRE_FALSE(kept.empty());
  const std::vector<float> kernel = weight_of(*model, 0), trained = weight_of(*model, 2);
  model->step_control()->freeze(0, true);
  Observer noise([&] {
    const TensorRef gradient = model->tensors(Role::Gradient).front();
    CHECK(copy_of(gradient) == std::vector<float>(15, 0.0F));
    std::fill_n(gradient.data, 15, std::numeric_limits<float>::quiet_NaN());  // reaches no norm and no weight
  });
  train_steps(*model, rows, 4, &noise);
  model->finish_training();
  CHECK(weight_of(*model, 0) == kernel);
  CHECK(slots_of() == kept);
  CHECK(weight_of(*model, 2) != trained);
  for (const float value : weights_of(*model)) REQUIRE(std::isfinite(value));

  model->step_control()->freeze(0, false);
  train_steps(*model, rows, 4);
  CHECK(weight_of(*model, 0) != kernel);
}

TEST_CASE("A weight that is frozen from the start has its value as average", "[host][nn]") {
  const auto model = model_of(dense, options_of("SGD(0.1,use_ema=true)"));
  const Rows rows = rows_of(*model);
  const std::vector<float> kernel = weight_of(*model, 0);
  model->step_control()->freeze(0, true);
  train_steps(*model, rows, 4);
  model->step_control()->freeze(0, false);
  model->finish_training();
  CHECK(weight_of(*model, 0) == kernel);
}

TEST_CASE("A frozen weight costs no penalty", "[host][nn]") {
  const auto model = model_of("input(3) dense(2,kernel_regularizer=l2)", options_of("sgd(0)"));
  const Rows rows = rows_of(*model);
  const auto loss = [&] {
    model->reset_logs();
    model->train_batch(rows.batch(0, 10), nullptr);
    return kairos::tests::logs_of(*model).front();
  };
  const double penalized = loss();
  double squares = 0;
  for (const float w : weight_of(*model, 0)) squares += static_cast<double>(w * w);
  model->step_control()->freeze(0, true);
  CHECK(loss() == Approx(penalized - 0.01 * squares));
}

TEST_CASE("A BatchNormalization whose weights are all frozen runs in inference mode", "[host][nn]") {
  const auto text =
      GENERATE("input(3) batchnorm dense(2)", "input(3) batchnorm(scale=false,center=false) dense(2)");
  const auto model = model_of(text, options_of("sgd(0.1)"));
  const Rows rows = rows_of(*model);
  const auto moving = [&] {
    std::vector<float> all;
    for (const TensorRef& buffer : model->tensors(Role::Buffer))
      all.insert(all.end(), buffer.data, buffer.data + buffer.size());
    return all;
  };
  std::vector<std::size_t> own;
  for (std::size_t i = 0; i < model->tensors(Role::Weight).size(); ++i)
    if (model->tensors(Role::Weight)[i].name.starts_with("batch")) own.push_back(i);
  train_steps(*model, rows, 4);
  const std::vector<float> before = moving();
  model->step_control()->freeze(own.front(), true);  // not all of them
  train_steps(*model, rows, 4);
  CHECK(moving() != before);

  for (const std::size_t i : own) model->step_control()->freeze(i, true);
  const std::vector<float> then = moving();
  model->train_batch(rows.batch(0, 4), nullptr);
  CHECK(moving() == then);
  model->step_control()->scale_rate(model->tensors(Role::Weight).size() - 2, 0);
  model->step_control()->scale_rate(model->tensors(Role::Weight).size() - 1, 0);
  model->train_batch(rows.batch(0, 4), nullptr);
  const std::vector<float> training = copy_of(model->tensors(Role::Output).front());
  model->test_batch(rows.batch(0, 4));
  CHECK(copy_of(model->tensors(Role::Output).front()) == training);

  for (const std::size_t i : own) model->step_control()->freeze(i, false);
  model->train_batch(rows.batch(0, 4), nullptr);
  CHECK(moving() != then);
}

TEST_CASE("A factor scales the learning rate of one weight, with every optimizer", "[host][nn]") {
  const auto name =
      GENERATE(as<std::string>(), "SGD(RATE)", "SGD(RATE,momentum=0.9)", "RMSprop(RATE)", "Adam(RATE)",
               "AdamW(RATE)", "Adamax(RATE)", "Nadam(RATE)", "Adagrad(RATE)", "Adafactor(RATE)", "Lamb(RATE)",
               "Lion(RATE)", "Adadelta(RATE)", "SGD(ExponentialDecay(RATE,decay_steps=2,decay_rate=0.5))");
  CAPTURE(name);
  const auto with = [&](const char* rate) {
    std::string text = name;
    return options_of(text.replace(text.find("RATE"), 4, rate));
  };
  // One step, so that the gradients of the first weight do not depend on the others' rates.
  const auto slow = model_of(dense, with("0.0625")), fast = model_of(dense, with("0.25"));
  const auto scaled = model_of(dense, with("0.25"));
  const Rows rows = rows_of(*slow);
  scaled->step_control()->scale_rate(0, 0.25);
  for (Model* model : {slow.get(), fast.get(), scaled.get()}) model->train_batch(rows.batch(0, 10), nullptr);
  CHECK(weight_of(*scaled, 0) == weight_of(*slow, 0));
  CHECK(weight_of(*scaled, 1) == weight_of(*fast, 1));
  CHECK(weight_of(*scaled, 2) == weight_of(*fast, 2));
  CHECK(scaled->hyper("learning_rate") == fast->hyper("learning_rate"));
}
