// SPDX-License-Identifier: MIT
// Partitions the rows of a dense kernel over the threads.
#pragma once

#include <oneapi/dnnl/dnnl_types.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "compute/parallel.hpp"

namespace kairos::host {

/// Partitions the inputs over the threads, and with them the rows of the kernel and of its gradient, as
/// the optimizers do: between steps no cache line of either has to move to another core, which would cost
/// more than the arithmetic on it. The threads exchange activations instead. The forward product is a sum of
/// one product per thread, so its rounding differs from that of the other paths.
class KernelParts {
 public:
  struct Part {
    std::int64_t index, first, inputs;
  };

  /// Whether each of `threads` has enough work, and exchanging that many rows is cheaper than moving the
  /// kernel.
  [[nodiscard]] static bool is_worthwhile(std::int64_t threads, std::int64_t rows, std::int64_t inputs,
                                          std::int64_t units);

  /// Both must be at least 1. There are as many parts as threads, or as inputs if there are fewer.
  KernelParts(std::int64_t inputs, std::int64_t threads)
      : inputs_(inputs), share_((inputs + threads - 1) / threads) {}

  [[nodiscard]] std::int64_t count() const noexcept { return (inputs_ + share_ - 1) / share_; }
  [[nodiscard]] Part part(std::int64_t index) const noexcept {
    const std::int64_t first = index * share_;
    return {index, first, std::min(inputs_ - first, share_)};
  }

  /// Calls `work(part)` for each part, on the threads; it must not throw. Returns a failed status if there is
  /// one.
  template <typename Work>
  dnnl_status_t each(Work&& work) const {
    std::atomic<dnnl_status_t> failed{dnnl_success};
    each_in_parallel(count(), [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      for (std::int64_t index = begin; index < end; ++index)
        if (const dnnl_status_t status = work(part(index)); status != dnnl_success) failed = status;
    });
    return failed;
  }

  /// y [rows, units] = the sum of `products` [count, rows, units] over the parts, plus `bias` [units] in
  /// every row unless it is null.
  void join_sums(std::int64_t rows, std::int64_t units, const float* products, const float* bias,
                 float* y) const;
  /// x_gradient [rows, inputs] from the columns of the parts, which follow each other in `columns`, each
  /// [rows, part.inputs]. Writing to x_gradient directly would make two threads share cache lines.
  void join_columns(std::int64_t rows, const float* columns, float* x_gradient) const;

 private:
  std::int64_t inputs_;
  std::int64_t share_;  ///< inputs per part; the last part may have fewer
};

}  // namespace kairos::host
