// SPDX-License-Identifier: MIT
// Items are read as options of their type are.
#include "plugin/options/list_value.hpp"

#include <algorithm>
#include <string>

#include "base/python_text.hpp"
#include "kairos/abi.h"
#include "plugin/options/option_value.hpp"

namespace kairos::host {

std::int32_t type_of_value(const OptionSpec& option) noexcept {
  return option.type == KAIROS_TYPE_LIST ? option.item_type : option.type;
}

std::optional<OptionValue> parse_list(std::int32_t item_type, std::string_view text) {
  OptionValue list{KAIROS_TYPE_LIST, 0, 0.0, ""};
  std::string_view rest = trimmed(text);
  for (bool more = !rest.empty(); more;) {
    const std::size_t comma = rest.find(',');
    more = comma != std::string_view::npos;
    const std::string_view word = trimmed(rest.substr(0, comma));
    std::optional<OptionValue> item = parse_value(item_type, word);
    if (!item || word.empty()) return std::nullopt;
    list.text += (list.items.empty() ? "" : ",") + std::string(word);
    list.items.push_back(std::move(*item));
    if (more) rest.remove_prefix(comma + 1);
  }
  list.integer = static_cast<std::int64_t>(list.items.size());
  return list;
}

std::string_view list_syntax(std::int32_t item_type) noexcept {
  switch (item_type) {
    case KAIROS_TYPE_BOOL:
      return "truth values separated by commas, such as true,false";
    case KAIROS_TYPE_INT:
      return "whole numbers separated by commas, such as 10,20";
    case KAIROS_TYPE_FLOAT:
      return "numbers separated by commas, such as 0.1,0.01";
    case KAIROS_TYPE_DURATION:
      return "durations separated by commas, such as 90s,5m";
    default:
      return "words separated by commas, such as a,b";
  }
}

const OptionValue* first_outside(const OptionSpec& option, const OptionValue& list) {
  const auto is_outside = [&option](const OptionValue& item) {
    if (item.type == KAIROS_TYPE_ENUM)
      return std::ranges::find(option.choices, item.text) == option.choices.end();
    return !within_bounds(option, item);
  };
  const auto found = std::ranges::find_if(list.items, is_outside);
  return found == list.items.end() ? nullptr : &*found;
}

}  // namespace kairos::host
