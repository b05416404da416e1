// SPDX-License-Identifier: MIT
// kairos.options/1 of the test host.
#pragma once

#include <cstdint>

#include "kairos/testing/host.hpp"

namespace kairos {
inline namespace v1 {
namespace testing {
namespace tables {

inline kairos_status option_is_set(const kairos_host* self, std::uint32_t index, std::int32_t* out) {
  return Host::of(self).option_is_set(index, *out);
}
inline kairos_status option_item(const kairos_host* self, std::uint32_t index, std::uint64_t item,
                                 kairos_value* out) {
  return Host::of(self).option_item(index, item, *out);
}

inline constexpr kairos_options options = {sizeof(kairos_options), 0, &option_is_set, &option_item};

}  // namespace tables
}  // namespace testing
}  // namespace v1
}  // namespace kairos
