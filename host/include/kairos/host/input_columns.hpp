// SPDX-License-Identifier: MIT
// Names of the table columns that form an input of a model.
#pragma once

#include <string>
#include <vector>

namespace kairos::host {

struct InputColumns {
  std::string port;                ///< name of the model's input
  std::vector<std::string> names;  ///< in the order of the values of a sample; unique and not empty

  friend bool operator==(const InputColumns&, const InputColumns&) = default;
};

}  // namespace kairos::host
