// SPDX-License-Identifier: MIT
// Creates losses by name, and reduces the losses of a batch to one number.
#include "nn/losses.hpp"

#include <fmt/format.h>
#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "kairos/host/error.hpp"
#include "nn/call_text.hpp"
#include "nn/keras/config_reader.hpp"
#include "nn/losses/loss_types.hpp"

namespace kairos::host {

const std::vector<LossType>& all_losses() {
  static const std::vector<LossType> types = [] {
    std::vector<LossType> all;
    for (auto family :
         {regression_losses, crossentropy_losses, hinge_losses, row_losses, focal_losses, overlap_losses})
      for (LossType& type : family()) all.push_back(std::move(type));
    return all;
  }();
  return types;
}

namespace {

const LossType* find_loss(std::string_view name) {
  for (const LossType& type : all_losses())
    if (std::find(type.names.begin(), type.names.end(), name) != type.names.end()) return &type;
  return nullptr;
}

/// Keras writes these arguments for every loss; they do not change it.
bool is_ignored(const CallArgument& argument) {
  if (argument.name == "name") return true;
  return argument.name == "dtype" && (argument.value == "float32" || value_json(argument.value).is_null());
}

/// A reduction with several names is written by the first.
constexpr std::array<std::pair<std::string_view, LossReduction>, 4> reductions{{
    {"sum_over_batch_size", LossReduction::SumOverBatchSize},
    {"mean_with_sample_weight", LossReduction::MeanWithSampleWeight},
    {"sum", LossReduction::Sum},
    {"mean", LossReduction::SumOverBatchSize},
}};

}  // namespace

bool is_loss_name(std::string_view name) {
  return find_loss(name) != nullptr;
}

std::vector<std::string> loss_names() {
  std::vector<std::string> names;
  for (const LossType& type : all_losses()) names.push_back(type.names.front());
  return names;
}

std::string outside_unit_interval(std::int64_t n, const float* target) {
  for (std::int64_t i = 0; i < n; ++i)
    if (!(target[i] >= 0 && target[i] <= 1)) return fmt::format("target {} is outside 0 … 1", target[i]);
  return "";
}

void refuse_output(std::string_view loss, const std::string& found, const std::string& expected,
                   const std::string& cure) {
  throw Error(ErrorKind::Model, {"KAIROS-M032", "loss " + std::string(loss),
                                 "it does not allow the model's output", found, expected, cure});
}

std::string units_text(std::int64_t features) {
  return fmt::format("{} unit{} in the last layer", features, features == 1 ? "" : "s");
}

std::string label_fault(std::int64_t features, float label) {
  if (!(label >= 0 && label <= static_cast<float>(features - 1)))
    return fmt::format("label {} is outside 0 … {}", label, features - 1);
  return label == std::floor(label) ? "" : fmt::format("label {} is not an integer", label);
}

std::string loss_class_name(std::string_view name) {
  const LossType* type = find_loss(name);
  return type == nullptr ? std::string(name) : type->names.back();
}

LossReduction loss_reduction(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& [text, reduction] : reductions) {
    if (name == text) return reduction;
    names.emplace_back(text);
  }
  if (name == "none" || name == "None" || name == "null")
    throw Error(ErrorKind::Model, {"KAIROS-M033", "loss reduction", "training needs one loss per batch", name,
                                   "a reduction", "Choose sum or sum_over_batch_size"});
  throw Error(ErrorKind::Model, {"KAIROS-M033", "loss reduction", "there is no reduction \"" + name + "\"",
                                 "", "", suggest(name, names)});
}

std::string_view reduction_name(LossReduction reduction) {
  return std::find_if(reductions.begin(), reductions.end(),
                      [&](const auto& one) { return one.second == reduction; })
      ->first;
}

std::optional<LossReduction> own_reduction(const CallText& loss) {
  for (const CallArgument& argument : loss.arguments)
    if (argument.name == "reduction" && argument.value != "auto")  // Keras 2's default
      return loss_reduction(argument.value);
  return std::nullopt;
}

std::unique_ptr<Loss> make_loss(std::string_view text) {
  CallText call = parse_call(text, "loss");
  std::erase_if(call.arguments, [](const CallArgument& argument) { return argument.name == "reduction"; });
  return make_loss(call);
}

std::unique_ptr<Loss> make_loss(const CallText& call) {
  const LossType* type = find_loss(call.name);
  if (type == nullptr)
    throw Error(ErrorKind::Model, {"KAIROS-M030", "loss", "there is no loss \"" + call.name + "\"", "", "",
                                   suggest(call.name, loss_names())});
  CallText meant = call;
  std::erase_if(meant.arguments, is_ignored);
  const nlohmann::json description = call_json(meant, "loss");
  ConfigReader config(description.at("config"), "loss " + call.name);
  std::unique_ptr<Loss> loss = type->make(config);
  config.finish();
  return loss;
}

ReducedLoss reduce_losses(LossReduction reduction, std::int64_t samples, std::int64_t rows_per_sample,
                          const float* each, const WeightView& weights, float* scale,
                          const WeightView& mask) {
  const std::int64_t rows = samples * rows_per_sample;
  if (weights.values != nullptr && weights.per_sample != 1 && weights.per_sample != rows_per_sample)
    throw Error(ErrorKind::Data, {"KAIROS-D301", "sample weights", "the weights do not match the output",
                                  fmt::format("{} weights per sample", weights.per_sample),
                                  rows_per_sample == 1 ? "one" : fmt::format("one or {}", rows_per_sample),
                                  "Give one weight per sample or one per timestep"});
  using Steps = Eigen::Map<Eigen::Array<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
  Eigen::Map<Eigen::ArrayXf> scales(scale, rows);
  scales.setOnes();
  const auto multiply = [&](const WeightView& view) {
    if (view.values == nullptr) return;
    const std::int64_t count = samples * view.per_sample;
    Steps(scale, count, rows_per_sample / view.per_sample).colwise() *=
        Eigen::Map<const Eigen::ArrayXf>(view.values, count);
  };
  multiply(mask);
  const double counted = scales.cast<double>().sum();
  multiply(weights);
  const auto exact = scales.cast<double>();
  const double divisor = reduction == LossReduction::Sum                    ? 1
                         : reduction == LossReduction::MeanWithSampleWeight ? exact.sum()
                                                                            : counted;
  const double factor = divisor == 0 ? 0.0 : 1.0 / divisor;
  const double total = (exact * Eigen::Map<const Eigen::ArrayXf>(each, rows).cast<double>()).sum();
  scales = (exact * factor).cast<float>();
  return {total * factor, divisor};
}

}  // namespace kairos::host
