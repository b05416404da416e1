// SPDX-License-Identifier: MIT
// Finds a loss by what the user wrote, and makes one number of a batch.
#include "nn/losses.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "kairos/host/error.hpp"
#include "nn/call_text.hpp"
#include "nn/keras/config_reader.hpp"
#include "nn/losses/loss_types.hpp"

namespace kairos::host {

namespace {

const std::vector<LossType>& loss_types() {
  static const std::vector<LossType> types = [] {
    std::vector<LossType> all;
    for (auto family : {regression_losses, crossentropy_losses, hinge_losses, row_losses})
      for (LossType& type : family()) all.push_back(std::move(type));
    return all;
  }();
  return types;
}

const LossType* find_loss(std::string_view name) {
  for (const LossType& type : loss_types())
    if (std::find(type.names.begin(), type.names.end(), name) != type.names.end()) return &type;
  return nullptr;
}

/// What Keras writes of every loss.
bool says_nothing(const CallArgument& argument) {
  if (argument.name == "name") return true;
  return argument.name == "dtype" && (argument.value == "float32" || value_json(argument.value).is_null());
}

/// The first of several names is the one that is written.
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
  for (const LossType& type : loss_types()) names.push_back(type.names.front());
  return names;
}

std::string outside_unit_interval(std::int64_t n, const float* target) {
  for (std::int64_t i = 0; i < n; ++i)
    if (!(target[i] >= 0 && target[i] <= 1)) return fmt::format("target {} is outside 0 … 1", target[i]);
  return "";
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
    throw Error(ErrorKind::Model,
                {"KAIROS-M033", "loss reduction", "without one, each sample keeps a loss of its own", name,
                 "one number to train by", "Choose sum or sum_over_batch_size"});
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
    if (argument.name == "reduction" && argument.value != "auto")  // Keras 2's word for its default
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
  std::erase_if(meant.arguments, says_nothing);
  const nlohmann::json description = call_json(meant, "loss");
  ConfigReader config(description.at("config"), "loss " + call.name);
  std::unique_ptr<Loss> loss = type->make(config);
  config.finish();
  return loss;
}

double reduce_losses(LossReduction reduction, std::int64_t samples, std::int64_t rows_per_sample,
                     const float* each, const WeightView& weights, float* scale, const WeightView& mask) {
  const std::int64_t rows = samples * rows_per_sample;
  if (weights.values != nullptr && weights.per_sample != 1 && weights.per_sample != rows_per_sample)
    throw Error(ErrorKind::Data, {"KAIROS-D301", "sample weights", "the weights do not fit the output",
                                  fmt::format("{} weights per sample", weights.per_sample),
                                  rows_per_sample == 1 ? "one" : fmt::format("one or {}", rows_per_sample),
                                  "Give one weight per sample or one per timestep"});
  const std::int64_t rows_per_weight = rows_per_sample / weights.per_sample;
  const std::int64_t rows_per_step = rows_per_sample / mask.per_sample;
  double total = 0;
  double weight_sum = 0;
  double counted = 0;
  for (std::int64_t row = 0; row < rows; ++row) {
    const float counts = mask.values == nullptr ? 1.0F : mask.values[row / rows_per_step];
    scale[row] = weights.values == nullptr ? counts : counts * weights.values[row / rows_per_weight];
    counted += static_cast<double>(counts);
    total += static_cast<double>(scale[row]) * static_cast<double>(each[row]);
    weight_sum += static_cast<double>(scale[row]);
  }
  const double divisor = reduction == LossReduction::Sum                    ? 1
                         : reduction == LossReduction::MeanWithSampleWeight ? weight_sum
                                                                            : counted;
  const double factor = divisor == 0 ? 0.0 : 1.0 / divisor;
  for (std::int64_t row = 0; row < rows; ++row)
    scale[row] = static_cast<float>(static_cast<double>(scale[row]) * factor);
  return total * factor;
}

}  // namespace kairos::host
