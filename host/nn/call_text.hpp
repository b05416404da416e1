// SPDX-License-Identifier: MIT
// The text form of things that have a name and arguments: "SGD(learning_rate=0.1,momentum=0.9)".
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

/// "relu" or "dense(64,relu,l2=0.01)". `what` is named in messages: "optimizer". Throws Error(Model).
[[nodiscard]] CallText parse_call(std::string_view text, std::string_view what);

/// Several of them with blanks between.
[[nodiscard]] std::vector<CallText> parse_calls(std::string_view text, std::string_view what);

/// true/false, none/null, a number, "(3,5)" or "[3,5]" as a list, a call as {"class_name", "config"}, else a
/// string.
[[nodiscard]] nlohmann::json value_json(const std::string& value);

/// The same for an argument; one in quotes is a string.
[[nodiscard]] nlohmann::json argument_json(const CallArgument& argument);

/// {"class_name": name, "config": {...}}. Every argument must be named. Throws Error(Model).
[[nodiscard]] nlohmann::json call_json(const CallText& call, std::string_view what);

}  // namespace kairos::host
