// SPDX-License-Identifier: MIT
// A reader of names with arguments in brackets.
#include "train/call_text.hpp"

#include <cctype>
#include <charconv>
#include <nlohmann/json.hpp>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t longest_text = 1 << 20;
constexpr int deepest_value = 16;

bool is_blank(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}
bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '>';
}

class Reader {
 public:
  Reader(std::string_view text, std::string_view what) : text_(text), what_(what) {
    if (text.size() > longest_text)
      fail("more than " + std::to_string(longest_text) + " characters", "a short text");
  }

  bool at_end() {
    skip_blanks();
    return at_ == text_.size();
  }

  CallText call() {
    CallText result{name(), {}};
    skip_blanks();
    if (!take('(')) return result;
    skip_blanks();
    if (take(')')) return result;
    do result.arguments.push_back(argument());
    while (take(','));
    if (!take(')')) fail(here(), "\",\" or \")\"");
    return result;
  }

  /// After a call, where calls follow one another with blanks between.
  void refuse_comma() {
    skip_blanks();
    if (at_ < text_.size() && text_[at_] == ',')
      fail(here(), "a space before the next name",
           "Write spaces between them: dense(16,relu) dense(10,softmax)");
  }

  [[noreturn]] void fail(const std::string& found, const std::string& expected,
                         const std::string& cure = "Write it as name or name(argument,key=value)") const {
    throw Error(ErrorKind::Model,
                {"KAIROS-M009", std::string(what_),
                 "the text cannot be read at character " + std::to_string(at_ + 1), found, expected, cure});
  }

  [[nodiscard]] std::string here() const {
    return at_ == text_.size() ? "the end of \"" + std::string(text_.substr(0, 80)) + "\""
                               : "\"" + std::string(text_.substr(at_, 20)) + "\"";
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
  }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::string name() {
    skip_blanks();
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_name(text_[at_])) ++at_;
    if (at_ == begin) fail(here(), "a name");
    return std::string(text_.substr(begin, at_ - begin));
  }

  CallArgument argument() {
    skip_blanks();
    std::size_t end = at_;
    while (end < text_.size() && is_name(text_[end])) ++end;
    std::size_t equals = end;
    while (equals < text_.size() && is_blank(text_[equals])) ++equals;
    CallArgument result;
    if (end > at_ && equals < text_.size() && text_[equals] == '=') {
      result.name = text_.substr(at_, end - at_);
      at_ = equals + 1;
    }
    result.value = value();
    return result;
  }

  /// Up to the comma or bracket that ends it; brackets inside are kept with what they hold.
  std::string value() {
    skip_blanks();
    if (at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\'')) return quoted();
    const std::size_t begin = at_;
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (depth == 0 && (c == ',' || c == ')')) break;
      if ((c == '(' || c == '[') && ++depth > deepest_value) fail(here(), "fewer brackets inside each other");
      if (c == ')' || (c == ']' && depth > 0)) --depth;
    }
    std::size_t end = at_;
    while (end > begin && is_blank(text_[end - 1])) --end;
    if (end == begin) fail(here(), "a value");
    return std::string(text_.substr(begin, end - begin));
  }

  std::string quoted() {
    const char quote = text_[at_];
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail(here(), "a closing quote");
    std::string result(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    skip_blanks();
    return result;
  }

  std::string_view text_;
  std::string_view what_;
  std::size_t at_ = 0;
};

}  // namespace

CallText parse_call(std::string_view text, std::string_view what) {
  Reader reader(text, what);
  CallText call = reader.call();
  if (!reader.at_end()) reader.fail(reader.here(), "the end");
  return call;
}

std::vector<CallText> parse_calls(std::string_view text, std::string_view what) {
  Reader reader(text, what);
  std::vector<CallText> calls;
  while (!reader.at_end()) {
    calls.push_back(reader.call());
    reader.refuse_comma();
  }
  return calls;
}

nlohmann::json value_json(const std::string& value) {
  if (value == "true" || value == "True") return true;
  if (value == "false" || value == "False") return false;
  if (value == "none" || value == "None" || value == "null") return nullptr;
  const char* const end = value.data() + value.size();
  std::int64_t integer = 0;
  if (const auto [last, error] = std::from_chars(value.data(), end, integer);
      error == std::errc{} && last == end)
    return integer;
  double number = 0;
  if (const auto [last, error] = std::from_chars(value.data(), end, number);
      error == std::errc{} && last == end)
    return number;
  if (value.size() > 2 &&
      ((value.front() == '(' && value.back() == ')') || (value.front() == '[' && value.back() == ']'))) {
    nlohmann::json list = nlohmann::json::array();
    const std::string items = value.substr(1, value.size() - 2);
    for (const CallArgument& item : parse_call("list(" + items + ")", value).arguments) {
      if (!item.name.empty()) return value;
      list.push_back(value_json(item.value));
    }
    return list;
  }
  if (value.find('(') != std::string::npos) return call_json(parse_call(value, value), value);
  return value;
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
    config[argument.name] = value_json(argument.value);
  }
  return {{"class_name", call.name}, {"config", std::move(config)}};
}

}  // namespace kairos::host
