// SPDX-License-Identifier: MIT
// Case b as a minimal hand-written loop on Eigen, compiled for the machine that it runs on.
#include <xmmintrin.h>

#include <Eigen/Core>
#include <array>
#include <exception>
#include <string>

#include "work.hpp"

namespace {

using kairos::bench::Work;
using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Row = Eigen::Matrix<float, 1, Eigen::Dynamic>;
using Samples = Eigen::Map<const Matrix>;

/// All weights in one array, so that Adam is one pass.
struct Net {
  static constexpr std::array<Eigen::Index, 4> width{20, 64, 64, 1};
  static constexpr Eigen::Index layers = 3;

  Net() {
    Eigen::Index count = 0;
    for (std::size_t i = 0; i < layers; ++i) {
      at[i] = count;
      count += (width[i] + 1) * width[i + 1];
    }
    values = gradient = momentum = velocity = Eigen::ArrayXf::Zero(count);
    for (std::size_t i = 0; i < layers; ++i)
      kairos::bench::fill_glorot(width[i], width[i + 1], i + 7, values.data() + at[i],
                                 width[i] * width[i + 1]);
  }
  Eigen::Map<Matrix> kernel(Eigen::ArrayXf& from, std::size_t i) {
    return {from.data() + at[i], width[i], width[i + 1]};
  }
  Eigen::Map<Row> bias(Eigen::ArrayXf& from, std::size_t i) {
    return {from.data() + at[i] + width[i] * width[i + 1], width[i + 1]};
  }

  double train(const Samples& x, const Samples& y) {
    y_1.noalias() = x * kernel(values, 0);
    y_1 = (y_1.rowwise() + bias(values, 0)).cwiseMax(0.0F);
    y_2.noalias() = y_1 * kernel(values, 1);
    y_2 = (y_2.rowwise() + bias(values, 1)).cwiseMax(0.0F);
    y_3.noalias() = y_2 * kernel(values, 2);
    y_3.rowwise() += bias(values, 2);
    d_3 = y_3 - y;
    const double loss = static_cast<double>(d_3.squaredNorm());
    d_3 *= 2.0F / static_cast<float>(x.rows());
    kernel(gradient, 2).noalias() = y_2.transpose() * d_3;
    bias(gradient, 2) = d_3.colwise().sum();
    d_2.noalias() = d_3 * kernel(values, 2).transpose();
    d_2 = (y_2.array() > 0).select(d_2, 0.0F);
    kernel(gradient, 1).noalias() = y_1.transpose() * d_2;
    bias(gradient, 1) = d_2.colwise().sum();
    d_1.noalias() = d_2 * kernel(values, 1).transpose();
    d_1 = (y_1.array() > 0).select(d_1, 0.0F);
    kernel(gradient, 0).noalias() = x.transpose() * d_1;
    bias(gradient, 0) = d_1.colwise().sum();
    adam();
    return loss;
  }

  void adam() {
    power_1 *= 0.9F;
    power_2 *= 0.999F;
    momentum += (gradient - momentum) * 0.1F;
    velocity += (gradient * gradient - velocity) * 0.001F;
    const float rate = 0.001F * std::sqrt(1 - power_2) / (1 - power_1);
    values -= momentum * rate / (velocity.sqrt() + 1e-7F);
  }

  std::array<Eigen::Index, layers> at{};
  Eigen::ArrayXf values, gradient, momentum, velocity;
  Matrix y_1, y_2, y_3, d_1, d_2, d_3;
  float power_1 = 1, power_2 = 1;
};

double train_epoch(const Work& work, Net& net) {
  double sum = 0;
  for (std::int64_t first = 0; first < work.samples; first += work.batch) {
    const std::int64_t count = std::min(work.batch, work.samples - first);
    sum += net.train({work.x.data() + first * 20, count, 20}, {work.y.data() + first, count, 1});
  }
  return sum / static_cast<double>(work.samples);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Work work = kairos::bench::read_work(argc, argv);
    if (work.name != "b" || work.optimizer != "adam") throw std::invalid_argument("only case b with adam");
    _mm_setcsr(_mm_getcsr() | 0x8040);  // flush denormals and treat them as zero
    Net net;
    double loss = train_epoch(work, net);
    const kairos::bench::Clock clock;
    for (std::int64_t epoch = 0; epoch < work.epochs; ++epoch) loss = train_epoch(work, net);
    kairos::bench::report(work, clock, loss, std::string("Eigen, ") + Eigen::SimdInstructionSetsInUse());
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
