// SPDX-License-Identifier: MIT
// One optimizer step on one weight tensor, with Keras 3's formulas in float32. `w` is the weight, `g` the
// gradient; the rest is state.
#pragma once

#include <cstdint>

namespace kairos::host {

void sgd_update(std::int64_t n, float rate, const float* g, float* w) noexcept;

enum class Momentum { Plain, Nesterov };
void sgd_momentum_update(std::int64_t n, float rate, float momentum, Momentum kind, const float* g, float* m,
                         float* w) noexcept;

struct AdamStep {
  float rate;  ///< includes the bias correction of both moments
  float one_minus_beta_1;
  float one_minus_beta_2;
  float epsilon;
};
/// `v_hat` is null unless amsgrad is set.
void adam_update(std::int64_t n, const AdamStep& step, const float* g, float* m, float* v, float* v_hat,
                 float* w) noexcept;

struct RmspropStep {
  float rate;
  float rho;
  float one_minus_rho;
  float momentum;
  float epsilon;
};
/// `momentum` is null without momentum; `mean`, of the gradient, is null unless centered is set.
void rmsprop_update(std::int64_t n, const RmspropStep& step, const float* g, float* velocity, float* momentum,
                    float* mean, float* w) noexcept;

void adagrad_update(std::int64_t n, float rate, float epsilon, const float* g, float* sum, float* w) noexcept;

void adadelta_update(std::int64_t n, float rate, float rho, float epsilon, const float* g, float* sum,
                     float* delta_sum, float* w) noexcept;

struct AdamaxStep {
  float rate;
  float one_minus_beta_1;
  float beta_2;
  float bias;  ///< 1 - beta_1 to the power of the step
  float epsilon;
};
void adamax_update(std::int64_t n, const AdamaxStep& step, const float* g, float* m, float* norm,
                   float* w) noexcept;

struct NadamStep {
  float rate;
  float one_minus_beta_1;
  float one_minus_beta_2;
  float epsilon;
  float of_momentum;  ///< bias-corrected coefficient of the next step's momentum
  float of_gradient;
  float velocity_bias;  ///< 1 - beta_2 to the power of the step
};
void nadam_update(std::int64_t n, const NadamStep& step, const float* g, float* m, float* v,
                  float* w) noexcept;

/// w -= w * decay * rate
void decay_weights(std::int64_t n, float decay, float rate, float* w) noexcept;
/// to = clamp(from, -limit, limit); NaN stays NaN.
void clip_values(std::int64_t n, float limit, const float* from, float* to) noexcept;
/// to = from * factor / divisor, rounded in that order.
void scale_values(std::int64_t n, float factor, float divisor, const float* from, float* to) noexcept;

}  // namespace kairos::host
