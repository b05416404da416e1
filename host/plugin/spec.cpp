// SPDX-License-Identifier: MIT
// The grammar of --plugin, with the column of every mistake.
#include <fmt/format.h>

#include <algorithm>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t longest_spec = 64 << 10;
constexpr std::string_view blanks = " \t";

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_name_character(char c) {
  return is_word_character(c) || c == '.' || c == '-';
}

class SpecParser {
 public:
  explicit SpecParser(std::string_view text) : text_(text) {}

  PluginSpec parse() {
    if (text_.size() > longest_spec)
      fail("the plugin is too long to be one", fmt::format("{} characters", text_.size()), "", "Shorten it");
    PluginSpec spec;
    spec.target = target();
    if (take('#')) spec.callback = name("an id after '#'");
    if (take('@')) spec.instance = name("a name after '@'");
    if (at_end()) return spec;
    if (!take(':'))
      fail("unexpected text", fmt::format("'{}'", text_[position_]), "':' and options, or the end",
           "Write ID[@instance][:key=value,…]");
    skip_blanks();
    if (at_end()) return spec;
    do spec.options.push_back(option());
    while (take(','));
    return spec;
  }

 private:
  [[noreturn]] void fail(std::string_view what, std::string found, std::string expected,
                         std::string cure) const {
    throw Error(ErrorKind::Plugin, {"KAIROS-O010", fmt::format("--plugin {}", text_.substr(0, 200)),
                                    fmt::format("{} at column {}", what, position_ + 1), std::move(found),
                                    std::move(expected), std::move(cure)});
  }

  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }
  [[nodiscard]] std::string here() const {
    return at_end() ? "the end" : fmt::format("'{}'", text_[position_]);
  }

  bool take(char c) {
    if (at_end() || text_[position_] != c) return false;
    ++position_;
    return true;
  }

  void skip_blanks() { position_ = std::min(text_.find_first_not_of(blanks, position_), text_.size()); }

  std::string name(const char* expected) {
    const std::size_t start = position_;
    while (!at_end() && is_name_character(text_[position_])) ++position_;
    if (position_ == start)
      fail("a name is missing", here(), expected, "Write letters, digits, '_', '-' and '.'");
    return std::string(text_.substr(start, position_ - start));
  }

  std::string target() {
    const std::string_view head = text_.substr(0, text_.find_first_of("#@:"));
    const bool is_path = text_.substr(0, text_.find(':')).find('/') != std::string_view::npos ||
                         text_.starts_with("/") || text_.starts_with("./") || text_.starts_with("../") ||
                         head.ends_with(".so");
    if (!is_path) return name("an id or the path of a .so");
    // The path ends with the first ".so" that something of the grammar follows: '#', '@' and ':' may be in
    // its directories.
    constexpr std::string_view ending = ".so";
    for (std::size_t at = text_.find(ending); at != std::string_view::npos; at = text_.find(ending, at + 1)) {
      const std::size_t end = at + ending.size();
      if (end == text_.size() || std::string_view("#@:").find(text_[end]) != std::string_view::npos) {
        position_ = end;
        return std::string(text_.substr(0, end));
      }
    }
    fail("a path that names no .so begins", std::string(head), "a path that ends in .so",
         "Name the file that the build made");
  }

  std::pair<std::string, std::string> option() {
    skip_blanks();
    const std::size_t start = position_;
    while (!at_end() && is_word_character(text_[position_])) ++position_;
    std::string key(text_.substr(start, position_ - start));
    if (key.empty())
      fail("an option has no name", here(), "key=value", "Quote a value that has commas in it: key=\"a,b\"");
    skip_blanks();
    if (!take('='))
      fail(fmt::format("the option {} has no value", key), here(), "'='",
           "Write " + key + "=…, and quote a value that has commas in it: key=\"a,b\"");
    skip_blanks();
    std::string value = at_end()                                              ? ""
                        : text_[position_] == '\'' || text_[position_] == '"' ? quoted(key)
                                                                              : bare();
    return {std::move(key), std::move(value)};
  }

  std::string bare() {
    const std::size_t end = std::min(text_.find(',', position_), text_.size());
    std::string_view value = text_.substr(position_, end - position_);
    position_ = end;
    value = value.substr(0, value.find_last_not_of(blanks) + 1);
    return std::string(value);
  }

  std::string quoted(const std::string& key) {
    const std::size_t start = position_;
    const char quote = text_[position_++];
    std::string value;
    while (!at_end() && text_[position_] != quote) {
      if (quote == '"' && text_[position_] == '\\') {
        ++position_;
        if (at_end()) break;
        if (text_[position_] != '"' && text_[position_] != '\\')
          fail(fmt::format("the value of {} has an unknown escape", key),
               fmt::format("'\\{}'", text_[position_]), "\\\" or \\\\",
               "Write '…' around a value with backslashes");
      }
      value += text_[position_++];
    }
    if (at_end()) {
      position_ = start;
      fail(fmt::format("the value of {} is not closed", key), fmt::format("an opening {}", quote),
           "a closing one", "Close the quote");
    }
    ++position_;
    skip_blanks();
    if (!at_end() && text_[position_] != ',')
      fail(fmt::format("something follows the quoted value of {}", key), here(), "',' or the end",
           "Put the whole value in the quotes");
    return value;
  }

  std::string_view text_;
  std::size_t position_ = 0;
};

}  // namespace

bool PluginSpec::is_file() const noexcept {
  return target.find('/') != std::string::npos || target.ends_with(".so");
}

PluginSpec parse_plugin_spec(std::string_view text) {
  return SpecParser(text).parse();
}

}  // namespace kairos::host
