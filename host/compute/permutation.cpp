// SPDX-License-Identifier: MIT
// Joins dimensions that stay neighbours, then copies rows, or transposes matrices, for each place of the
// others.
#include "compute/permutation.hpp"

#include <algorithm>
#include <array>

#include "compute/kernels/kernels.hpp"
#include "compute/parallel.hpp"

namespace kairos::host {

namespace {

/// A dimension of the result, with the distances between its elements.
struct Axis {
  std::int64_t size, from, to;
};

struct Axes {
  std::array<Axis, most_dimensions> all;
  std::size_t count = 0;
};

/// The dimensions of the result, of which none can be joined with the next.
Axes joined_axes(std::span<const std::int64_t> shape, std::span<const std::size_t> order) {
  std::array<std::int64_t, most_dimensions> stride{};
  for (std::int64_t i = std::ssize(shape) - 1, next = 1; i >= 0; --i) {
    stride[static_cast<std::size_t>(i)] = next;
    next *= shape[static_cast<std::size_t>(i)];
  }
  Axes axes;
  for (const std::size_t d : order) {
    if (shape[d] == 1) continue;
    Axis* const last = axes.count == 0 ? nullptr : &axes.all[axes.count - 1];
    if (last != nullptr && last->from == stride[d] * shape[d]) {
      last->size *= shape[d];
      last->from = stride[d];
    } else {
      axes.all[axes.count++] = {shape[d], stride[d], 0};
    }
  }
  if (axes.count == 0) axes.all[axes.count++] = {1, 1, 0};
  for (std::size_t i = axes.count, next = 1; i-- > 0;) {
    axes.all[i].to = static_cast<std::int64_t>(next);
    next *= static_cast<std::size_t>(axes.all[i].size);
  }
  return axes;
}

/// Calls visit(offset in from, offset in to) for the places begin … end - 1 of the first `count` axes.
template <typename Visit>
void each_place(const Axes& axes, std::size_t count, std::int64_t begin, std::int64_t end,
                const Visit& visit) {
  for (std::int64_t place = begin; place < end; ++place) {
    std::int64_t rest = place, from = 0, to = 0;
    for (std::size_t i = count; i-- > 0; rest /= axes.all[i].size) {
      from += rest % axes.all[i].size * axes.all[i].from;
      to += rest % axes.all[i].size * axes.all[i].to;
    }
    visit(from, to);
  }
}

std::int64_t places_of(const Axes& axes, std::size_t count) {
  std::int64_t places = 1;
  for (std::size_t i = 0; i < count; ++i) places *= axes.all[i].size;
  return places;
}

}  // namespace

void permute(std::span<const std::int64_t> shape, std::span<const std::size_t> order, const float* from,
             float* to) {
  for (const std::int64_t size : shape)
    if (size == 0) return;
  Axes axes = joined_axes(shape, order);
  const Axis last = axes.all[axes.count - 1];
  if (last.from == 1) {
    rows_in_parallel(
        places_of(axes, axes.count - 1), last.size, least_values, [&](std::int64_t begin, std::int64_t end) {
          each_place(axes, axes.count - 1, begin, end,
                     [&](std::int64_t f, std::int64_t t) { std::copy_n(from + f, last.size, to + t); });
        });
    return;
  }
  // The axis that is contiguous in `from` becomes the second last.
  const auto inner =
      std::find_if(axes.all.begin(), axes.all.begin() + static_cast<std::ptrdiff_t>(axes.count),
                   [](const Axis& axis) { return axis.from == 1; });
  const Axis column = *inner;
  std::rotate(inner, inner + 1, axes.all.begin() + static_cast<std::ptrdiff_t>(axes.count) - 1);
  rows_in_parallel(places_of(axes, axes.count - 2), last.size * column.size, least_values,
                   [&](std::int64_t begin, std::int64_t end) {
                     each_place(axes, axes.count - 2, begin, end, [&](std::int64_t f, std::int64_t t) {
                       kernels().transpose(last.size, column.size, from + f, last.from, to + t, column.to);
                     });
                   });
}

bool is_in_order(std::span<const std::size_t> order) noexcept {
  for (std::size_t i = 0; i < order.size(); ++i)
    if (order[i] != i) return false;
  return true;
}

}  // namespace kairos::host
