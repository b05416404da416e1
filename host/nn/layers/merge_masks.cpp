// SPDX-License-Identifier: MIT
// Merges masks [batch, steps].
#include "nn/layers/merge_masks.hpp"

#include <algorithm>

namespace kairos::host {

void unite_masks(std::int64_t batch, std::span<const Mask> masks, std::span<const std::int64_t> steps,
                 std::int64_t output_steps, float* united) {
  std::fill_n(united, batch * output_steps, 0.0F);
  for (std::size_t i = 0; i < masks.size(); ++i)
    for (std::int64_t sample = 0; sample < batch; ++sample)
      for (std::int64_t step = 0; step < output_steps; ++step) {
        const std::int64_t of_input = steps[i] == 1 ? 0 : step;
        if (masks[i] == nullptr || masks[i][sample * steps[i] + of_input] != 0)
          united[sample * output_steps + step] = 1;
      }
}

void append_masks(std::int64_t batch, std::span<const Mask> masks, std::span<const std::int64_t> steps,
                  std::int64_t output_steps, float* appended) {
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < masks.size(); ++i) {
    for (std::int64_t sample = 0; sample < batch; ++sample) {
      float* const to = appended + sample * output_steps + offset;
      if (masks[i] == nullptr)
        std::fill_n(to, steps[i], 1.0F);
      else
        std::copy_n(masks[i] + sample * steps[i], steps[i], to);
    }
    offset += steps[i];
  }
}

}  // namespace kairos::host
