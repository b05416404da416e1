// SPDX-License-Identifier: MIT
// A directory of pictures with a sub-directory for each class as a data set.
#pragma once

#include "kairos/host/data.hpp"

namespace kairos::host {

/// Reads `spec.file`, a directory: inputs [n, height, width, channels] of 0 to 255, targets [n] the number of
/// the class in the order of their names, or in `spec.class_names`. Without sub-directories there are no
/// targets, which `spec.target_use` must allow. Pictures come in the order of their paths, or of
/// `spec.image_order_seed`.
[[nodiscard]] Dataset read_image_folder(const DataSpec& spec);

}  // namespace kairos::host
