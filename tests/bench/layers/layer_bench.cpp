// SPDX-License-Identifier: MIT
// Prints ns a value of every activation, elementwise layer, loss and metric, and ns a parameter of every
// optimizer, beside LibTorch's function and beside the time that moving the bytes takes.
#include <omp.h>
#include <xmmintrin.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include "cases.hpp"
#include "compute/buffer.hpp"
#include "compute/parallel.hpp"

namespace {

using kairos::bench::Case;
using kairos::bench::Sizes;

struct Options {
  Sizes sizes{64, 32, 64, 64, 16384, 4000000};
  int rounds = 15;
  std::string filter;  ///< part of "kind name"
};

double seconds_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Seconds to move a byte: half a copy of arrays as large as those of the case.
class Copy {
 public:
  explicit Copy(std::int64_t n) : n_(n) {
    from_.reserve(n);
    to_.reserve(n);
  }
  void operator()() {
    kairos::host::in_parallel(n_, 16384, [this](std::int64_t begin, std::int64_t end) {
      std::memcpy(to_.data() + begin, from_.data() + begin,
                  static_cast<std::size_t>(end - begin) * sizeof(float));
    });
  }
  [[nodiscard]] double bytes() const { return 2.0 * sizeof(float) * static_cast<double>(n_); }

 private:
  std::int64_t n_;
  kairos::host::FloatBuffer from_, to_;
};

/// The least times of rounds in which all take turns, so that a busy machine hurts all alike.
void measure(const Case& one, const Options& options) {
  const std::function<void()> torch = peer(one, options.sizes);
  Copy copy(one.values);
  std::printf("%-10s %-52s", one.kind.c_str(), one.name.c_str());
  double alone = 0;
  for (const int threads : {1, 2}) {
    omp_set_num_threads(threads);
    kairos::bench::set_peer_threads(threads);
    double own = 1e9, other = 1e9, moved = 1e9;
    for (int round = 0; round < options.rounds; ++round) {
      own = std::min(own, seconds_of(one.work));
      if (torch) other = std::min(other, seconds_of(torch));
      moved = std::min(moved, seconds_of([&] { copy(); }));
    }
    const double scale = 1e9 / static_cast<double>(one.values);
    const double bound = one.bytes * moved / copy.bytes() * 1e9;
    std::printf(" %7.2f %6.2f", own * scale, bound);
    if (torch)
      std::printf(" %8.2f %6.2f", other * scale, own / other);
    else
      std::printf(" %8s %6s", "-", "-");
    if (threads == 1)
      alone = own;
    else
      std::printf(" %6.2f", alone / own);
  }
  std::printf("\n");
  std::fflush(stdout);
}

int run(const Options& options) {
  _mm_setcsr(_mm_getcsr() | 0x8040);  // flush denormals and treat them as zero, as training does
  std::printf("ns a value, forward and backward; ns a parameter. bound: moving the bytes. 1 and 2 threads\n");
  std::printf("%-10s %-52s %7s %6s %8s %6s %7s %6s %8s %6s %6s\n", "", "", "Kairos", "bound", "LibTorch",
              "ratio", "Kairos", "bound", "LibTorch", "ratio", "gain");
  each_case(options.sizes, [&](const Case& one) {
    if ((one.kind + " " + one.name).find(options.filter) != std::string::npos) measure(one, options);
  });
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Options options;
    for (int i = 1; i < argc; ++i) {
      if (std::strcmp(argv[i], "--smoke") == 0) {
        options.sizes = {2, 6, 6, 3, 37, 1000};
        options.rounds = 2;
      } else {
        options.filter = argv[i];
      }
    }
    return run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
