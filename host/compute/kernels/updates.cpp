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

/// The sign of NaN is NaN.
void lion(std::int64_t n, float rate, float beta_1, float beta_2, const float* __restrict g,
          float* __restrict m, float* __restrict w) {
  const float rest_1 = 1 - beta_1, rest_2 = 1 - beta_2;
  for (std::int64_t i = 0; i < n; ++i) {
    const float ahead = m[i] * beta_1 + g[i] * rest_1;
    w[i] -= rate * (ahead > 0 ? 1.0F : (ahead < 0 ? -1.0F : ahead));
    m[i] = m[i] * beta_2 + g[i] * rest_2;
  }
}

void lamb(std::int64_t n, const LambStep& step, const float* __restrict g, float* __restrict m,
          float* __restrict v, float* __restrict direction) {
  const LambStep s = step;
  for (std::int64_t i = 0; i < n; ++i) {
    m[i] += (g[i] - m[i]) * s.one_minus_beta_1;
    v[i] += (g[i] * g[i] - v[i]) * s.one_minus_beta_2;
    direction[i] = (m[i] / s.momentum_bias) / (__builtin_sqrtf(v[i] / s.velocity_bias) + s.epsilon);
  }
}

template <bool is_root>
void ftrl_loop(std::int64_t n, const FtrlStep& step, const float* __restrict g, float* __restrict sum,
               float* __restrict linear, float* __restrict w) {
  const FtrlStep s = step;
  const auto power = [&](float value) {
    return is_root ? __builtin_sqrtf(value) : __builtin_powf(value, s.power);
  };
  for (std::int64_t i = 0; i < n; ++i) {
    const float next = sum[i] + g[i] * g[i];
    const float of_next = power(next);
    linear[i] += (g[i] + s.two_shrinkage * w[i]) - (of_next - power(sum[i])) / s.rate * w[i];
    const float quadratic = of_next / s.rate + s.two_l2;
    const float clipped = linear[i] > s.l1 ? s.l1 : (linear[i] < -s.l1 ? -s.l1 : linear[i]);
    w[i] = (clipped - linear[i]) / quadratic;
    sum[i] = next;
  }
}

void ftrl(std::int64_t n, const FtrlStep& step, const float* g, float* sum, float* linear, float* w) {
  (step.power == 0.5F ? ftrl_loop<true> : ftrl_loop<false>)(n, step, g, sum, linear, w);
}

void add_squares(std::int64_t n, const float* __restrict g, float* __restrict sum) {
  for (std::int64_t i = 0; i < n; ++i) sum[i] += g[i] * g[i];
}

void factor_vector(std::int64_t n, float kept, float epsilon, const float* __restrict g, float* __restrict v,
                   float* __restrict direction) {
  for (std::int64_t i = 0; i < n; ++i) {
    v[i] = kept * v[i] + (1 - kept) * (g[i] * g[i] + epsilon);
    direction[i] = g[i] / __builtin_sqrtf(v[i]);
  }
}

void factor_row(std::int64_t n, float row, const float* __restrict columns, const float* __restrict g,
                float* __restrict v, float* __restrict direction) {
  for (std::int64_t i = 0; i < n; ++i) {
    v[i] = row * columns[i];
    direction[i] = g[i] / __builtin_sqrtf(v[i]);
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

void mean(std::int64_t n, float divisor, const float* __restrict g, float* __restrict sum) {
  for (std::int64_t i = 0; i < n; ++i) sum[i] = (g[i] + sum[i]) / divisor;
}

}  // namespace

extern const UpdateKernels KAIROS_UPDATE_KERNELS;
const UpdateKernels KAIROS_UPDATE_KERNELS{
    sgd,  momentum, nesterov,    adam,          amsgrad,    rmsprop, adagrad, adadelta, adamax, nadam, lion,
    lamb, ftrl,     add_squares, factor_vector, factor_row, decay,   average, clip,     scale,  mean};

}  // namespace kairos::host
