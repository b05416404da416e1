// SPDX-License-Identifier: MIT
// Every call is one exchange of the same size, so that different ones meet.
#include "base/rank_calls.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "base/hash64.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void refuse(const Ranks& ranks, const std::vector<std::string>& calls) {
  std::size_t other = 1;
  while (other + 1 < calls.size() && calls[other] == calls.front()) ++other;
  throw Error(
      ErrorKind::Callback,
      {"KAIROS-C041", ranks.name_of(static_cast<int>(other)),
       "it does something else than " + ranks.name_of(0), calls[other], calls.front(),
       "Let callbacks call broadcast and all_reduce on every rank, in the same hooks, with as many values"});
}

}  // namespace

void reduce_in_step(Ranks& ranks, std::string_view call, std::span<double> numbers) {
  constexpr int exact = std::numeric_limits<double>::digits;
  const auto hash = static_cast<double>(hash64(call) >> (64 - exact));
  std::array<double, most_numbers_in_step + 2> all{};
  all[0] = hash;
  all[1] = -hash;
  std::ranges::copy(numbers, all.begin() + 2);
  ranks.reduce(Reduction::Max, all);
  if (all[0] != -all[1]) refuse(ranks, ranks.gather(call));
  std::copy_n(all.begin() + 2, numbers.size(), numbers.begin());
}

void require_in_step(Ranks& ranks, std::string_view call) {
  reduce_in_step(ranks, call, {});
}

}  // namespace kairos::host
