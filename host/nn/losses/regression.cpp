// SPDX-License-Identifier: MIT
// Losses of regression. Their formulas are in compute/kernels/terms.cpp.
#include <fmt/format.h>

#include "nn/losses/loss_types.hpp"
#include "nn/losses/mean_loss.hpp"

namespace kairos::host {

namespace {

/// Keras clips negative targets to 0, or has no lower bound for them.
std::string negative_fault(float target) {
  return target >= 0 ? "" : fmt::format("target {} is negative", target);
}

std::unique_ptr<Loss> any_target(std::string_view name, Term term, float argument = 0) {
  return std::make_unique<TermLoss>(name, RowLoss{term, {argument}}, nullptr);
}

std::unique_ptr<Loss> count_target(std::string_view name, Term term) {
  return std::make_unique<TermLoss>(name, RowLoss{term}, negative_fault);
}

}  // namespace

std::vector<LossType> regression_losses() {
  return {
      {{"mean_squared_error", "mse", "MSE", "MeanSquaredError"},
       [](ConfigReader&) { return any_target("mean_squared_error", Term::SquaredError); }},
      {{"mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"},
       [](ConfigReader&) { return any_target("mean_absolute_error", Term::AbsoluteError); }},
      {{"mean_absolute_percentage_error", "mape", "MAPE", "MeanAbsolutePercentageError"},
       [](ConfigReader&) { return any_target("mean_absolute_percentage_error", Term::PercentageError); }},
      {{"mean_squared_logarithmic_error", "msle", "MSLE", "MeanSquaredLogarithmicError"},
       [](ConfigReader&) {
         return count_target("mean_squared_logarithmic_error", Term::SquaredLogarithmicError);
       }},
      {{"huber", "huber_loss", "Huber"},
       [](ConfigReader& config) {
         const auto delta = static_cast<float>(config.number("delta", 1, {1e-30, 1e18}));
         return any_target("huber", Term::Huber, delta);
       }},
      {{"log_cosh", "logcosh", "LogCosh"},
       [](ConfigReader&) { return any_target("log_cosh", Term::LogCosh); }},
      {{"poisson", "Poisson"}, [](ConfigReader&) { return count_target("poisson", Term::Poisson); }},
  };
}

}  // namespace kairos::host
