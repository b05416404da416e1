// SPDX-License-Identifier: MIT
// What training changes in a model, as bytes. Everything is read and compared before anything is changed.
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_stream.hpp"
#include "kairos/host/error.hpp"
#include "kairos/host/ranks.hpp"
#include "nn/compiled_model.hpp"

namespace kairos::host {

namespace {

constexpr std::string_view magic = "KAIROS-TRAINING-1\n";

[[noreturn]] void damaged(const char* what) {
  throw Error(ErrorKind::Model,
              {"KAIROS-M140", what, "it cannot be read", "an end in the middle, or other bytes",
               "the bytes that a run of Kairos saved", "Go on from an older checkpoint"});
}

[[noreturn]] void refuse_model(const std::string& found, const std::string& expected) {
  throw Error(ErrorKind::Model, {"KAIROS-M141", "saved training state", "it is of another model", found,
                                 expected, "Continue with the model of the run"});
}

std::string weights_text(std::size_t n) {
  return std::to_string(n) + (n == 1 ? " weight" : " weights");
}

}  // namespace

std::string CompiledModel::training_state() {
  std::size_t expected = 0;
  for (const TensorRef& weight : weights_) expected += static_cast<std::size_t>(weight.size());
  for (const TensorRef& slot : optimizer_->slots()) expected += static_cast<std::size_t>(slot.size());
  constexpr std::size_t room = 4096;  // for lengths
  ByteWriter out(expected * sizeof(float) + room);
  out.raw(magic);
  out.number<std::uint64_t>(weights_.size());
  for (const TensorRef& weight : weights_)
    out.values(std::span<const float>(weight.data, static_cast<std::size_t>(weight.size())));
  optimizer_->save_state(out);
  out.number(batch_number_);
  group_.save_state(out);
  return std::move(out).take();
}

void CompiledModel::restore_training_state(std::string_view bytes) {
  constexpr const char* what = "saved training state";
  ByteReader in(bytes);
  if (in.raw(magic.size()) != magic) damaged(what);
  std::vector<std::string_view> values(in.count(sizeof(std::uint64_t)));
  for (std::string_view& one : values) one = in.text();
  if (!in.good()) damaged(what);
  if (values.size() != weights_.size())
    refuse_model(weights_text(values.size()), weights_text(weights_.size()));
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i].size() != static_cast<std::size_t>(weights_[i].size()) * sizeof(float))
      refuse_model(std::to_string(values[i].size() / sizeof(float)) + " values of " + weights_[i].name,
                   std::to_string(weights_[i].size()));
  const Optimizer::State optimizer = optimizer_->read_state(in);
  const auto batch_number = in.number<std::int64_t>();
  const std::optional<GradientGroup::State> group = group_.read_state(in);
  if (!group || !in.complete() || optimizer.iterations < 0 || batch_number < 0) damaged(what);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (!values[i].empty()) std::memcpy(weights_[i].data, values[i].data(), values[i].size());
  optimizer_->apply(optimizer);
  batch_number_ = batch_number;
  group_.apply(*group);
}

void CompiledModel::visit_sums(const SumVisitor& visit) {
  visit({&loss_sum_, 1});
  for (OutputLoss& output_loss : output_losses_) visit({&output_loss.loss_sum, 1});
  for (Head& head : heads_) head.visit_sums(visit);
}

std::string CompiledModel::log_sums() {
  ByteWriter out;
  with_all_sums([&] {
    out.number(samples_);
    visit_sums([&](std::span<double> sums) {
      for (const double one : sums) out.number(one);
    });
  });
  return std::move(out).take();
}

void CompiledModel::restore_log_sums(std::string_view bytes) {
  std::size_t expected = sizeof samples_;
  visit_sums([&](std::span<double> sums) { expected += sums.size_bytes(); });
  if (bytes.size() != expected)
    throw Error(ErrorKind::Model, {"KAIROS-M141", "saved sums of the logs", "they are of another model",
                                   std::to_string(bytes.size()) + " bytes", std::to_string(expected),
                                   "Continue with the losses and metrics of the run"});
  ByteReader in(bytes);
  samples_ = in.number<std::int64_t>();
  visit_sums([&](std::span<double> sums) {
    for (double& one : sums) one = in.number<double>();
  });
  if (ranks_ != nullptr && ranks_->rank() != 0) reset_logs();  // they were those of all ranks
}

}  // namespace kairos::host
