// SPDX-License-Identifier: MIT
#include "compute/kernels/updates.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "host/compute/levels.hpp"
#include "host/compute/normal_values.hpp"

namespace kairos::host {
extern const UpdateKernels update_kernels_base;
#ifdef __x86_64__
extern const UpdateKernels update_kernels_v3;
#endif
}  // namespace kairos::host

using namespace kairos::host;
using kairos::tests::normal_values;

namespace {

using Values = std::vector<float>;
using Level = kairos::tests::Level<UpdateKernels>;

auto levels() {
#ifdef __x86_64__
  return kairos::tests::levels_of(update_kernels_base, &update_kernels_v3, update_kernels());
#else
  return kairos::tests::levels_of<UpdateKernels>(update_kernels_base, nullptr, update_kernels());
#endif
}

void check_close(const Values& found, const Values& expected) {
  REQUIRE(found.size() == expected.size());
  for (std::size_t i = 0; i < found.size(); ++i)
    REQUIRE(static_cast<double>(found[i]) ==
            Approx(static_cast<double>(expected[i])).epsilon(2e-6).margin(1e-6));
}

/// A weight with up to three slots.
struct State {
  explicit State(std::int64_t n) : size(n), g(normal_values(n, 5)), w(normal_values(n, 8)) {
    for (std::uint64_t i = 0; i < slots.size(); ++i) {
      slots[i] = normal_values(n, 10 + i);
      for (float& value : slots[i]) value = value * value + 1;
    }
  }
  [[nodiscard]] float* slot(std::size_t i) { return slots[i].data(); }

  std::int64_t size;
  Values g, w;
  std::array<Values, 3> slots;
};

/// Each step in turn, so that slots that were written are read again.
const std::vector<std::function<void(const UpdateKernels&, State&)>>& steps() {
  constexpr RmspropStep rmsprop{0.01F, 0.9F, 0.1F, 0.5F, 1e-7F};
  static const std::vector<std::function<void(const UpdateKernels&, State&)>> all{
      [](const UpdateKernels& k, State& s) { k.sgd(s.size, 0.1F, s.g.data(), s.w.data()); },
      [](const UpdateKernels& k, State& s) {
        k.momentum(s.size, 0.1F, 0.9F, s.g.data(), s.slot(0), s.w.data());
      },
      [](const UpdateKernels& k, State& s) {
        k.nesterov(s.size, 0.1F, 0.9F, s.g.data(), s.slot(0), s.w.data());
      },
      [](const UpdateKernels& k, State& s) {
        k.amsgrad(s.size, {0.01F, 0.1F, 0.001F, 1e-7F}, s.g.data(), s.slot(0), s.slot(1), s.slot(2),
                  s.w.data());
      },
      [=](const UpdateKernels& k, State& s) {
        k.rmsprop(s.size, rmsprop, s.g.data(), s.slot(0), nullptr, nullptr, s.w.data());
      },
      [=](const UpdateKernels& k, State& s) {
        k.rmsprop(s.size, rmsprop, s.g.data(), s.slot(0), s.slot(1), nullptr, s.w.data());
      },
      [=](const UpdateKernels& k, State& s) {
        for (float& mean : s.slots[2]) mean = 0.125F;
        k.rmsprop(s.size, rmsprop, s.g.data(), s.slot(0), nullptr, s.slot(2), s.w.data());
      },
      [=](const UpdateKernels& k, State& s) {
        for (float& mean : s.slots[2]) mean = 0.125F;
        k.rmsprop(s.size, rmsprop, s.g.data(), s.slot(0), s.slot(1), s.slot(2), s.w.data());
      },
      [](const UpdateKernels& k, State& s) {
        k.adagrad(s.size, 0.1F, 1e-7F, s.g.data(), s.slot(0), s.w.data());
      },
      [](const UpdateKernels& k, State& s) {
        k.adadelta(s.size, 0.1F, 0.95F, 1e-7F, s.g.data(), s.slot(0), s.slot(1), s.w.data());
      },
      [](const UpdateKernels& k, State& s) {
        k.adamax(s.size, {0.01F, 0.1F, 0.999F, 0.5F, 1e-7F}, s.g.data(), s.slot(0), s.slot(1), s.w.data());
      },
      [](const UpdateKernels& k, State& s) {
        k.nadam(s.size, {0.01F, 0.1F, 0.001F, 1e-7F, 0.9F, 0.2F, 0.5F}, s.g.data(), s.slot(0), s.slot(1),
                s.w.data());
      },
      [](const UpdateKernels& k, State& s) { k.decay(s.size, 0.5F, 0.1F, s.w.data()); },
      [](const UpdateKernels& k, State& s) { k.average(s.size, 0.75F, s.w.data(), s.slot(0)); },
      [](const UpdateKernels& k, State& s) { k.clip(s.size, 0.5F, s.g.data(), s.slot(0)); },
      [](const UpdateKernels& k, State& s) { k.scale(s.size, 0.5F, 3, s.g.data(), s.slot(0)); },
  };
  return all;
}

}  // namespace

TEST_CASE("Adam's step has Keras' formula on every level, for any number of weights", "[host][compute]") {
  const AdamStep step{0.01F, 0.1F, 0.001F, 1e-7F};
  for (const Level& level : levels())
    for (const std::int64_t n : {1, 15, 64, 101}) {
      const Values g = normal_values(n, 5);
      Values m = normal_values(n, 6), v = normal_values(n, 7), w = normal_values(n, 8);
      for (float& value : v) value *= value;
      Values expected = w;
      for (std::size_t i = 0; i < g.size(); ++i) {
        const double moment = 0.9 * static_cast<double>(m[i]) + 0.1 * static_cast<double>(g[i]);
        const double square =
            0.999 * static_cast<double>(v[i]) + 0.001 * static_cast<double>(g[i]) * static_cast<double>(g[i]);
        expected[i] =
            static_cast<float>(static_cast<double>(w[i]) - 0.01 * moment / (std::sqrt(square) + 1e-7));
      }
      level.kernels->adam(n, step, g.data(), m.data(), v.data(), w.data());
      check_close(w, expected);
    }
}

TEST_CASE("Every update agrees with that of the oldest processors, for any number of weights",
          "[host][compute]") {
  for (const Level& level : levels())
    for (const std::int64_t n : {1, 15, 64, 101})
      for (std::size_t i = 0; i < steps().size(); ++i) {
        INFO(level.name << ", update " << i << " of " << n);
        State found(n), expected(n);
        for (int repeat = 0; repeat < 3; ++repeat) {
          steps()[i](*level.kernels, found);
          steps()[i](update_kernels_base, expected);
        }
        check_close(found.w, expected.w);
        for (std::size_t slot = 0; slot < found.slots.size(); ++slot)
          check_close(found.slots[slot], expected.slots[slot]);
      }
}

TEST_CASE("Clipping and maxima keep NaN on every level", "[host][compute]") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Level& level : levels()) {
    INFO(level.name);
    const Values g(37, nan);
    Values clipped(37, 0.0F), m(37, 0.0F), norm(37, 1.0F), w(37, 1.0F);
    level.kernels->clip(37, 1, g.data(), clipped.data());
    level.kernels->adamax(37, {0.01F, 0.1F, 0.999F, 0.5F, 1e-7F}, g.data(), m.data(), norm.data(), w.data());
    for (std::size_t i = 0; i < g.size(); ++i) {
      CHECK(std::isnan(clipped[i]));
      CHECK(std::isnan(norm[i]));
      CHECK(std::isnan(w[i]));
    }
  }
}
