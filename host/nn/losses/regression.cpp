// SPDX-License-Identifier: MIT
// Losses of regression.
#include <fmt/format.h>
#include <cmath>
#include <numbers>

#include "nn/losses/loss_types.hpp"
#include "nn/losses/mean_loss.hpp"

namespace kairos::host {

namespace {

/// Every number is a valid target.
struct AnyTarget {
  static std::string fault(float) { return ""; }
};

/// Keras clips negative targets to 0, or has no lower bound for them.
struct CountTarget {
  static std::string fault(float t) { return t >= 0 ? "" : fmt::format("target {} is negative", t); }
};

/// NaN stays NaN.
float sign_of(float x) {
  return x > 0 ? 1.0F : (x < 0 ? -1.0F : 0.0F * x);
}
float at_least(float least, float x) {
  return x < least ? least : x;
}

struct SquaredError : AnyTarget {
  static constexpr std::string_view name = "mean_squared_error";
  static float value(float t, float o) { return (t - o) * (t - o); }
  static float slope(float t, float o) { return 2 * (o - t); }
};

struct AbsoluteError : AnyTarget {
  static constexpr std::string_view name = "mean_absolute_error";
  static float value(float t, float o) { return std::abs(t - o); }
  static float slope(float t, float o) { return sign_of(o - t); }
};

struct PercentageError : AnyTarget {
  static constexpr std::string_view name = "mean_absolute_percentage_error";
  static float value(float t, float o) { return 100 * (std::abs(t - o) / unit(t)); }
  static float slope(float t, float o) { return 100 * sign_of(o - t) / unit(t); }

 private:
  static float unit(float t) { return at_least(loss_epsilon, std::abs(t)); }
};

struct SquaredLogarithmicError : CountTarget {
  static constexpr std::string_view name = "mean_squared_logarithmic_error";
  static float value(float t, float o) { return difference(t, o) * difference(t, o); }
  static float slope(float t, float o) { return o < loss_epsilon ? 0.0F : 2 * difference(t, o) / (o + 1); }

 private:
  static float difference(float t, float o) {
    return std::log(at_least(loss_epsilon, o) + 1) - std::log(at_least(loss_epsilon, t) + 1);
  }
};

struct HuberError : AnyTarget {
  static constexpr std::string_view name = "huber";
  float delta = 1;
  [[nodiscard]] float value(float t, float o) const {
    const float error = std::abs(o - t);
    return error <= delta ? 0.5F * error * error : delta * error - 0.5F * delta * delta;
  }
  [[nodiscard]] float slope(float t, float o) const {
    const float error = o - t;
    return error > delta ? delta : (error < -delta ? -delta : error);
  }
};

struct LogCosh : AnyTarget {
  static constexpr std::string_view name = "log_cosh";
  /// Large errors would overflow cosh.
  static float value(float t, float o) {
    const float error = std::abs(o - t);
    return error + std::log1p(std::exp(-2 * error)) - std::numbers::ln2_v<float>;
  }
  static float slope(float t, float o) { return std::tanh(o - t); }
};

struct Poisson : CountTarget {
  static constexpr std::string_view name = "poisson";
  static float value(float t, float o) { return o - t * std::log(o + loss_epsilon); }
  static float slope(float t, float o) { return 1 - t / (o + loss_epsilon); }
};

template <class Term>
std::unique_ptr<Loss> make(ConfigReader&) {
  return std::make_unique<MeanLoss<Term>>();
}

std::unique_ptr<Loss> make_huber(ConfigReader& config) {
  HuberError term;
  term.delta = static_cast<float>(config.number("delta", 1, {1e-30, 1e18}));
  return std::make_unique<MeanLoss<HuberError>>(term);
}

}  // namespace

std::vector<LossType> regression_losses() {
  return {
      {{"mean_squared_error", "mse", "MSE", "MeanSquaredError"}, make<SquaredError>},
      {{"mean_absolute_error", "mae", "MAE", "MeanAbsoluteError"}, make<AbsoluteError>},
      {{"mean_absolute_percentage_error", "mape", "MAPE", "MeanAbsolutePercentageError"},
       make<PercentageError>},
      {{"mean_squared_logarithmic_error", "msle", "MSLE", "MeanSquaredLogarithmicError"},
       make<SquaredLogarithmicError>},
      {{"huber", "huber_loss", "Huber"}, make_huber},
      {{"log_cosh", "logcosh", "LogCosh"}, make<LogCosh>},
      {{"poisson", "Poisson"}, make<Poisson>},
  };
}

}  // namespace kairos::host
