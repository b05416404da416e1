// SPDX-License-Identifier: MIT
// The update loops. Branches on optional state are outside the hot loops.
#include "compute/update.hpp"

#include <cmath>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"

namespace kairos::host {

namespace {

/// Values per thread: fewer do not pay for a second thread.
constexpr std::int64_t min_part = 16384;

}  // namespace

void sgd_update(std::int64_t n, float rate, const float* g, float* w) noexcept {
  in_parallel(n, min_part, [=](std::int64_t begin, std::int64_t end) {
    kernels().sgd(end - begin, rate, g + begin, w + begin);
  });
}

void sgd_momentum_update(std::int64_t n, float rate, float momentum, Momentum kind, const float* g, float* m,
                         float* w) noexcept {
  const auto update = kind == Momentum::Nesterov ? kernels().nesterov : kernels().momentum;
  in_parallel(n, min_part, [=](std::int64_t begin, std::int64_t end) {
    update(end - begin, rate, momentum, g + begin, m + begin, w + begin);
  });
}

void adam_update(std::int64_t n, const AdamStep& step, const float* g, float* m, float* v, float* v_hat,
                 float* w) noexcept {
  if (v_hat == nullptr) {
    in_parallel(n, min_part, [=, &step](std::int64_t begin, std::int64_t end) {
      kernels().adam(end - begin, step, g + begin, m + begin, v + begin, w + begin);
    });
    return;
  }
  const AdamStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] += (g[i] - m[i]) * s.one_minus_beta_1;
    v[i] += (g[i] * g[i] - v[i]) * s.one_minus_beta_2;
    v_hat[i] = v_hat[i] > v[i] ? v_hat[i] : v[i];
    w[i] -= m[i] * s.rate / (std::sqrt(v_hat[i]) + s.epsilon);
  }
}

void rmsprop_update(std::int64_t n, const RmspropStep& step, const float* g, float* velocity, float* momentum,
                    float* mean, float* w) noexcept {
  const RmspropStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    velocity[i] = s.rho * velocity[i] + s.one_minus_rho * g[i] * g[i];
    float denominator = velocity[i] + s.epsilon;
    if (mean != nullptr) {
      mean[i] = s.rho * mean[i] + s.one_minus_rho * g[i];
      denominator -= mean[i] * mean[i];
    }
    float increment = s.rate * g[i] / std::sqrt(denominator);
    if (momentum != nullptr) {
      momentum[i] = s.momentum * momentum[i] + increment;
      increment = momentum[i];
    }
    w[i] -= increment;
  }
}

void adagrad_update(std::int64_t n, float rate, float epsilon, const float* g, float* sum,
                    float* w) noexcept {
  for (std::int64_t i = 0; i < n; ++i) {
    sum[i] += g[i] * g[i];
    w[i] -= rate * g[i] / std::sqrt(sum[i] + epsilon);
  }
}

void adadelta_update(std::int64_t n, float rate, float rho, float epsilon, const float* g, float* sum,
                     float* delta_sum, float* w) noexcept {
  const float rest = 1 - rho;
  for (std::int64_t i = 0; i < n; ++i) {
    sum[i] = rho * sum[i] + rest * (g[i] * g[i]);
    const float delta = -(std::sqrt(delta_sum[i] + epsilon) * g[i] / std::sqrt(sum[i] + epsilon));
    delta_sum[i] = rho * delta_sum[i] + rest * (delta * delta);
    w[i] += rate * delta;
  }
}

void adamax_update(std::int64_t n, const AdamaxStep& step, const float* g, float* m, float* norm,
                   float* w) noexcept {
  const AdamaxStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] += (g[i] - m[i]) * s.one_minus_beta_1;
    const float faded = s.beta_2 * norm[i];
    const float magnitude = std::abs(g[i]);
    // Written so that a NaN gradient is kept.
    norm[i] = faded > magnitude ? faded : magnitude;
    w[i] -= s.rate * m[i] / (s.bias * (norm[i] + s.epsilon));
  }
}

void nadam_update(std::int64_t n, const NadamStep& step, const float* g, float* m, float* v,
                  float* w) noexcept {
  const NadamStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] += (g[i] - m[i]) * s.one_minus_beta_1;
    v[i] += (g[i] * g[i] - v[i]) * s.one_minus_beta_2;
    const float ahead = s.of_momentum * m[i] + s.of_gradient * g[i];
    w[i] -= ahead * s.rate / (std::sqrt(v[i] / s.velocity_bias) + s.epsilon);
  }
}

void decay_weights(std::int64_t n, float decay, float rate, float* w) noexcept {
  for (std::int64_t i = 0; i < n; ++i) w[i] -= w[i] * decay * rate;
}

void clip_values(std::int64_t n, float limit, const float* from, float* to) noexcept {
  for (std::int64_t i = 0; i < n; ++i)
    to[i] = from[i] > limit ? limit : (from[i] < -limit ? -limit : from[i]);
}

void scale_values(std::int64_t n, float factor, float divisor, const float* from, float* to) noexcept {
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] * factor / divisor;
}

}  // namespace kairos::host
