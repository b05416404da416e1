// SPDX-License-Identifier: MIT
// What a model of another program does if it does not say otherwise.
#include <string_view>

#include "kairos/host/error.hpp"
#include "kairos/host/model.hpp"

namespace kairos::host {

void Model::restore_log_sums(std::string_view) {
  throw Error(ErrorKind::Model, {"KAIROS-M142", "model", "it cannot restore the sums of its logs", "", "",
                                 "Implement Model::restore_log_sums"});
}

void Model::use_ranks(Ranks* ranks) {
  if (ranks == nullptr) return;
  throw Error(ErrorKind::Model, {"KAIROS-M143", "model", "it cannot be trained on several ranks", "", "",
                                 "Implement Model::use_ranks"});
}

}  // namespace kairos::host
