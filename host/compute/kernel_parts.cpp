// SPDX-License-Identifier: MIT
// Joins the results of the parts, partitioned by rows.
#include "compute/kernel_parts.hpp"

#include "compute/kernels/kernels.hpp"

namespace kairos::host {

bool KernelParts::is_worthwhile(std::int64_t threads, std::int64_t rows, std::int64_t inputs,
                                std::int64_t units) {
  constexpr std::int64_t least_inputs = 128, least_units = 64;
  return threads > 1 && inputs / threads >= least_inputs && units >= least_units && rows <= inputs;
}

void KernelParts::join_sums(std::int64_t rows, std::int64_t units, const float* products, const float* bias,
                            float* y) const {
  each_in_parallel(rows, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t row = begin; row < end; ++row)
      kernels().sum_parts(units, count(), products + row * units, rows * units, bias, y + row * units);
  });
}

void KernelParts::join_columns(std::int64_t rows, const float* columns, float* x_gradient) const {
  each_in_parallel(rows, [&](std::int64_t begin, std::int64_t end, std::int64_t) {
    for (std::int64_t index = 0; index < count(); ++index) {
      const Part p = part(index);
      for (std::int64_t row = begin; row < end; ++row)
        std::copy_n(columns + rows * p.first + row * p.inputs, p.inputs,
                    x_gradient + row * inputs_ + p.first);
    }
  });
}

}  // namespace kairos::host
