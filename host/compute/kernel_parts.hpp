// SPDX-License-Identifier: MIT
// A dense kernel's rows, dealt to the threads.
#pragma once

#include <oneapi/dnnl/dnnl_types.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "compute/parallel.hpp"

namespace kairos::host {

/// Deals the inputs to the threads, and with them the rows of the kernel and of its gradient, as update.hpp
/// deals them: between steps no line of either has to come from another core's cache, which costs more than
/// the arithmetic on it. What the threads exchange are activations: the forward product is a sum of one
/// product for each of them, and so is rounded as no other.
class KernelParts {
 public:
  struct Part {
    std::int64_t index, first, inputs;
  };

  /// Whether each of `threads` has enough to do, and an exchange of that many rows is the smaller one.
  [[nodiscard]] static bool pay(std::int64_t threads, std::int64_t rows, std::int64_t inputs,
                                std::int64_t units);

  /// Both are at least 1. There are as many parts as threads, or as inputs if these are fewer.
  KernelParts(std::int64_t inputs, std::int64_t threads)
      : inputs_(inputs), share_((inputs + threads - 1) / threads) {}

  [[nodiscard]] std::int64_t count() const noexcept { return (inputs_ + share_ - 1) / share_; }
  [[nodiscard]] Part part(std::int64_t index) const noexcept {
    const std::int64_t first = index * share_;
    return {index, first, std::min(inputs_ - first, share_)};
  }

  /// `work(part)` on a thread for each part; it must not throw. A status that is no success, if there is one.
  template <typename Work>
  dnnl_status_t each(Work&& work) const {
    std::atomic<dnnl_status_t> failed{dnnl_success};
    each_in_parallel(count(), [&](std::int64_t begin, std::int64_t end, std::int64_t) {
      for (std::int64_t index = begin; index < end; ++index)
        if (const dnnl_status_t status = work(part(index)); status != dnnl_success) failed = status;
    });
    return failed;
  }

  /// y [rows, units] = the sum of all parts' products, `products` [count, rows, units], + `bias` [units] in
  /// every row unless it is null.
  void join_sums(std::int64_t rows, std::int64_t units, const float* products, const float* bias,
                 float* y) const;
  /// x_gradient [rows, inputs] = the parts' columns of it, which stand in `columns` one after the other, each
  /// [rows, part.inputs]: a line between two parts would be written by both.
  void join_columns(std::int64_t rows, const float* columns, float* x_gradient) const;

 private:
  std::int64_t inputs_;
  std::int64_t share_;  ///< inputs of each part but the last, which may have fewer
};

}  // namespace kairos::host
