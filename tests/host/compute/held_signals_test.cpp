// SPDX-License-Identifier: MIT
#include "compute/held_signals.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "compute/convolution.hpp"
#include "compute/dense.hpp"
#include "compute/dense_split.hpp"
#include "compute/team_size.hpp"
#include "host/compute/normal_values.hpp"
#include "host/compute/ticking_handler.hpp"

using namespace kairos::host;
using kairos::tests::normal_values;
using kairos::tests::TickingHandler;

namespace {

sigset_t mask_of_thread() {
  sigset_t mask;
  ::pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  return mask;
}

bool is_held(int signal) {
  const sigset_t mask = mask_of_thread();
  return sigismember(&mask, signal) == 1;
}

void run_for(std::chrono::milliseconds time, const std::function<void()>& work) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) work();
}

/// Repeats all products of a dense layer while the handler ticks.
template <typename Kernel>
void tick_over_products(Kernel& kernel, std::int64_t rows, std::int64_t inputs, std::int64_t units) {
  const auto x = normal_values(rows * inputs, 1), weights = normal_values(inputs * units, 2),
             bias = normal_values(units, 3), y_gradient = normal_values(rows * units, 4);
  std::vector<float> y(y_gradient.size()), x_gradient(x.size()), kernel_gradient(weights.size()),
      bias_gradient(bias.size());
  run_for(std::chrono::milliseconds(150), [&] {
    kernel.forward(rows, x.data(), weights.data(), bias.data(), y.data());
    kernel.backward_data(rows, y_gradient.data(), weights.data(), x_gradient.data());
    kernel.backward_weights(rows, x.data(), y_gradient.data(), kernel_gradient.data(), bias_gradient.data());
  });
}

}  // namespace

TEST_CASE("Signals are held on every thread of a team, and only as long as asked", "[host][compute]") {
  constexpr int threads = 3;
  const auto held = [] {
    std::atomic<int> count = 0;
    on_each_thread(threads, [&] { count += is_held(SIGTERM) && is_held(SIGPROF) ? 1 : 0; });
    return count.load();
  };
  sigset_t mine;
  sigemptyset(&mine);
  sigaddset(&mine, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &mine, nullptr);
  CHECK(held() == 0);
  {
    const TeamHeldSignals all(threads);
    CHECK(held() == threads);
    CHECK_FALSE(is_held(SIGSEGV));  // faults are still reported
  }
  CHECK(held() == 0);
  CHECK(is_held(SIGUSR1));  // as before
  {
    const HeldSignals here;
    CHECK(is_held(SIGTERM));
    CHECK(held() == 1);
  }
  CHECK_FALSE(is_held(SIGTERM));
  ::pthread_sigmask(SIG_UNBLOCK, &mine, nullptr);
}

TEST_CASE("Threads that join a team whose signals are held get theirs back", "[host][compute]") {
  {
    const TeamHeldSignals two(2);
    on_each_thread(4, [] {});
    const TeamSize team(1);
    const TeamHeldSignals inner(4);
  }
  std::atomic<int> held = 0;
  on_each_thread(2, [&] { held += is_held(SIGTERM) ? 1 : 0; });
  CHECK(held == 0);
}

TEST_CASE("No handler of a signal runs where the stack pointer is off the stack", "[host][compute]") {
  for (const int threads : {1, 2}) {
    const TeamSize team(threads);
    ComputeEngine engine;
    SECTION("oneDNN's inner products on " + std::to_string(threads) + " threads") {
      const TickingHandler ticking(threads);
      DenseKernel wide(engine, 784, 512, DensePath::Primitive);
      tick_over_products(wide, 128, 784, 512);
      DenseKernel narrow(engine, 512, 10, DensePath::Primitive);
      tick_over_products(narrow, 640, 512, 10);
    }
    SECTION("oneDNN's gemm on parts of the kernel, " + std::to_string(threads) + " threads") {
      const TickingHandler ticking(threads);
      DenseSplit split(784, 512, SplitBy::Gemm);
      tick_over_products(split, 128, 784, 512);
    }
    SECTION("convolutions that oneDNN makes of products, " + std::to_string(threads) + " threads") {
      const TickingHandler ticking(threads);
      for (const std::int64_t groups : {1, 2}) {
        ConvolutionShape shape{};
        shape.window = Window{{14, 14}, {3, 3}, {1, 1}, {2, 2}, {2, 2}, {14, 14}};
        shape.channels = 64;
        shape.filters = 32;
        shape.groups = groups;
        ConvolutionKernel kernel(engine, shape);
        constexpr std::int64_t batch = 8;
        const auto x = normal_values(batch * 14 * 14 * 64, 1),
                   weights = normal_values(9 * 64 / groups * 32, 2),
                   y_gradient = normal_values(batch * 14 * 14 * 32, 3);
        std::vector<float> y(y_gradient.size()), x_gradient(x.size()), kernel_gradient(weights.size());
        run_for(std::chrono::milliseconds(150), [&] {
          kernel.forward(batch, x.data(), weights.data(), nullptr, y.data());
          kernel.backward_data(batch, y_gradient.data(), weights.data(), x_gradient.data());
          kernel.backward_weights(batch, x.data(), y_gradient.data(), kernel_gradient.data(), nullptr);
        });
      }
    }
    CHECK(TickingHandler::ticks > 10);
    CHECK(TickingHandler::astray == 0);
  }
}
