// SPDX-License-Identifier: MIT
#include "cases.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <span>

#include "compute/activation.hpp"
#include "compute/buffer.hpp"
#include "compute/engine.hpp"
#include "compute/random.hpp"
#include "nn/architecture.hpp"
#include "nn/losses.hpp"
#include "nn/metrics.hpp"
#include "nn/optimizer.hpp"

namespace kairos::bench {

namespace {

using namespace kairos::host;
using Visit = std::function<void(const Case&)>;

/// Uniform in least … most.
FloatBuffer values(std::int64_t n, double least, double most, std::uint64_t key) {
  RandomStream random(key);
  FloatBuffer buffer;
  buffer.reserve(n);
  for (std::int64_t i = 0; i < n; ++i)
    buffer.data()[i] = static_cast<float>(least + (most - least) * random.uniform());
  return buffer;
}

constexpr double of_float = sizeof(float);

void visit_activations(const Sizes& sizes, const Visit& visit) {
  const std::int64_t rows = sizes.batch * sizes.side * sizes.side, width = sizes.channels, n = rows * width;
  const FloatBuffer x = values(n, -4, 4, 1), y_gradient = values(n, -1, 1, 2);
  FloatBuffer y, x_gradient;
  y.reserve(n);
  x_gradient.reserve(n);
  for (const std::string& name : activation_names()) {
    const Activation& f = *find_activation(name);
    const float* const kept = f.needs == ActivationNeeds::Input ? x.data() : y.data();
    visit({"activation", name, n, 5 * of_float, [&] {
             f.forward(rows, width, x.data(), y.data());
             f.backward(rows, width, kept, y_gradient.data(), x_gradient.data());
           }});
  }
}

void visit_layer(const Sizes& sizes, const std::string& text, double arrays, const Visit& visit) {
  const Shape shape{sizes.side, sizes.side, sizes.channels};
  const std::int64_t n = sizes.batch * size_of(shape);
  const std::unique_ptr<Layer> layer = std::move(read_shorthand("input(1) " + text).layers.back().layer);
  ComputeEngine engine;
  const Shape out = layer->build(std::array{shape}, {engine, 7});
  layer->reserve(sizes.batch);
  const std::int64_t out_n = sizes.batch * size_of(out);
  const FloatBuffer x = values(n, -4, 4, 1);
  FloatBuffer y_gradient = values(out_n, -1, 1, 2), y, x_gradient;
  y.reserve(out_n);
  x_gradient.reserve(n);
  const std::array<const float*, 1> inputs{x.data()};
  const std::array<float*, 1> gradients{x_gradient.data()};
  const std::array<Mask, 1> masks{nullptr};
  const GraphPass pass{sizes.batch, Mode::Train, 3};
  visit({"layer", text, n, arrays * of_float, [&] {
           layer->forward(pass, {inputs, y.data(), masks, nullptr});
           layer->backward(pass, {inputs, y.data(), y_gradient.data(), gradients, masks});
         }});
}

/// Arrays of the input's size that are read or written, forward and backward.
void visit_layers(const Sizes& sizes, const Visit& visit) {
  visit_layer(sizes, "ReLU()", 5, visit);
  visit_layer(sizes, "ReLU(max_value=6)", 5, visit);
  visit_layer(sizes, "ReLU(max_value=6,negative_slope=0.1,threshold=0.5)", 5, visit);
  visit_layer(sizes, "LeakyReLU()", 5, visit);
  visit_layer(sizes, "ELU()", 5, visit);
  visit_layer(sizes, "Softmax()", 5, visit);
  visit_layer(sizes, "rescaling(0.5,1)", 4, visit);
  visit_layer(sizes, "dropout(0.3)", 7, visit);
  visit_layer(sizes, "batchnorm()", 8, visit);
  visit_layer(sizes, "layernorm()", 5, visit);
  visit_layer(sizes, "maxpool(2)", 2.75, visit);
  visit_layer(sizes, "avgpool(2)", 2.5, visit);
  visit_layer(sizes, "globalavgpool()", 2, visit);
}

struct Prediction {
  FloatBuffer target, label, output;
};

Prediction prediction(const Sizes& sizes) {
  const std::int64_t n = sizes.rows * sizes.features;
  Prediction p{values(n, 0, 1, 1), values(sizes.rows, 0, 1, 2), values(n, 0.01, 0.99, 3)};
  for (std::int64_t row = 0; row < sizes.rows; ++row) {
    float& label = p.label.data()[row];
    label = static_cast<float>(std::min<std::int64_t>(
        static_cast<std::int64_t>(label * static_cast<float>(sizes.features)), sizes.features - 1));
  }
  return p;
}

void visit_losses(const Sizes& sizes, const Visit& visit) {
  const std::int64_t n = sizes.rows * sizes.features;
  const Prediction p = prediction(sizes);
  const FloatBuffer scale = values(sizes.rows, 1, 1, 4);
  FloatBuffer each, gradient;
  each.reserve(sizes.rows);
  gradient.reserve(n);
  for (const std::string& name : loss_names()) {
    const std::unique_ptr<Loss> loss = make_loss(name);
    const bool labels = loss->target_kind() == TargetKind::Label;
    const float* const target = labels ? p.label.data() : p.target.data();
    visit({"loss", name, n, (labels ? 3 : 5) * of_float, [&] {
             loss->values(sizes.rows, sizes.features, target, p.output.data(), each.data());
             loss->gradient(sizes.rows, sizes.features, target, p.output.data(), scale.data(),
                            gradient.data());
           }});
  }
}

/// A metric with the arguments that it requires.
std::string with_arguments(const std::string& name, std::int64_t classes) {
  const std::string of_classes = "num_classes=" + std::to_string(classes);
  const std::map<std::string, std::string> required{
      {"io_u", of_classes + ",target_class_ids=[0],sparse_y_true=false,sparse_y_pred=false"},
      {"mean_io_u", of_classes + ",sparse_y_true=false,sparse_y_pred=false"},
      {"one_hot_io_u", of_classes + ",target_class_ids=[0]"},
      {"one_hot_mean_io_u", of_classes},
      {"binary_io_u", "threshold=0.5"},
      {"precision_at_recall", "recall=0.5"},
      {"recall_at_precision", "precision=0.5"},
      {"sensitivity_at_specificity", "specificity=0.5"},
      {"specificity_at_sensitivity", "sensitivity=0.5"}};
  const auto found = required.find(name);
  return found == required.end() ? name : name + "(" + found->second + ")";
}

void visit_metrics(const Sizes& sizes, const Visit& visit) {
  const Prediction p = prediction(sizes);
  std::vector<std::string> seen;
  for (const std::string& name : metric_names()) {
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) continue;
    seen.push_back(name);
    const bool labels = name.rfind("sparse_", 0) == 0 ||
                        (is_loss_name(name) && make_loss(name)->target_kind() == TargetKind::Label);
    const NamedMetric metric = make_metric(with_arguments(name, sizes.features),
                                           {sizes.features, labels ? TargetKind::Label : TargetKind::Values});
    const MetricBatch batch{sizes.rows,      1, sizes.features, labels ? p.label.data() : p.target.data(),
                            p.output.data(), {}};
    visit({"metric", name, sizes.rows * sizes.features, (labels ? 1 : 2) * of_float,
           [&] { metric.metric->update(batch); }});
  }
}

void visit_optimizer(const Sizes& sizes, const std::string& text, double arrays, const Visit& visit) {
  Parameter weight;
  weight.name = "kernel";
  weight.shape = {sizes.parameters};
  weight.values = values(sizes.parameters, -1, 1, 1);
  weight.gradient = values(sizes.parameters, -1, 1, 2);
  const std::unique_ptr<Optimizer> optimizer = make_optimizer(text);
  optimizer->build({{&weight, "kernel"}});
  visit({"optimizer", text, sizes.parameters, arrays * of_float, [&] { optimizer->step(); }});
}

/// Arrays of the weight's size that are read or written by a step.
void visit_optimizers(const Sizes& sizes, const Visit& visit) {
  visit_optimizer(sizes, "SGD()", 3, visit);
  visit_optimizer(sizes, "SGD(momentum=0.9)", 5, visit);
  visit_optimizer(sizes, "SGD(momentum=0.9,nesterov=true)", 5, visit);
  visit_optimizer(sizes, "RMSprop()", 5, visit);
  visit_optimizer(sizes, "RMSprop(momentum=0.9,centered=true)", 9, visit);
  visit_optimizer(sizes, "Adagrad()", 5, visit);
  visit_optimizer(sizes, "Adadelta()", 7, visit);
  visit_optimizer(sizes, "Adam()", 7, visit);
  visit_optimizer(sizes, "Adam(amsgrad=true)", 9, visit);
  visit_optimizer(sizes, "AdamW()", 7, visit);
  visit_optimizer(sizes, "Adamax()", 7, visit);
  visit_optimizer(sizes, "Nadam()", 7, visit);
  visit_optimizer(sizes, "Lion()", 5, visit);
  visit_optimizer(sizes, "Ftrl()", 7, visit);
  visit_optimizer(sizes, "Lamb()", 11, visit);
  visit_optimizer(sizes, "Adafactor()", 9, visit);
  visit_optimizer(sizes, "Adam(clipvalue=0.5)", 7, visit);
  visit_optimizer(sizes, "Adam(clipnorm=1)", 8, visit);
  visit_optimizer(sizes, "Adam(global_clipnorm=1)", 8, visit);
  visit_optimizer(sizes, "Adam(use_ema=true)", 9, visit);
}

}  // namespace

void each_case(const Sizes& sizes, const Visit& visit) {
  visit_activations(sizes, visit);
  visit_layers(sizes, visit);
  visit_losses(sizes, visit);
  visit_metrics(sizes, visit);
  visit_optimizers(sizes, visit);
}

}  // namespace kairos::bench
