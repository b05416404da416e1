// SPDX-License-Identifier: MIT
// A line of output pixels is one product: its windows are rows of a matrix that overlap in memory.
#include "compute/convolution_loops.hpp"

#include <algorithm>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"
#include "compute/team_size.hpp"
#include "compute/vector.hpp"

namespace kairos::host {

namespace {

/// A kernel beyond this leaves the nearer caches, and then oneDNN's blocking wins.
constexpr std::int64_t largest_kernel = std::int64_t{1} << 17;
/// Values of the gradient of y that are used together for the gradient of the kernel.
constexpr std::int64_t gradient_block = 16384;
/// Pictures whose gradients are summed before they are added to the rest.
constexpr std::int64_t group_size = 8;

std::int64_t kernel_size(const ConvolutionShape& s) {
  return s.window.size[0] * s.window.size[1] * s.channels * s.filters;
}

}  // namespace

bool ConvolutionLoops::can_do(const ConvolutionShape& shape) noexcept {
  return shape.groups == 1 && shape.window.dilation == Window::Pair{1, 1} &&
         kernel_size(shape) <= largest_kernel;
}

bool ConvolutionLoops::can_do_data(const ConvolutionShape& shape) noexcept {
  const Window& w = shape.window;
  return can_do(shape) && w.stride == Window::Pair{1, 1} && w.before[0] < w.size[0] &&
         w.before[1] < w.size[1];
}

bool ConvolutionLoops::should_do_weights(const ConvolutionShape& shape) noexcept {
  constexpr std::int64_t small = std::int64_t{1} << 17;  // multiply-adds of a picture
  return can_do(shape) && shape.window.output[0] * shape.window.output[1] * kernel_size(shape) >= small;
}

ConvolutionLoops::ConvolutionLoops(const ConvolutionShape& shape) : shape_(shape) {
  const Window& w = shape_.window;
  x_size_ = w.input[0] * w.input[1] * shape_.channels;
  y_size_ = w.output[0] * w.output[1] * shape_.filters;
  multiply_adds_ = w.output[0] * w.output[1] * kernel_size(shape_);
  input_ = {w.input[0] + w.before[0] + w.after(0), w.input[1] + w.before[1] + w.after(1), shape_.channels,
            w.before[0], w.before[1]};
  gradient_ = {w.input[0] + w.size[0] - 1, w.input[1] + w.size[1] - 1, shape_.filters,
               w.size[0] - 1 - w.before[0], w.size[1] - 1 - w.before[1]};
  const std::int64_t depth = std::max({w.size[0] * w.size[1] * std::max(shape_.channels, shape_.filters),
                                       std::max(gradient_block / shape_.filters, w.output[1])});
  const std::int64_t y_line = w.output[1] * shape_.filters;
  block_rows_ = std::clamp<std::int64_t>(gradient_block / y_line, 1, w.output[0]);
  product_scratch_ = kernels().multiply_scratch(depth);
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
    float* const room = scratch(thread);
    for (std::int64_t picture = begin; picture < end; ++picture) {
      const float* const from =
          framed(input_, w.input[0], w.input[1], x + picture * x_size_, room + block_scratch_);
      float* to = y + picture * y_size_;
      for (std::int64_t row = 0; row < w.output[0]; ++row, to += w.output[1] * shape_.filters)
        kernels().multiply({w.output[1],
                            shape_.filters,
                            w.size[1] * shape_.channels,
                            {from + row * w.stride[0] * input_.line(), w.stride[1] * shape_.channels, 1},
                            panels_.data(),
                            to,
                            bias,
                            Into::Fresh,
                            w.size[0],
                            input_.line(),
                            shape_.filters,
                            Layout::Panels},
                           room);
    }
  });
}

/// Back to front, and filters before channels.
void ConvolutionLoops::turn_kernel(const float* kernel) {
  const std::int64_t points = shape_.window.size[0] * shape_.window.size[1];
  const std::int64_t size = shape_.channels * shape_.filters;
  turned_.reserve(points * size);
  for (std::int64_t point = 0; point < points; ++point)
    kernels().transpose(shape_.channels, shape_.filters, kernel + (points - 1 - point) * size, shape_.filters,
                        turned_.data() + point * size, shape_.channels);
}

void ConvolutionLoops::pack_kernel(const float* kernel, std::int64_t columns) {
  panels_.reserve(kernel_size(shape_));
  kernels().pack_panels(kernel_size(shape_) / columns, columns, kernel, columns, panels_.data());
}

void ConvolutionLoops::backward_data(std::int64_t batch, const float* y_gradient, const float* kernel,
                                     float* x_gradient) {
  const TeamSize team(threads_for(batch * multiply_adds_));
  reserve_scratch();
  turn_kernel(kernel);
  pack_kernel(turned_.data(), shape_.channels);
  const Window& w = shape_.window;
  each_in_parallel(batch, [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
    float* const room = scratch(thread);
    for (std::int64_t picture = begin; picture < end; ++picture) {
      const float* const from =
          framed(gradient_, w.output[0], w.output[1], y_gradient + picture * y_size_, room + block_scratch_);
      float* to = x_gradient + picture * x_size_;
      for (std::int64_t row = 0; row < w.input[0]; ++row, to += w.input[1] * shape_.channels)
        kernels().multiply({w.input[1],
                            shape_.channels,
                            w.size[1] * shape_.filters,
                            {from + row * gradient_.line(), shape_.filters, 1},
                            panels_.data(),
                            to,
                            nullptr,
                            Into::Fresh,
                            w.size[0],
                            gradient_.line(),
                            shape_.channels,
                            Layout::Panels},
                           room);
    }
  });
}

/// Rows [begin, end) of the gradient [size · size · channels, filters]. Groups of pictures have sums of their
/// own, so that what a picture adds is not rounded to the size of what a whole batch has added up to.
void ConvolutionLoops::add_weights_gradient(std::int64_t batch, const float* x, const float* y_gradient,
                                            std::int64_t begin, std::int64_t end, float* kernel_gradient,
                                            float* scratch) {
  const std::int64_t first_value = begin * shape_.filters, values = (end - begin) * shape_.filters;
  float* const group = group_.data() + first_value;
  std::fill_n(kernel_gradient + first_value, values, 0.0F);
  for (std::int64_t picture = 0; picture < batch; ++picture) {
    if (picture % group_size == 0) std::fill_n(group, values, 0.0F);
    add_picture(x + picture * x_size_, y_gradient + picture * y_size_, begin, end, scratch);
    if (picture % group_size == group_size - 1 || picture == batch - 1)
      add_to(values, group, kernel_gradient + first_value);
  }
}

void ConvolutionLoops::add_picture(const float* x, const float* y_gradient, std::int64_t begin,
                                   std::int64_t end, float* scratch) {
  const Window& w = shape_.window;
  const std::int64_t line = w.size[1] * shape_.channels, y_line = w.output[1] * shape_.filters;
  const float* const from = framed(input_, w.input[0], w.input[1], x, scratch + block_scratch_);
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
                          Into::Sum,
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
  group_.reserve(kernel_size(shape_));
  const Window& w = shape_.window;
  each_in_parallel(w.size[0] * w.size[1] * shape_.channels,
                   [&](std::int64_t begin, std::int64_t end, std::int64_t thread) {
                     add_weights_gradient(batch, x, y_gradient, begin, end, kernel_gradient, scratch(thread));
                   });
  if (bias_gradient == nullptr) return;
  // Picture by picture, so that a sum of many pixels is one of sums: less is rounded away.
  std::fill_n(bias_gradient, shape_.filters, 0.0F);
  float* const sum = scratch_.data();
  for (std::int64_t picture = 0; picture < batch; ++picture) {
    kernels().sum_rows(w.output[0] * w.output[1], shape_.filters, y_gradient + picture * y_size_, sum);
    add_to(shape_.filters, sum, bias_gradient);
  }
}

}  // namespace kairos::host
