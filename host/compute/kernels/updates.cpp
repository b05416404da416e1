// SPDX-License-Identifier: MIT
// Compiled once per level; KAIROS_UPDATE_KERNELS is the name of the level's table (see CMakeLists.txt). The
// compiler vectorizes these loops.
#include "compute/kernels/updates.hpp"

namespace kairos::host {

namespace {

void sgd(std::int64_t n, float rate, const float* __restrict g, float* __restrict w) {
  for (std::int64_t i = 0; i < n; ++i) w[i] -= rate * g[i];
}

void momentum(std::int64_t n, float rate, float momentum, const float* __restrict g, float* __restrict m,
              float* __restrict w) {
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] = momentum * m[i] - rate * g[i];
    w[i] += m[i];
  }
}

void nesterov(std::int64_t n, float rate, float momentum, const float* __restrict g, float* __restrict m,
              float* __restrict w) {
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] = momentum * m[i] - rate * g[i];
    w[i] += momentum * m[i] - rate * g[i];
  }
}

void adam(std::int64_t n, const AdamStep& step, const float* __restrict g, float* __restrict m,
          float* __restrict v, float* __restrict w) {
  const AdamStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] += (g[i] - m[i]) * s.one_minus_beta_1;
    v[i] += (g[i] * g[i] - v[i]) * s.one_minus_beta_2;
    w[i] -= m[i] * s.rate / (__builtin_sqrtf(v[i]) + s.epsilon);
  }
}

void amsgrad(std::int64_t n, const AdamStep& step, const float* __restrict g, float* __restrict m,
             float* __restrict v, float* __restrict v_hat, float* __restrict w) {
  const AdamStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] += (g[i] - m[i]) * s.one_minus_beta_1;
    v[i] += (g[i] * g[i] - v[i]) * s.one_minus_beta_2;
    v_hat[i] = v_hat[i] > v[i] ? v_hat[i] : v[i];
    w[i] -= m[i] * s.rate / (__builtin_sqrtf(v_hat[i]) + s.epsilon);
  }
}

template <bool has_momentum, bool is_centered>
void rmsprop_loop(std::int64_t n, const RmspropStep& step, const float* __restrict g,
                  float* __restrict velocity, float* __restrict momentum, float* __restrict mean,
                  float* __restrict w) {
  const RmspropStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    velocity[i] = s.rho * velocity[i] + s.one_minus_rho * g[i] * g[i];
    float denominator = velocity[i] + s.epsilon;
    if constexpr (is_centered) {
      mean[i] = s.rho * mean[i] + s.one_minus_rho * g[i];
      denominator -= mean[i] * mean[i];
    }
    float increment = s.rate * g[i] / __builtin_sqrtf(denominator);
    if constexpr (has_momentum) {
      momentum[i] = s.momentum * momentum[i] + increment;
      increment = momentum[i];
    }
    w[i] -= increment;
  }
}

void rmsprop(std::int64_t n, const RmspropStep& step, const float* g, float* velocity, float* momentum,
             float* mean, float* w) {
  const auto loop = momentum == nullptr
                        ? (mean == nullptr ? rmsprop_loop<false, false> : rmsprop_loop<false, true>)
                        : (mean == nullptr ? rmsprop_loop<true, false> : rmsprop_loop<true, true>);
  loop(n, step, g, velocity, momentum, mean, w);
}

void adagrad(std::int64_t n, float rate, float epsilon, const float* __restrict g, float* __restrict sum,
             float* __restrict w) {
  for (std::int64_t i = 0; i < n; ++i) {
    sum[i] += g[i] * g[i];
    w[i] -= rate * g[i] / __builtin_sqrtf(sum[i] + epsilon);
  }
}

void adadelta(std::int64_t n, float rate, float rho, float epsilon, const float* __restrict g,
              float* __restrict sum, float* __restrict delta_sum, float* __restrict w) {
  const float rest = 1 - rho;
  for (std::int64_t i = 0; i < n; ++i) {
    sum[i] = rho * sum[i] + rest * (g[i] * g[i]);
    const float delta = -(__builtin_sqrtf(delta_sum[i] + epsilon) * g[i] / __builtin_sqrtf(sum[i] + epsilon));
    delta_sum[i] = rho * delta_sum[i] + rest * (delta * delta);
    w[i] += rate * delta;
  }
}

void adamax(std::int64_t n, const AdamaxStep& step, const float* __restrict g, float* __restrict m,
            float* __restrict norm, float* __restrict w) {
  const AdamaxStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] += (g[i] - m[i]) * s.one_minus_beta_1;
    const float faded = s.beta_2 * norm[i];
    const float magnitude = __builtin_fabsf(g[i]);
    // Written so that a NaN gradient is kept.
    norm[i] = faded > magnitude ? faded : magnitude;
    w[i] -= s.rate * m[i] / (s.bias * (norm[i] + s.epsilon));
  }
}

void nadam(std::int64_t n, const NadamStep& step, const float* __restrict g, float* __restrict m,
           float* __restrict v, float* __restrict w) {
  const NadamStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] += (g[i] - m[i]) * s.one_minus_beta_1;
    v[i] += (g[i] * g[i] - v[i]) * s.one_minus_beta_2;
    const float ahead = s.of_momentum * m[i] + s.of_gradient * g[i];
    w[i] -= ahead * s.rate / (__builtin_sqrtf(v[i] / s.velocity_bias) + s.epsilon);
  }
}

void decay(std::int64_t n, float decay, float rate, float* w) {
  for (std::int64_t i = 0; i < n; ++i) w[i] -= w[i] * decay * rate;
}

void average(std::int64_t n, float kept, const float* __restrict w, float* __restrict average) {
  for (std::int64_t i = 0; i < n; ++i) average[i] = kept * average[i] + (1 - kept) * w[i];
}

void clip(std::int64_t n, float limit, const float* __restrict from, float* __restrict to) {
  for (std::int64_t i = 0; i < n; ++i)
    to[i] = from[i] > limit ? limit : (from[i] < -limit ? -limit : from[i]);
}

void scale(std::int64_t n, float factor, float divisor, const float* __restrict from, float* __restrict to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] * factor / divisor;
}

}  // namespace

extern const UpdateKernels KAIROS_UPDATE_KERNELS;
const UpdateKernels KAIROS_UPDATE_KERNELS{sgd,      momentum, nesterov, adam,  amsgrad, rmsprop, adagrad,
                                          adadelta, adamax,   nadam,    decay, average, clip,    scale};

}  // namespace kairos::host
