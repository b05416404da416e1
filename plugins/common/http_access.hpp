// SPDX-License-Identifier: MIT
// What the server of pages needs to know about tokens, queries and sockets, without Boost.
#pragma once

#include <string>
#include <string_view>

namespace kairos::plugins {

/// Compares in a time that depends on the lengths alone.
[[nodiscard]] bool is_same(std::string_view given, std::string_view expected);

/// The value of `name` in "a=1&b=2".
[[nodiscard]] std::string_view query_value(std::string_view query, std::string_view name);

/// Whether the path is a socket of ours at which nobody listens, as a run that was killed leaves it.
[[nodiscard]] bool is_stale_socket(const std::string& path);

}  // namespace kairos::plugins
