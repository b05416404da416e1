// SPDX-License-Identifier: MIT
// Names of the columns of a table that a model takes as one of its inputs.
#pragma once

#include <string>
#include <vector>

namespace kairos::host {

struct InputColumns {
  std::string port;                ///< name of the model's input
  std::vector<std::string> names;  ///< in the order of the values of a sample; each name once, none empty

  friend bool operator==(const InputColumns&, const InputColumns&) = default;
};

}  // namespace kairos::host
