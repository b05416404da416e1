// SPDX-License-Identifier: MIT
// Reads names, values and calls; nothing is evaluated.
#include "base/python_text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <limits>
#include <system_error>
#include <utility>

namespace kairos::host {

namespace {

constexpr int deepest_value = 64;

bool is_blank(char c) {
  return std::isspace(static_cast<unsigned char>(c)) != 0;
}
bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '>';
}
bool is_quote(char c) {
  return c == '"' || c == '\'';
}

/// The end of the string literal that begins at `at`; npos if there is none.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  const char quote = text[at];
  for (std::size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == quote)
      return i + 1;
  }
  return std::string_view::npos;
}

}  // namespace

// ---------------------------------------------------------------- calls

void PythonReader::skip_blanks() {
  for (; at_ < text_.size(); ++at_) {
    const bool joined = text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n';
    if (in_call_ && text_[at_] == '#')
      at_ = std::min(text_.find('\n', at_), text_.size() - 1);
    else if (!is_blank(text_[at_]) && !joined)
      return;
  }
}

bool PythonReader::at_end() {
  skip_blanks();
  return at_ == text_.size();
}

bool PythonReader::take(char c) {
  if (at_ == text_.size() || text_[at_] != c) return false;
  ++at_;
  return true;
}

std::string PythonReader::here() const {
  return at_ == text_.size() ? "the end of \"" + std::string(text_.substr(0, 80)) + "\""
                             : "\"" + std::string(text_.substr(at_, 20)) + "\"";
}

void PythonReader::fail(std::string expected, std::string cure) const {
  throw TextFault{at_, here(), std::move(expected), std::move(cure)};
}

std::string PythonReader::name() {
  skip_blanks();
  const std::size_t begin = at_;
  while (at_ < text_.size() && is_name(text_[at_])) ++at_;
  if (at_ == begin) fail("a name");
  return std::string(text_.substr(begin, at_ - begin));
}

std::vector<CallArgument> PythonReader::arguments() {
  std::vector<CallArgument> all;
  skip_blanks();
  if (!take('(')) return all;
  in_call_ = true;  // and after it: a comment may follow the call
  skip_blanks();
  bool closed = take(')');
  while (!closed) {
    all.push_back(argument());
    skip_blanks();
    const bool more = take(',');
    skip_blanks();
    closed = take(')');  // also after a comma, as in calls that span several lines
    if (!closed && !more) fail("\",\" or \")\"");
  }
  return all;
}

CallArgument PythonReader::argument() {
  std::size_t end = at_;
  while (end < text_.size() && text_[end] != '>' && is_name(text_[end])) ++end;
  std::size_t equals = end;
  while (equals < text_.size() && is_blank(text_[equals])) ++equals;
  std::string key;
  const bool compares = text_.substr(equals).starts_with("==");
  if (end > at_ && equals < text_.size() && text_[equals] == '=' && !compares) {
    key = text_.substr(at_, end - at_);
    at_ = equals + 1;
  }
  CallArgument result = value(",)");
  result.name = std::move(key);
  return result;
}

CallArgument PythonReader::value(std::string_view ends) {
  skip_blanks();
  if (at_string()) return {"", string(), true};
  const std::size_t end = end_of_bare(ends);
  const std::string_view bare = trimmed(text_.substr(at_, end - at_));
  if (bare.empty()) fail("a value");
  at_ = end;
  return {"", std::string(bare)};
}

std::size_t PythonReader::end_of_bare(std::string_view ends) const {
  int depth = 0;
  // The parameters of a lambda are separated by commas.
  bool in_parameters = text_.substr(at_).starts_with("lambda ");
  std::size_t i = at_;
  for (; i < text_.size(); ++i) {
    const char c = text_[i];
    if (c == ':') in_parameters = false;
    if (depth == 0 && ends.find(c) != std::string_view::npos && !(in_parameters && c == ',')) break;
    if (in_call_ && depth == 0 && c == '#' && i > at_ && is_blank(text_[i - 1])) break;
    if (std::string_view("([{").find(c) != std::string_view::npos && ++depth > deepest_value)
      throw TextFault{i, "\"" + std::string(text_.substr(i, 20)) + "\"", "fewer nested brackets", ""};
    if (std::string_view(")]}").find(c) != std::string_view::npos && depth > 0) --depth;
    if (is_quote(c) && (in_call_ || depth > 0))
      if (const std::size_t end = end_of_string(text_, i); end != std::string_view::npos) i = end - 1;
  }
  // A bracket that is never closed is an ordinary character.
  return depth == 0 ? i : std::min(text_.find_first_of(ends, at_), text_.size());
}

// ---------------------------------------------------------------- strings

bool PythonReader::at_string() const {
  std::size_t quote = at_;
  while (quote < text_.size() && quote < at_ + 2 &&
         std::string_view("rRuUbBfF").find(text_[quote]) != std::string_view::npos)
    ++quote;
  return quote < text_.size() && is_quote(text_[quote]);
}

std::string PythonReader::string() {
  std::string joined;
  while (at_string()) {
    append_literal(joined);
    skip_blanks();
  }
  return joined;
}

void PythonReader::append_literal(std::string& to) {
  const std::size_t start = at_;
  bool raw = false;
  bool formatted = false;
  for (; !is_quote(text_[at_]); ++at_) {
    const char prefix = static_cast<char>(std::tolower(static_cast<unsigned char>(text_[at_])));
    raw |= prefix == 'r';
    formatted |= prefix == 'f';
    if (prefix == 'b') fail("a string, not bytes", "Remove the b before the quote");
  }
  const std::string_view three = text_.substr(at_, 3);
  const bool long_form = three.size() == 3 && three[0] == three[1] && three[1] == three[2];
  const std::string_view closing = text_.substr(at_, long_form ? 3 : 1);
  at_ += closing.size();
  while (!text_.substr(at_).starts_with(closing)) {
    if (at_ >= text_.size()) {
      at_ = start;
      throw TextFault{start, "an opening " + std::string(closing), "a closing one", "Close the quote"};
    }
    const char c = text_[at_];
    if (c == '\0') fail("a string without the character 0", "Remove it");
    if (formatted && (c == '{' || c == '}')) {
      at_ = start;
      fail("the text itself", "Python code is not executed: write the text that the f-string yields");
    }
    if (c == '\\' && at_ + 1 < text_.size()) {
      if (raw)
        to += text_[at_++];
      else {
        append_escape(to);
        continue;
      }
    }
    to += text_[at_++];
  }
  at_ += closing.size();
}

void PythonReader::append_escape(std::string& to) {
  constexpr std::string_view letters = "\\'\"abfnrtv\n";
  constexpr std::string_view meanings = "\\'\"\a\b\f\n\r\t\v";
  const char c = text_[at_ + 1];
  if (c >= '0' && c <= '7') return append_octal(to);
  if (c == 'x') return append_code_point(to, 2);
  if (c == 'u') return append_code_point(to, 4);
  if (c == 'U') return append_code_point(to, 8);
  if (c == 'N') fail("a character or its number", "Write the character itself");
  const std::size_t which = letters.find(c);
  if (which == std::string_view::npos) to += '\\';  // As in Python, the backslash is kept.
  if (which < meanings.size())
    to += meanings[which];
  else if (which == std::string_view::npos)
    to += c;  // A line end after a backslash is dropped.
  at_ += 2;
}

namespace {

void append_utf8(std::string& to, std::uint32_t code) {
  const auto byte = [&to](std::uint32_t value) { to += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) {
    byte(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      byte(0xE0 | code >> 12);
    } else {
      byte(0xF0 | code >> 18);
      byte(0x80 | (code >> 12 & 0x3F));
    }
    byte(0x80 | (code >> 6 & 0x3F));
  }
  byte(0x80 | (code & 0x3F));
}

}  // namespace

void PythonReader::append_code_point(std::string& to, unsigned digits) {
  const std::string_view number = text_.substr(at_ + 2, digits);
  std::uint32_t code = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), code, 16);
  const bool whole = error == std::errc{} && end == number.data() + digits && number.size() == digits;
  if (!whole || code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
    fail("a character escape such as \\x41 or \\u00e9", "Write the character itself");
  append_utf8(to, code);
  at_ += 2 + digits;
}

void PythonReader::append_octal(std::string& to) {
  std::uint32_t code = 0;
  std::size_t i = at_ + 1;
  for (; i < text_.size() && i < at_ + 4 && text_[i] >= '0' && text_[i] <= '7'; ++i)
    code = code * 8 + static_cast<std::uint32_t>(text_[i] - '0');
  if (code == 0) fail("a string without the character 0", "Remove it");
  append_utf8(to, code);
  at_ = i;
}

// ---------------------------------------------------------------- values

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_none(std::string_view text) noexcept {
  return text == "None" || text == "none" || text == "null";
}

std::optional<bool> python_bool(std::string_view text) noexcept {
  if (text == "True" || text == "true") return true;
  if (text == "False" || text == "false") return false;
  return std::nullopt;
}

namespace {

/// The text without the underscores between digits; empty if an underscore is elsewhere.
std::optional<std::string> without_underscores(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      plain += text[i];
      continue;
    }
    const auto is_digit = [&](std::size_t at) {
      return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
    };
    if (i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) return std::nullopt;
  }
  return plain;
}

template <class T, class... Base>
std::optional<T> read_whole(std::string_view text, Base... base) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base...);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// Constants of a module, and float('inf').
std::optional<double> named_number(std::string_view text) {
  double sign = 1;
  if (text.starts_with('-') || text.starts_with('+')) {
    sign = text.front() == '-' ? -1 : 1;
    text.remove_prefix(1);
  }
  const auto of_word = [&](std::string_view word) -> std::optional<double> {
    const bool known = word == "inf" || word == "Inf" || word == "infinity" || word == "nan" || word == "NaN";
    return known ? std::optional(sign * read_whole<double>(word).value_or(0)) : std::nullopt;
  };
  for (const std::string_view module : {"np.", "numpy.", "math."})
    if (text.starts_with(module)) return of_word(text.substr(module.size()));
  if (!text.starts_with("float(") || !text.ends_with(")")) return std::nullopt;
  std::string_view inside = trimmed(text.substr(6, text.size() - 7));
  if (inside.size() < 2 || !is_quote(inside.front()) || inside.front() != inside.back()) return std::nullopt;
  inside = inside.substr(1, inside.size() - 2);
  if (inside.starts_with('-')) {
    sign = -sign;
    inside.remove_prefix(1);
  }
  return of_word(inside);
}

}  // namespace

std::optional<std::int64_t> python_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  const bool has_sign = negative || text.starts_with('+');
  const auto digits = without_underscores(text.substr(has_sign ? 1 : 0));
  if (!digits || digits->empty() || !std::isdigit(static_cast<unsigned char>(digits->front())))
    return std::nullopt;
  constexpr std::pair<char, int> bases[] = {{'x', 16}, {'o', 8}, {'b', 2}};
  for (const auto& [letter, base] : bases)
    if (digits->size() > 2 && digits->front() == '0' && ((*digits)[1] | 0x20) == letter) {
      if (!std::isxdigit(static_cast<unsigned char>((*digits)[2]))) return std::nullopt;
      const auto value = read_whole<std::int64_t>(std::string_view(*digits).substr(2), base);
      return value && negative ? -*value : value;
    }
  return read_whole<std::int64_t>((negative ? "-" : "") + *digits);
}

std::optional<double> python_number(std::string_view text) {
  if (const auto named = named_number(text)) return named;
  const bool has_sign = text.starts_with('+');
  const auto plain = without_underscores(text.substr(has_sign ? 1 : 0));
  if (!plain || (has_sign && (plain->starts_with('+') || plain->starts_with('-')))) return std::nullopt;
  if (const auto value = read_whole<double>(*plain)) return value;
  const auto integer = python_integer(text);
  return integer ? std::optional(static_cast<double>(*integer)) : std::nullopt;
}

namespace {

/// The key and the value of an item of a mapping.
CallArgument mapped_item(PythonReader& reader) {
  const bool named = reader.at_string();  // "{epoch:02d}" is the field of a template
  std::string key = reader.value(":").value;
  if (!named || !reader.take(':')) reader.fail("a key in quotes and \":\"");
  CallArgument item = reader.value(",}");
  item.name = std::move(key);
  return item;
}

}  // namespace

std::optional<std::vector<CallArgument>> python_items(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const char open = text.front();
  const char close = open == '[' ? ']' : open == '(' ? ')' : '}';
  if (std::string_view("([{").find(open) == std::string_view::npos || text.back() != close)
    return std::nullopt;
  std::vector<CallArgument> items;
  bool comma = false;
  try {
    PythonReader reader(text, 1);
    const char ends[] = {',', close, '\0'};
    for (reader.skip_blanks(); !reader.take(close); reader.skip_blanks()) {
      if (!items.empty() && !comma) return std::nullopt;
      items.push_back(open == '{' ? mapped_item(reader) : reader.value(ends));
      reader.skip_blanks();
      comma = reader.take(',');
    }
    if (!reader.at_end()) return std::nullopt;
  } catch (const TextFault&) {
    return std::nullopt;
  }
  if (open == '(' && items.size() == 1 && !comma) return std::nullopt;  // parentheses around a value
  return items;
}

}  // namespace kairos::host
