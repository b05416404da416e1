// SPDX-License-Identifier: MIT
// The arguments of Keras' `call` methods, for the layers whose calls take more than one list of tensors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kairos::host {

struct CallSignature {
  /// In the order of Keras' `call`, for arguments by position.
  std::vector<std::string_view> names{"inputs"};
  /// How many of the first names are inputs. If it is more than one, each is a tensor of its own.
  std::size_t inputs = 1;
  std::vector<std::string_view> tensors;  ///< arguments that are tensors, lists of tensors, or None
  std::vector<std::string_view> flags;    ///< arguments that are booleans, False by default

  [[nodiscard]] bool takes_tensor(std::string_view name) const;
  [[nodiscard]] bool takes_flag(std::string_view name) const;
};

/// That of a layer class; `is_model` for a nested model.
[[nodiscard]] const CallSignature& call_signature(std::string_view class_name, bool is_model);

/// Which input a mask argument belongs to: "value_mask" to 1. -1 for an argument that is no mask.
[[nodiscard]] int masked_input(std::string_view argument, std::size_t element);

}  // namespace kairos::host
