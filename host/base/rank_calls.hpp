// SPDX-License-Identifier: MIT
// What ranks do together after hooks that may differ between them.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "kairos/host/ranks.hpp"

namespace kairos::host {

/// The most numbers that one call may have.
inline constexpr std::size_t most_numbers_in_step = 28;

/// The largest of each number on all ranks. `call` says what the rank is about to do: if another rank is
/// about to do something else, both throw Error(Callback) KAIROS-C041, and neither waits for the other.
void reduce_in_step(Ranks& ranks, std::string_view call, std::span<double> numbers);

/// The same without numbers.
void require_in_step(Ranks& ranks, std::string_view call);

}  // namespace kairos::host
