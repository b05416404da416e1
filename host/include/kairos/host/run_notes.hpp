// SPDX-License-Identifier: MIT
// What reports say about a run besides its numbers.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace kairos::host {

/// Texts for callbacks that write reports (kairos.info/1), in UTF-8. Without secrets: reports are passed on.
struct RunNotes {
  using List = std::vector<std::pair<std::string, std::string>>;

  List settings;     ///< name and value of those in effect
  List environment;  ///< versions and machine
  List classes;      ///< names by number, without values; `fit` and `evaluate` fill them from the data
  List columns;      ///< of the inputs from a table: name of the column, name of the input; as `classes`
};

}  // namespace kairos::host
