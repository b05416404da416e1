// SPDX-License-Identifier: MIT
// Parses names with arguments in parentheses.
#include "nn/call_text.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t longest_text = 1 << 20;
[[noreturn]] void refuse(std::string_view what, const TextFault& fault) {
  const std::string cure = fault.cure.empty() ? "Write it as name or name(argument,key=value)" : fault.cure;
  throw Error(ErrorKind::Model, {"KAIROS-M009", std::string(what),
                                 "the text cannot be read at character " + std::to_string(fault.at + 1),
                                 fault.found, fault.expected, cure});
}

PythonReader reader_of(std::string_view text) {
  if (text.size() > longest_text)
    throw TextFault{0, "more than " + std::to_string(longest_text) + " characters", "a short text", ""};
  return PythonReader(text);
}

CallText read_call(PythonReader& reader) {
  std::string name = reader.name();
  return {std::move(name), reader.arguments()};
}

}  // namespace

CallText parse_call(std::string_view text, std::string_view what) {
  try {
    PythonReader reader = reader_of(text);
    CallText call = read_call(reader);
    if (!reader.at_end()) reader.fail("the end");
    return call;
  } catch (const TextFault& fault) {
    refuse(what, fault);
  }
}

std::vector<CallText> parse_calls(std::string_view text, std::string_view what) {
  try {
    PythonReader reader = reader_of(text);
    std::vector<CallText> calls;
    while (!reader.at_end()) {
      calls.push_back(read_call(reader));
      if (!reader.at_end() && reader.take(','))
        throw TextFault{reader.at() - 1, "\"" + std::string(text.substr(reader.at() - 1, 20)) + "\"",
                        "a space before the next name",
                        "Write spaces between them: dense(16,relu) dense(10,softmax)"};
    }
    return calls;
  } catch (const TextFault& fault) {
    refuse(what, fault);
  }
}

nlohmann::json value_json(const std::string& value) {
  if (const auto truth = python_bool(value)) return *truth;
  if (is_none(value)) return nullptr;
  if (const auto integer = python_integer(value)) return *integer;
  if (const auto number = python_number(value)) return *number;
  if (value.size() > 2 &&
      ((value.front() == '(' && value.back() == ')') || (value.front() == '[' && value.back() == ']'))) {
    nlohmann::json list = nlohmann::json::array();
    const std::string items = value.substr(1, value.size() - 2);
    for (const CallArgument& item : parse_call("list(" + items + ")", value).arguments) {
      if (!item.name.empty()) return value;
      list.push_back(argument_json(item));
    }
    return list;
  }
  if (value.find('(') != std::string::npos) return call_json(parse_call(value, value), value);
  return value;
}

nlohmann::json argument_json(const CallArgument& argument) {
  return argument.quoted ? nlohmann::json(argument.value) : value_json(argument.value);
}

nlohmann::json call_json(const CallText& call, std::string_view what) {
  nlohmann::json config = nlohmann::json::object();
  for (const CallArgument& argument : call.arguments) {
    if (argument.name.empty())
      throw Error(ErrorKind::Model,
                  {"KAIROS-M009", std::string(what), "the arguments of " + call.name + " need names",
                   "\"" + argument.value + "\"", "key=value", "Write the argument's name and = before it"});
    if (config.contains(argument.name))
      throw Error(ErrorKind::Model, {"KAIROS-M009", std::string(what),
                                     "\"" + argument.name + "\" is given twice", "", "", "Remove one"});
    config[argument.name] = argument_json(argument);
  }
  return {{"class_name", call.name}, {"config", std::move(config)}};
}

}  // namespace kairos::host
