// SPDX-License-Identifier: MIT
// Limits the gradients of each step, by value or by norm.
#include <kairos/plugin.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

namespace kairos::plugins {

/// The arguments clipvalue, clipnorm and global_clipnorm of Keras 3.15's optimizers, for any optimizer, and
/// the infinity norm of PyTorch's clip_grad_norm_. Gradients that are NaN stay NaN, as in both. Norms are
/// summed in double, where Keras sums in float32. If the optimizer clips too, it does so afterwards.
struct GradientClipping : Callback<GradientClipping> {
  static constexpr auto id = "kairos.GradientClipping";
  static constexpr auto summary = "Limits the gradients of each step, by value or by norm.";
  static constexpr auto capabilities = Can::WriteGradients;
  static constexpr auto publishes = "gradient_norm,gradients_clipped";

  Option<double> clipvalue{this, "clipvalue", unset, "largest size of an element", above(0)};
  Option<double> clipnorm{this, "clipnorm", unset, "largest norm of the gradient of each weight", above(0)};
  Option<double> global_clipnorm{this, "global_clipnorm", unset, "largest norm of all gradients together",
                                 above(0)};
  Option<Choice> norm_type{this, "norm_type", "2", "the norm: 2, or inf for the largest size of an element",
                           choices("2,inf")};

  // Of the current epoch; saved, so that an epoch that is resumed has all its steps.
  State<double> norms{this, "norms", 0.0};
  State<std::int64_t> steps{this, "steps", 0};
  State<std::int64_t> clipped{this, "clipped", 0};

  void setup(Run&) {
    const int given =
        (clipvalue.is_set() ? 1 : 0) + (clipnorm.is_set() ? 1 : 0) + (global_clipnorm.is_set() ? 1 : 0);
    if (given != 1)
      throw Error(std::to_string(given) +
                  " of clipvalue, clipnorm and global_clipnorm are set; expected one. Set for example "
                  "global_clipnorm=1");
    for (const Option<double>* limit : {&clipvalue, &clipnorm, &global_clipnorm})
      if (limit->is_set() && !std::isfinite(limit->value()))
        throw Error(std::string(limit->declaration().name) + " is not finite. Set a number above 0");
  }

  void on_epoch_begin(Epoch&) {
    norms = 0;
    steps = 0;
    clipped = 0;
  }

  void on_backward_end(Batch& batch) {
    const std::uint32_t count = batch.tensor_count(Role::Gradient);
    double whole = 0;
    bool any = false;
    for (std::uint32_t i = 0; i < count; ++i) {
      const Tensor gradient = batch.tensor(Role::Gradient, i);
      const double size = norm(gradient);
      whole = inf() ? larger(whole, size) : whole + size * size;
      if (clipvalue.is_set() && clip_values(batch, i, gradient)) any = true;
      if (clipnorm.is_set() && size > clipnorm) {
        scale(batch, i, clipnorm / size);
        any = true;
      }
    }
    if (!inf()) whole = std::sqrt(whole);
    if (global_clipnorm.is_set() && whole > global_clipnorm) {
      for (std::uint32_t i = 0; i < count; ++i) scale(batch, i, global_clipnorm / whole);
      any = true;
    }
    norms += whole;
    ++steps;
    if (any) ++clipped;
  }

  void on_epoch_end(Epoch& epoch) {
    if (steps == 0) return;
    const auto all = static_cast<double>(steps.value());
    epoch.publish("gradient_norm", norms / all);
    epoch.publish("gradients_clipped", static_cast<double>(clipped.value()) / all);
  }

 private:
  [[nodiscard]] bool inf() const { return norm_type == "inf"; }

  /// The larger one; NaN if one is.
  static double larger(double a, double b) { return std::isnan(a) || a > b ? a : b; }

  [[nodiscard]] double norm(const Tensor& gradient) const {
    double sum = 0;
    for (const float value : gradient) {
      const auto x = static_cast<double>(value);
      sum = inf() ? larger(sum, std::fabs(x)) : sum + x * x;
    }
    return inf() ? sum : std::sqrt(sum);
  }

  static void scale(Batch& batch, std::uint32_t index, double factor) {
    const Tensor gradient = batch.tensor(Role::Gradient, index, Access::Write);
    float* const values = gradient.mutable_data();
    for (std::int64_t i = 0; i < gradient.size(); ++i)
      values[i] = static_cast<float>(static_cast<double>(values[i]) * factor);
  }

  /// False if nothing has to be changed.
  bool clip_values(Batch& batch, std::uint32_t index, const Tensor& gradient) const {
    const auto limit = static_cast<float>(clipvalue.value());
    if (std::none_of(gradient.begin(), gradient.end(), [limit](float x) { return std::fabs(x) > limit; }))
      return false;
    const Tensor writable = batch.tensor(Role::Gradient, index, Access::Write);
    float* const values = writable.mutable_data();
    for (std::int64_t i = 0; i < writable.size(); ++i)
      if (std::fabs(values[i]) > limit) values[i] = std::copysign(limit, values[i]);
    return true;
  }
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::GradientClipping)
