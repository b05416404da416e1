// SPDX-License-Identifier: MIT
// The text form of things that have a name and arguments: "SGD(learning_rate=0.1,momentum=0.9)".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::host {

struct CallArgument {
  std::string name;   ///< "" for one given by position
  std::string value;  ///< without quotes around it; may be a call itself: "RandomNormal(stddev=0.1)"
};

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

/// {"class_name": name, "config": {...}}. Every argument must be named. Throws Error(Model).
[[nodiscard]] nlohmann::json call_json(const CallText& call, std::string_view what);

}  // namespace kairos::host
