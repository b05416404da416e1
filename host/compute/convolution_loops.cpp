// SPDX-License-Identifier: MIT
// A row of output pixels is one matrix product. Its windows are the rows of a, which overlap in memory.
#include "compute/convolution_loops.hpp"

#include <algorithm>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"
#include "compute/team_size.hpp"
#include "compute/vector.hpp"

namespace kairos::host {

namespace {

/// Values of a kernel. A larger one does not fit into the L1 and L2 caches; then oneDNN's blocking is faster.
constexpr std::int64_t largest_kernel = std::int64_t{1} << 17;
/// Values of y_gradient that are used together for the gradient of the kernel.
constexpr std::int64_t gradient_block = 16384;
/// Images whose gradients are summed before they are added to the total.
constexpr std::int64_t group_size = 8;

}  // namespace

bool ConvolutionLoops::supports(const ConvolutionShape& shape) noexcept {
  return shape.groups == 1 && shape.window.dilation == Window::Pair{1, 1} &&
         shape.kernel_size() <= largest_kernel;
}

bool ConvolutionLoops::supports_backward_data(const ConvolutionShape& shape) noexcept {
  const Window& w = shape.window;
  return supports(shape) && w.stride == Window::Pair{1, 1} && w.before[0] < w.size[0] &&
         w.before[1] < w.size[1];
}

bool ConvolutionLoops::prefers_backward_weights(const ConvolutionShape& shape) noexcept {
  constexpr std::int64_t small = std::int64_t{1} << 17;  // multiply-adds per image
  return supports(shape) && shape.multiply_adds() >= small;
}

ConvolutionLoops::ConvolutionLoops(const ConvolutionShape& shape) : shape_(shape) {
  const Window& w = shape_.window;
  x_size_ = w.input[0] * w.input[1] * shape_.channels;
  y_size_ = w.output[0] * w.output[1] * shape_.filters;
  multiply_adds_ = shape_.multiply_adds();
  input_ = {w.input[0] + w.before[0] + w.after(0), w.input[1] + w.before[1] + w.after(1), shape_.channels,
            w.before[0], w.before[1]};
  gradient_ = {w.input[0] + w.size[0] - 1, w.input[1] + w.size[1] - 1, shape_.filters,
               w.size[0] - 1 - w.before[0], w.size[1] - 1 - w.before[1]};
  const std::int64_t largest_k = std::max({w.size[0] * w.size[1] * std::max(shape_.channels, shape_.filters),
                                           std::max(gradient_block / shape_.filters, w.output[1])});
  const std::int64_t y_line = w.output[1] * shape_.filters;
  block_rows_ = std::clamp<std::int64_t>(gradient_block / y_line, 1, w.output[0]);
  product_scratch_ = kernels().multiply_scratch(largest_k);
  block_scratch_ = product_scratch_ + block_rows_ * y_line;
  scratch_size_ = block_scratch_ + std::max(input_.size(), gradient_.size());
}

void ConvolutionLoops::reserve_scratch() {
  scratch_.reserve(parallel_threads() * scratch_size_);
}

void ConvolutionLoops::forward(std::int64_t batch, const float* x, const float* kernel, const float* bias,
                               float* y) {
  const TeamSize team(threads_for(batch * multiply_adds_));
  reserve_scratch();
  pack_kernel(kernel, shape_.filters);
  const Window& w = shape_.window;
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    float* const thread_scratch = scratch(thread);
    for (std::int64_t image = begin; image < end; ++image) {
      const float* const from =
          padded(input_, w.input[0], w.input[1], x + image * x_size_, thread_scratch + block_scratch_);
      float* to = y + image * y_size_;
      for (std::int64_t row = 0; row < w.output[0]; ++row, to += w.output[1] * shape_.filters)
        kernels().multiply({w.output[1],
                            shape_.filters,
                            w.size[1] * shape_.channels,
                            {from + row * w.stride[0] * input_.line(), w.stride[1] * shape_.channels, 1},
                            panels_.data(),
                            to,
                            bias,
                            Beta::Zero,
                            w.size[0],
                            input_.line(),
                            shape_.filters,
                            Layout::Panels},
                           thread_scratch);
    }
  });
}

/// Reverses the kernel positions and transposes channels and filters.
void ConvolutionLoops::transpose_kernel(const float* kernel) {
  const std::int64_t positions = shape_.window.size[0] * shape_.window.size[1];
  const std::int64_t size = shape_.channels * shape_.filters;
  transposed_.reserve(positions * size);
  for (std::int64_t position = 0; position < positions; ++position)
    kernels().transpose(shape_.channels, shape_.filters, kernel + (positions - 1 - position) * size,
                        shape_.filters, transposed_.data() + position * size, shape_.channels);
}

void ConvolutionLoops::pack_kernel(const float* kernel, std::int64_t columns) {
  panels_.reserve(shape_.kernel_size());
  kernels().pack_panels(shape_.kernel_size() / columns, columns, kernel, columns, panels_.data());
}

void ConvolutionLoops::backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                                     float* x_gradient) {
  const TeamSize team(threads_for(batch * multiply_adds_));
  reserve_scratch();
  transpose_kernel(kernel);
  pack_kernel(transposed_.data(), shape_.channels);
  const Window& w = shape_.window;
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    float* const thread_scratch = scratch(thread);
    for (std::int64_t image = begin; image < end; ++image) {
      const float* const from = padded(gradient_, w.output[0], w.output[1], y_gradient + image * y_size_,
                                       thread_scratch + block_scratch_);
      float* to = x_gradient + image * x_size_;
      for (std::int64_t row = 0; row < w.input[0]; ++row, to += w.input[1] * shape_.channels)
        kernels().multiply({w.input[1],
                            shape_.channels,
                            w.size[1] * shape_.filters,
                            {from + row * gradient_.line(), shape_.filters, 1},
                            panels_.data(),
                            to,
                            nullptr,
                            Beta::Zero,
                            w.size[0],
                            gradient_.line(),
                            shape_.channels,
                            Layout::Panels},
                           thread_scratch);
    }
  });
}

/// Rows [begin, end) of the gradient [size · size · channels, filters]. Each group of images has its own sum,
/// so that the contribution of an image is not rounded to the magnitude of the sum over a whole batch.
void ConvolutionLoops::add_weights_gradient(std::int64_t batch, const float* x, const float* y_gradient,
                                            std::int64_t begin, std::int64_t end, float* kernel_gradient,
                                            float* scratch) {
  const std::int64_t first_value = begin * shape_.filters, values = (end - begin) * shape_.filters;
  float* const group = group_.data() + first_value;
  std::fill_n(kernel_gradient + first_value, values, 0.0F);
  for (std::int64_t image = 0; image < batch; ++image) {
    if (image % group_size == 0) std::fill_n(group, values, 0.0F);
    add_image(x + image * x_size_, y_gradient + image * y_size_, begin, end, scratch);
    if (image % group_size == group_size - 1 || image == batch - 1)
      add_to(values, group, kernel_gradient + first_value);
  }
}

void ConvolutionLoops::add_image(const float* x, const float* y_gradient, std::int64_t begin,
                                 std::int64_t end, float* scratch) {
  const Window& w = shape_.window;
  const std::int64_t line = w.size[1] * shape_.channels, y_line = w.output[1] * shape_.filters;
  const float* const from = padded(input_, w.input[0], w.input[1], x, scratch + block_scratch_);
  float* const panels = scratch + product_scratch_;
  for (std::int64_t row = 0; row < w.output[0]; row += block_rows_) {
    const std::int64_t rows = std::min(block_rows_, w.output[0] - row);
    kernels().pack_panels(rows * w.output[1], shape_.filters, y_gradient + row * y_line, shape_.filters,
                          panels);
    for (std::int64_t first = begin; first < end;) {
      const std::int64_t window_row = first / line, last = std::min(end, (window_row + 1) * line);
      kernels().multiply({last - first,
                          shape_.filters,
                          w.output[1],
                          {from + (row * w.stride[0] + window_row) * input_.line() + first % line, 1,
                           w.stride[1] * shape_.channels},
                          panels,
                          group_.data() + first * shape_.filters,
                          nullptr,
                          Beta::One,
                          rows,
                          w.stride[0] * input_.line(),
                          shape_.filters,
                          Layout::Panels},
                         scratch);
      first = last;
    }
  }
}

void ConvolutionLoops::backward_weights(std::int64_t batch, const float* x, const float* y_gradient,
                                        float* kernel_gradient, float* bias_gradient) {
  const TeamSize team(threads_for(batch * multiply_adds_));
  reserve_scratch();
  group_.reserve(shape_.kernel_size());
  const Window& w = shape_.window;
  each_in_parallel(w.size[0] * w.size[1] * shape_.channels,
                   [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
                     add_weights_gradient(batch, x, y_gradient, begin, end, kernel_gradient, scratch(thread));
                   });
  if (bias_gradient == nullptr) return;
  // A sum of sums per image loses less to rounding than one long sum.
  std::fill_n(bias_gradient, shape_.filters, 0.0F);
  float* const sum = scratch_.data();
  for (std::int64_t image = 0; image < batch; ++image) {
    kernels().sum_rows(w.output[0] * w.output[1], shape_.filters, y_gradient + image * y_size_, sum);
    add_to(shape_.filters, sum, bias_gradient);
  }
}

}  // namespace kairos::host
