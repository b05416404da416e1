// SPDX-License-Identifier: MIT
// Trains, tests and predicts batch by batch, and shows its tensors to callbacks.
#include "nn/compiled_model.hpp"

#include <algorithm>
#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::host {

CompiledModel::CompiledModel(std::unique_ptr<Graph> graph, std::string name, const CompileOptions& options)
    : graph_(std::move(graph)),
      name_(std::move(name)),
      options_(options),
      optimizer_(make_optimizer(options.optimizer)) {
  log_keys_.push_back({"loss", Direction::Min});
  if (!options_.loss.empty()) {
    for (const Port& output : graph_->outputs()) {
      Head& head = heads_.emplace_back(output, options_);
      targets_.push_back(head.target());
      for (LogKey& key : head.metric_keys()) log_keys_.push_back(std::move(key));
    }
  }
  collect_parameters();
  list_batch_tensors();
}

CompiledModel::~CompiledModel() = default;

void CompiledModel::collect_parameters() {
  std::vector<TrainedWeight> trained;
  for (std::size_t i = 0; i < graph_->layer_count(); ++i) {
    Layer& layer = graph_->layer(i);
    for (Parameter& parameter : layer.parameters()) {
      const std::string path = layer.name() + "/" + parameter.name;
      weights_.push_back({path, parameter.shape, parameter.values.data(), parameter.trainable});
      if (parameter.kind == Parameter::Kind::State) buffers_.push_back(weights_.back());
      if (!parameter.trainable) continue;
      gradients_.push_back({path, parameter.shape, parameter.gradient.data(), true});
      trained_.push_back(&parameter);
      std::string slot_prefix = name_ + "_" + layer.name() + "_" + parameter.name;
      std::replace(slot_prefix.begin(), slot_prefix.end(), '/', '_');  // "lstm_cell/kernel"
      trained.push_back({&parameter, std::move(slot_prefix)});
    }
  }
  optimizer_->build(std::move(trained));
}

void CompiledModel::list_batch_tensors() {
  const auto list = [](std::span<const Port> ports, std::vector<TensorRef>& refs) {
    for (const Port& port : ports) {
      TensorRef ref{port.name, {0}, nullptr, false};
      ref.shape.insert(ref.shape.end(), port.shape.begin(), port.shape.end());
      refs.push_back(std::move(ref));
    }
  };
  list(graph_->inputs(), input_refs_);
  list(graph_->outputs(), output_refs_);
  list(targets_, target_refs_);
}

void CompiledModel::point_batch_tensors(const Batch& batch) {
  const auto point = [&](std::vector<TensorRef>& refs, std::size_t i, const float* data) {
    refs[i].shape.front() = batch.size;
    refs[i].data = const_cast<float*>(data);  // who may write is the business of whoever hands the view on
  };
  for (std::size_t i = 0; i < input_refs_.size(); ++i) point(input_refs_, i, batch.inputs[i]);
  for (std::size_t i = 0; i < output_refs_.size(); ++i) point(output_refs_, i, graph_->output(i));
  for (std::size_t i = 0; i < target_refs_.size(); ++i)
    point(target_refs_, i, batch.targets.empty() ? nullptr : batch.targets[i]);
}

std::span<const TensorRef> CompiledModel::tensors(Role role) {
  switch (role) {
    case Role::Weight:
      return weights_;
    case Role::Gradient:
      return gradients_;
    case Role::Buffer:
      return buffers_;
    case Role::Input:
      return input_refs_;
    case Role::Target:
      return target_refs_;
    case Role::Output:
      return output_refs_;
    case Role::Slot:
      return optimizer_->slots();
  }
  return {};
}

void CompiledModel::tensors_written(Role role) {
  if (role == Role::Slot) optimizer_->slots_written();
}

std::string CompiledModel::target_fault(std::size_t output, const float* target) const {
  return output < heads_.size() ? heads_[output].target_fault(target) : "";
}

void CompiledModel::reset_logs() {
  loss_sum_ = 0;
  samples_ = 0;
  for (Head& head : heads_) head.reset();
}

void CompiledModel::read_logs(std::span<double> values) {
  values[0] = samples_ == 0 ? 0.0 : loss_sum_ / static_cast<double>(samples_);
  double* next = values.data() + 1;
  for (const Head& head : heads_) next = head.read_metrics(next);
}

void CompiledModel::require_loss() const {
  if (heads_.empty())
    throw Error(ErrorKind::Model, {"KAIROS-M051", "model", "it was made without a loss and can only predict",
                                   "", "", "Give a loss"});
}

double CompiledModel::evaluate(const Batch& batch) {
  double loss = penalties();
  for (std::size_t i = 0; i < heads_.size(); ++i)
    loss +=
        heads_[i].evaluate(batch.size, batch.targets[i], graph_->output(i),
                           batch.weights.empty() ? WeightView{} : batch.weights[i], graph_->output_mask(i));
  return loss;
}

double CompiledModel::penalties() const {
  double sum = 0;
  for (std::size_t i = 0; i < graph_->layer_count(); ++i)
    for (const Parameter& parameter : graph_->layer(i).parameters())
      sum += parameter.regularizer.penalty(parameter.size(), parameter.values.data());
  return sum;
}

void CompiledModel::count_loss(double loss, std::int64_t samples) {
  loss_sum_ += loss * static_cast<double>(samples);
  samples_ += samples;
}

void CompiledModel::train_batch(const Batch& batch, GradientObserver* observer) {
  require_loss();
  const Pass pass{batch.size, Mode::Train, static_cast<std::uint64_t>(optimizer_->iterations())};
  graph_->forward(pass, batch.inputs);
  count_loss(evaluate(batch), batch.size);
  for (std::size_t i = 0; i < heads_.size(); ++i)
    heads_[i].gradient(batch.size, batch.targets[i], graph_->output(i), graph_->output_gradient(i));
  graph_->backward(pass);
  for (Parameter* parameter : trained_)
    parameter->regularizer.add_gradient(parameter->size(), parameter->values.data(),
                                        parameter->gradient.data());
  point_batch_tensors(batch);
  if (observer != nullptr) observer->gradients_ready();
  optimizer_->step();
}

void CompiledModel::test_batch(const Batch& batch) {
  require_loss();
  graph_->forward({batch.size, Mode::Infer, 0}, batch.inputs);
  count_loss(evaluate(batch), batch.size);
  point_batch_tensors(batch);
}

void CompiledModel::predict_batch(const Batch& batch, std::span<const float*> outputs) {
  graph_->forward({batch.size, Mode::Infer, 0}, batch.inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = graph_->output(i);
  point_batch_tensors(batch);
}

}  // namespace kairos::host
