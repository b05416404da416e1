// SPDX-License-Identifier: MIT
// Trains, evaluates and predicts batch by batch, and exposes tensors to callbacks.
#include "nn/compiled_model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/printable.hpp"
#include "compute/activation.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/ranks.hpp"
#include "nn/output_options.hpp"

namespace kairos::host {

CompiledModel::CompiledModel(std::unique_ptr<Graph> graph, Architecture architecture,
                             const CompileOptions& options, UnknownKeys* unknown)
    : graph_(std::move(graph)),
      architecture_(std::move(architecture)),
      options_(options),
      optimizer_(make_optimizer(options.optimizer, unknown)) {
  make_heads();
  list_log_keys();
  collect_parameters();
  list_batch_tensors();
}

CompiledModel::~CompiledModel() = default;

void CompiledModel::make_heads() {
  const std::span<const Port> outputs = graph_->outputs();
  output_options_ = options_by_output(outputs, options_);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const CompileOptions& options = output_options_[i];
    if (options.loss.empty()) {
      graph_->ignore_output(i);
      continue;
    }
    const Head& head = heads_.emplace_back(outputs[i], options);
    targets_.push_back(head.target());
    if (!head.activation().empty()) graph_->learn_from_logits(i, head.activation());
    output_losses_.push_back({.output = i, .weight = options.loss_weight});
  }
}

/// As in Keras: with several losses each has its own key, and with several outputs all keys begin with the
/// output's name.
void CompiledModel::list_log_keys() {
  const bool several = graph_->outputs().size() > 1;
  std::vector<LogKey> raw;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    const std::string prefix = several ? targets_[i].name + "_" : "";
    if (heads_.size() > 1) raw.push_back({prefix + "loss", Direction::Min});
    for (LogKey& key : heads_[i].metric_keys()) raw.push_back({prefix + key.name, key.direction});
  }
  std::vector<std::size_t> order(raw.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (several)
    std::sort(order.begin(), order.end(),
              [&](std::size_t a, std::size_t b) { return raw[a].name < raw[b].name; });
  log_keys_.push_back({"loss", Direction::Min});
  log_indices_.resize(raw.size());
  for (const std::size_t i : order) {
    log_indices_[i] = log_keys_.size();
    log_keys_.push_back(raw[i]);
  }
  raw_logs_.resize(raw.size());
}

void CompiledModel::collect_parameters() {
  std::vector<TrainedWeight> trained;
  visit_layers(architecture_, [&](Layer& layer, const std::string& full_name, const std::string& path) {
    for (Parameter& parameter : layer.parameters()) {
      const std::string name = full_name + "/" + parameter.name;
      parameters_.push_back(&parameter);
      weights_.push_back({name, parameter.shape, parameter.values.data(), parameter.trainable});
      if (parameter.kind == Parameter::Kind::State) buffers_.push_back(weights_.back());
      if (!parameter.trainable) continue;
      gradients_.push_back({name, parameter.shape, parameter.gradient.data(), true});
      trained_.push_back(&parameter);
      std::string slot_prefix = path + "/" + parameter.name;  // the name may be "lstm_cell/kernel"
      std::replace(slot_prefix.begin(), slot_prefix.end(), '/', '_');
      trained.push_back({&parameter, std::move(slot_prefix)});
    }
  });
  optimizer_->build(std::move(trained));
  group_.build(trained_);
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
  for (const Port& target : targets_) {
    weight_refs_.push_back({target.name, {0}, nullptr, false});
    loss_refs_.push_back({target.name, {0}, nullptr, false});
  }
  last_weights_.resize(heads_.size());
}

namespace {

/// Whether target `i` holds probabilities in place of class numbers.
bool is_soft(const Batch& batch, std::size_t i) {
  return i < batch.soft.size() && batch.soft[i];
}

}  // namespace

void CompiledModel::set_batch_tensors(const Batch& batch) {
  const auto set = [&](std::vector<TensorRef>& refs, std::size_t i, const float* data) {
    refs[i].shape.front() = batch.size;
    refs[i].data = const_cast<float*>(data);  // code that passes the view on decides who may write
  };
  for (std::size_t i = 0; i < input_refs_.size(); ++i) set(input_refs_, i, batch.inputs[i]);
  for (std::size_t i = 0; i < output_refs_.size(); ++i) set(output_refs_, i, graph_->output(i));
  for (std::size_t i = 0; i < target_refs_.size(); ++i) {
    const Port& output = graph_->outputs()[output_losses_[i].output];
    const std::vector<std::int64_t>& shape = is_soft(batch, i) ? output.shape : targets_[i].shape;
    target_refs_[i].shape.resize(1);
    target_refs_[i].shape.insert(target_refs_[i].shape.end(), shape.begin(), shape.end());
    set(target_refs_, i, batch.targets.empty() ? nullptr : batch.targets[i]);
    last_weights_[i] = batch.weights.empty() ? WeightView{} : batch.weights[i];
  }
}

std::span<const TensorRef> CompiledModel::sample_weights() {
  for (std::size_t i = 0; i < weight_refs_.size(); ++i) {
    TensorRef& ref = weight_refs_[i];
    const std::int64_t samples = target_refs_[i].shape.front();
    const WeightView& view = last_weights_[i];
    ref.shape.assign(1, samples);
    if (view.values != nullptr && view.per_sample != 1) ref.shape.push_back(view.per_sample);
    ref.data = const_cast<float*>(view.values);  // read-only, as the batch
    if (view.values != nullptr) continue;
    ones_.reserve(samples);
    std::fill_n(ones_.data(), samples, 1.0F);
    ref.data = ones_.data();
  }
  return weight_refs_;
}

std::span<const TensorRef> CompiledModel::sample_losses() {
  if (!batch_loss_) return {};
  for (std::size_t i = 0; i < loss_refs_.size(); ++i) {
    const std::int64_t samples = target_refs_[i].shape.front();
    loss_refs_[i].shape.assign(1, samples);
    loss_refs_[i].data = heads_[i].sample_losses(samples, graph_->output_mask(output_losses_[i].output));
  }
  return loss_refs_;
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
    case Role::SampleWeight:
      return sample_weights();
    case Role::SampleLoss:
      return sample_losses();
  }
  return {};
}

void CompiledModel::tensors_written(Role role) {
  if (role == Role::Slot) optimizer_->slots_written();
}

std::string CompiledModel::target_fault(std::size_t output, const float* target) const {
  return output < heads_.size() ? heads_[output].target_fault(target) : "";
}

std::optional<std::int64_t> CompiledModel::classes(std::size_t index) const {
  if (index >= heads_.size()) return std::nullopt;
  if (!heads_[index].takes_probabilities()) return 0;
  return graph_->outputs()[output_losses_[index].output].shape.back();
}

std::vector<std::int64_t> CompiledModel::soft_target(std::size_t output) const {
  if (output >= heads_.size() || !heads_[output].takes_probabilities()) return {};
  return graph_->outputs()[output_losses_[output].output].shape;
}

std::string CompiledModel::soft_target_fault(std::size_t output, const float* target) const {
  return output < heads_.size() && heads_[output].takes_probabilities()
             ? heads_[output].soft_target_fault(target)
             : "";
}

namespace {

/// Why the loss does not match an output computed by the activation `last`; "" if it does.
std::string misunderstanding(const Loss& loss, const Activation& last) {
  const bool probabilities = returns_probabilities(last);
  const bool binary = loss.name().starts_with("binary_");
  if (loss.output_meaning() == OutputMeaning::Probabilities && !probabilities)
    return fmt::format(
        "{} expects probabilities, but the last activation is {}. Write {}(from_logits=true) "
        "or end the model with {}",
        loss.name(), last.name, loss.name(), binary ? "sigmoid" : "softmax");
  if (loss.output_meaning() == OutputMeaning::Logits && probabilities)
    return fmt::format(
        "{} with from_logits=true expects logits, but the last activation is {}. Leave "
        "from_logits out, or the activation",
        loss.name(), last.name);
  return "";
}

}  // namespace

std::vector<std::string> CompiledModel::training_doubts() const {
  std::vector<std::string> doubts;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    const Activation* last = graph_->last_activation(output_losses_[i].output);
    const std::string why = last == nullptr ? "" : misunderstanding(heads_[i].loss(), *last);
    if (!why.empty()) doubts.push_back("output \"" + targets_[i].name + "\": " + why);
  }
  if (!loaded_label().empty())
    doubts.push_back(
        "the weights in " + printable(loaded_.file) + " are \"" + printable(loaded_.label) +
        "\", which a callback had put in place of those that were trained, and the optimizer's "
        "state belongs to the trained ones. To continue that training, use a file or a resumed run "
        "with the trained weights");
  return doubts;
}

void CompiledModel::reset_logs() {
  loss_sum_ = 0;
  samples_ = 0;
  for (Head& head : heads_) head.reset();
  for (OutputLoss& output_loss : output_losses_) output_loss.loss_sum = 0;
}

void CompiledModel::write_logs(std::span<double> values) {
  const auto mean = [this](double sum) { return samples_ == 0 ? 0.0 : sum / static_cast<double>(samples_); };
  values[0] = mean(loss_sum_);
  double* next = raw_logs_.data();
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    if (heads_.size() > 1) *next++ = mean(output_losses_[i].loss_sum);
    next = heads_[i].read_metrics(next);
  }
  for (std::size_t i = 0; i < raw_logs_.size(); ++i) values[log_indices_[i]] = raw_logs_[i];
}

void CompiledModel::require_loss() const {
  if (heads_.empty())
    throw Error(ErrorKind::Model,
                {"KAIROS-M051", "model", "it was compiled without a loss and can only predict", "", "",
                 "Give a loss"});
}

double CompiledModel::evaluate(const Batch& batch) {
  for (std::size_t i = 0; i < heads_.size() && !batch.is_spare; ++i) {
    OutputLoss& output_loss = output_losses_[i];
    const Head::Goal goal{batch.targets[i], is_soft(batch, i),
                          batch.weights.empty() ? WeightView{} : batch.weights[i]};
    output_loss.loss = heads_[i].evaluate(batch.size, goal, graph_->output(output_loss.output),
                                          graph_->output_logits(output_loss.output),
                                          graph_->output_mask(output_loss.output));
  }
  find_shares(batch);
  double loss = (penalties() + graph_->output_penalties(batch.size)) * share_of(batch);
  for (OutputLoss& output_loss : output_losses_) {
    const double loss_of_output = output_loss.loss * output_loss.share;
    output_loss.loss_sum += loss_of_output * static_cast<double>(whole_size(batch));
    loss += output_loss.weight * loss_of_output;
  }
  return loss;
}

void CompiledModel::compute_gradient(std::size_t head, const Batch& batch) {
  const std::size_t output = output_losses_[head].output;
  const double factor = output_losses_[head].weight * output_losses_[head].share;
  float* const gradient = graph_->output_gradient(output);
  heads_[head].gradient(batch.size, batch.targets[head], graph_->output(output), gradient);
  if (factor == 1) return;
  const std::int64_t n = batch.size * size_of(graph_->outputs()[output].shape);
  for (std::int64_t i = 0; i < n; ++i) gradient[i] *= static_cast<float>(factor);
}

/// As in Keras 3, weights that are not trained have no penalty.
double CompiledModel::penalties() const {
  double sum = 0;
  for (const Parameter* parameter : trained_)
    if (!parameter->frozen)
      sum += parameter->regularizer.penalty(parameter->size(), parameter->values.data());
  return sum;
}

void CompiledModel::count_loss(double loss, const Batch& batch) {
  loss_sum_ += loss * static_cast<double>(whole_size(batch));
  if (!batch.is_spare) samples_ += batch.size;
  if (ranks_ != nullptr) ranks_->reduce(Reduction::Sum, {&loss, 1});
  batch_loss_ = loss;
}

void CompiledModel::train_batch(const Batch& batch, GradientObserver* observer) {
  require_loss();
  if (!loaded_.label.empty() && loaded_label() == loaded_.label) loaded_.trained_from = batch_number_;
  const GraphPass pass{batch.size, Mode::Train,    draw_number(),
                       ranks_,     batch.is_spare, options_.synchronizes_batch_norm};
  graph_->forward(pass, batch.inputs);
  count_loss(evaluate(batch), batch);
  // Layers may exchange sums with those of other ranks, so a spare part is passed back too; its share is 0.
  for (std::size_t i = 0; i < heads_.size(); ++i) compute_gradient(i, batch);
  graph_->backward(pass);
  if (ranks_ != nullptr) share_gradients(batch);
  ++batch_number_;
  set_batch_tensors(batch);
  if (group_.add(gradient_share(batch))) make_step(observer);
}

void CompiledModel::test_batch(const Batch& batch) {
  require_loss();
  graph_->forward({batch.size, Mode::Infer, 0}, batch.inputs);
  count_loss(evaluate(batch), batch);
  set_batch_tensors(batch);
}

void CompiledModel::measure_statistics(const Batch& batch, bool first) {
  if (first)
    visit_layers(architecture_,
                 [](Layer& layer, const std::string&, const std::string&) { layer.begin_statistics(); });
  graph_->forward({batch.size, Mode::Measure, 0}, batch.inputs);
}

void CompiledModel::predict_batch(const Batch& batch, std::span<const float*> outputs) {
  graph_->forward({batch.size, Mode::Infer, 0}, batch.inputs);
  for (std::size_t i = 0; i < outputs.size(); ++i) outputs[i] = graph_->output(i);
  batch_loss_.reset();
  set_batch_tensors(batch);
}

}  // namespace kairos::host
