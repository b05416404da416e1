// SPDX-License-Identifier: MIT
// Update steps of optimizers, compiled for several levels of x86-64, like kernels.hpp. `w` is the weight, `g`
// the gradient; the rest is state. Formulas are Keras 3's in float32.
#pragma once

#include <cstdint>

namespace kairos::host {

struct AdamStep {
  float rate;  ///< includes the bias correction of both moments
  float one_minus_beta_1;
  float one_minus_beta_2;
  float epsilon;
};

struct RmspropStep {
  float rate;
  float rho;
  float one_minus_rho;
  float momentum;
  float epsilon;
};

struct AdamaxStep {
  float rate;
  float one_minus_beta_1;
  float beta_2;
  float bias;  ///< 1 - beta_1 to the power of the step
  float epsilon;
};

struct NadamStep {
  float rate;
  float one_minus_beta_1;
  float one_minus_beta_2;
  float epsilon;
  float of_momentum;  ///< bias-corrected coefficient of the next step's momentum
  float of_gradient;
  float velocity_bias;  ///< 1 - beta_2 to the power of the step
};

struct LambStep {
  float one_minus_beta_1;
  float one_minus_beta_2;
  float momentum_bias;  ///< 1 - beta_1 to the power of the step
  float velocity_bias;  ///< 1 - beta_2 to the power of the step
  float epsilon;
};

struct FtrlStep {
  float rate;
  float power;  ///< of the sum of squares: minus Keras' learning_rate_power
  float l1;
  float two_l2;         ///< with the share of beta
  float two_shrinkage;  ///< of l2_shrinkage_regularization_strength
};

struct UpdateKernels {
  void (*sgd)(std::int64_t n, float rate, const float* g, float* w);
  void (*momentum)(std::int64_t n, float rate, float momentum, const float* g, float* m, float* w);
  void (*nesterov)(std::int64_t n, float rate, float momentum, const float* g, float* m, float* w);
  void (*adam)(std::int64_t n, const AdamStep& step, const float* g, float* m, float* v, float* w);
  void (*amsgrad)(std::int64_t n, const AdamStep& step, const float* g, float* m, float* v, float* v_hat,
                  float* w);
  /// `momentum` is null without momentum; `mean`, of the gradient, is null unless centered is set.
  void (*rmsprop)(std::int64_t n, const RmspropStep& step, const float* g, float* velocity, float* momentum,
                  float* mean, float* w);
  void (*adagrad)(std::int64_t n, float rate, float epsilon, const float* g, float* sum, float* w);
  void (*adadelta)(std::int64_t n, float rate, float rho, float epsilon, const float* g, float* sum,
                   float* delta_sum, float* w);
  void (*adamax)(std::int64_t n, const AdamaxStep& step, const float* g, float* m, float* norm, float* w);
  void (*nadam)(std::int64_t n, const NadamStep& step, const float* g, float* m, float* v, float* w);
  void (*lion)(std::int64_t n, float rate, float beta_1, float beta_2, const float* g, float* m, float* w);
  /// Writes the direction of the step, whose length is that of the whole weight.
  void (*lamb)(std::int64_t n, const LambStep& step, const float* g, float* m, float* v, float* direction);
  void (*ftrl)(std::int64_t n, const FtrlStep& step, const float* g, float* sum, float* linear, float* w);
  /// sum += g * g
  void (*add_squares)(std::int64_t n, const float* g, float* sum);
  /// Adafactor: v = kept * v + (1 - kept) * (g * g + epsilon); direction = g / √v
  void (*factor_vector)(std::int64_t n, float kept, float epsilon, const float* g, float* v,
                        float* direction);
  /// Adafactor, a row of a matrix: v = row * columns; direction = g / √v
  void (*factor_row)(std::int64_t n, float row, const float* columns, const float* g, float* v,
                     float* direction);

  /// w -= w * decay * rate
  void (*decay)(std::int64_t n, float decay, float rate, float* w);
  /// average = kept * average + (1 - kept) * w
  void (*average)(std::int64_t n, float kept, const float* w, float* average);
  /// to = clamp(from, -limit, limit); NaN stays NaN.
  void (*clip)(std::int64_t n, float limit, const float* from, float* to);
  /// to = from * factor / divisor, rounded in that order.
  void (*scale)(std::int64_t n, float factor, float divisor, const float* from, float* to);
  /// sum = (g + sum) / divisor
  void (*mean)(std::int64_t n, float divisor, const float* g, float* sum);
};

/// The table for the highest level that this processor supports.
[[nodiscard]] const UpdateKernels& update_kernels() noexcept;

}  // namespace kairos::host
