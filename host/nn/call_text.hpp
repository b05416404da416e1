// SPDX-License-Identifier: MIT
// Calls as text, a name with arguments: "SGD(learning_rate=0.1,momentum=0.9)".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/python_text.hpp"

namespace kairos::host {

struct CallText {
  std::string name;
  std::vector<CallArgument> arguments;
};

/// Parses "relu" or "dense(64,relu,l2=0.01)". Messages name `what`, such as "optimizer". Throws Error(Model).
[[nodiscard]] CallText parse_call(std::string_view text, std::string_view what);

/// Parses several calls separated by spaces.
[[nodiscard]] std::vector<CallText> parse_calls(std::string_view text, std::string_view what);

/// Converts true/false, none/null, a number, a list such as "(3,5)" or "[3,5]", or a call as {"class_name",
/// "config"}; anything else becomes a string.
[[nodiscard]] nlohmann::json value_json(const std::string& value);

/// The same for an argument; a quoted one is a string.
[[nodiscard]] nlohmann::json argument_json(const CallArgument& argument);

/// {"class_name": name, "config": {...}}. All arguments must be named. Throws Error(Model).
[[nodiscard]] nlohmann::json call_json(const CallText& call, std::string_view what);

}  // namespace kairos::host
