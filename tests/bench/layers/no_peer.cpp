// SPDX-License-Identifier: MIT
#include "cases.hpp"

namespace kairos::bench {

std::function<void()> peer(const Case&, const Sizes&) {
  return {};
}

void set_peer_threads(int) {}

}  // namespace kairos::bench
