// SPDX-License-Identifier: MIT
// The grammar of a plugin spec; every error names its column.
#include <fmt/format.h>

#include <algorithm>

#include "base/python_text.hpp"
#include "kairos/host/plugins.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t longest_spec = 64 << 10;
constexpr std::string_view blanks = " \t\r\n";
constexpr const char* quote_commas = "Quote a value that has commas in it: key=\"a,b\"";

bool is_word_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

bool is_name_character(char c) {
  return is_word_character(c) || c == '.' || c == '-';
}

/// Removes the module that programs write before the name of a Keras callback.
std::string_view without_module(std::string_view name) {
  constexpr std::string_view modules[] = {"keras.callbacks.", "callbacks."};
  for (const std::string_view module : modules)
    if (const std::size_t at = name.find(module); at != std::string_view::npos) {
      const std::string_view before = name.substr(0, at);
      const bool whole =
          before.empty() || before == "tf." || before == "tensorflow." || before == "tensorflow.python.";
      if (whole && name.size() > at + module.size()) return name.substr(at + module.size());
    }
  return name;
}

class SpecParser {
 public:
  explicit SpecParser(std::string_view text) : text_(text) {}

  PluginSpec parse() {
    if (text_.size() > longest_spec)
      fail("the text is too long for a plugin", fmt::format("{} characters", text_.size()), "", "Shorten it");
    skip_blanks();
    refuse_other_code();
    PluginSpec spec;
    spec.target = target();
    if (take('#')) spec.callback = name("an id after '#'");
    if (take('@')) spec.instance = name("a name after '@'");
    const std::size_t behind_name = position_;
    skip_blanks();
    if (at_end()) return spec;
    if (text_[position_] == '(') return call(std::move(spec));
    if (!take(':')) {
      position_ = behind_name;
      fail("unexpected text", fmt::format("'{}'", text_[position_]), "':' and options, or the end",
           "Write ID[@instance][:key=value,…] or ID[@instance](key=value,…)");
    }
    skip_blanks();
    if (at_end()) return spec;
    do spec.options.push_back(option());
    while (take(','));
    return spec;
  }

 private:
  [[noreturn]] void fail(std::string_view what, std::string found, std::string expected, std::string cure,
                         const char* code = "KAIROS-O010") const {
    throw Error(ErrorKind::Plugin, {code, fmt::format("plugin {}", text_.substr(0, 200)),
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

  /// Rejects pasted lines that are more than one call.
  void refuse_other_code() const {
    if (!at_end() && text_[position_] == '[')
      fail("found a list where one callback is expected", "'['", "a name or a call",
           "Give each callback of the list as a plugin of its own", "KAIROS-O051");
    std::size_t end = position_;
    while (end < text_.size() && is_word_character(text_[end])) ++end;
    const std::size_t equals = std::min(text_.find_first_not_of(blanks, end), text_.size());
    if (end == position_ || equals == text_.size() || text_[equals] != '=') return;
    const std::string_view variable = text_.substr(position_, end - position_);
    fail("found an assignment where a callback is expected", fmt::format("{} =", variable),
         "a name or a call",
         fmt::format("Leave \"{} =\" out; an instance gets a name by Name@{}(…)", variable, variable),
         "KAIROS-O051");
  }

  std::string name(const char* expected) {
    const std::size_t start = position_;
    while (!at_end() && is_name_character(text_[position_])) ++position_;
    if (position_ == start)
      fail("a name is missing", here(), expected, "Write letters, digits, '_', '-' and '.'");
    return std::string(text_.substr(start, position_ - start));
  }

  /// Whether the text at this position is the path of a .so and not an id.
  [[nodiscard]] bool at_path() const {
    const std::string_view rest = text_.substr(position_);
    const std::string_view head = rest.substr(0, rest.find_first_of("#@:( \t\r\n"));
    // Directories with '#', '@' or ':' in their names come before the options, which have '='.
    const std::string_view front = rest.substr(0, rest.find_first_of("=("));
    const std::size_t slash = front.find('/');
    return rest.starts_with('/') || rest.starts_with("./") || rest.starts_with("../") ||
           head.find('/') != std::string_view::npos || head.ends_with(".so") ||
           (slash != std::string_view::npos && front.find(".so", slash) != std::string_view::npos);
  }

  std::string target() {
    if (!at_path()) return std::string(without_module(name("an id or the path of a .so")));
    const std::size_t start = position_;
    // The path ends with the first ".so" that is followed by the grammar: its directories may contain '#',
    // '@', ':' and '('.
    constexpr std::string_view ending = ".so";
    for (std::size_t at = text_.find(ending, start); at != std::string_view::npos;
         at = text_.find(ending, at + 1)) {
      const std::size_t end = at + ending.size();
      const std::size_t next = std::min(text_.find_first_not_of(blanks, end), text_.size());
      const bool ends = next == text_.size() || text_[next] == '(' ||
                        (next == end && std::string_view("#@:").find(text_[end]) != std::string_view::npos);
      if (ends) {
        position_ = end;
        return std::string(text_.substr(start, end - start));
      }
    }
    fail("the path does not name a .so",
         std::string(text_.substr(start, text_.find_first_of("#@:", start) - start)),
         "a path that ends in .so", "Name the file that the build produced");
  }

  /// Starts at the opening bracket.
  PluginSpec call(PluginSpec spec) {
    PythonReader reader(text_, position_);
    try {
      for (CallArgument& argument : reader.arguments())
        spec.options.push_back({std::move(argument.name), std::move(argument.value),
                                argument.quoted ? Written::Quoted : Written::Argument});
      if (!reader.at_end() && reader.take(',')) reader.skip_blanks();  // copied out of a list
      if (!reader.at_end()) reader.fail("the end", "Give each callback as a plugin of its own");
    } catch (const TextFault& fault) {
      position_ = fault.at;
      fail("the call cannot be read", fault.found, fault.expected,
           fault.cure.empty() ? "Write Name(key=value,…); Python code is not run" : fault.cure,
           "KAIROS-O051");
    }
    check_order(spec.options);
    return spec;
  }

  void check_order(const std::vector<PluginOption>& options) const {
    const auto named = std::ranges::find_if(options, [](const PluginOption& o) { return !o.key.empty(); });
    const auto late = std::find_if(named, options.end(), [](const PluginOption& o) { return o.key.empty(); });
    if (late != options.end())
      throw Error(ErrorKind::Plugin, {"KAIROS-O052", fmt::format("plugin {}", text_.substr(0, 200)),
                                      "an argument without a name follows one with a name",
                                      fmt::format("\"{}\" after {}=", late->value, (late - 1)->key),
                                      "key=value", "Write the name of its option and = before the value"});
  }

  PluginOption option() {
    skip_blanks();
    const std::size_t start = position_;
    while (!at_end() && is_word_character(text_[position_])) ++position_;
    std::string key(text_.substr(start, position_ - start));
    if (key.empty()) fail("an option has no name", here(), "key=value", quote_commas);
    skip_blanks();
    if (!take('='))
      fail(fmt::format("the option {} has no value", key), here(), "'='",
           "Write " + key + "=…, and quote a value that has commas in it: key=\"a,b\"");
    skip_blanks();
    if (at_end() || text_[position_] == ',') return {std::move(key), "", Written::Bare};
    CallArgument value = read_value(key);
    return {std::move(key), std::move(value.value), value.quoted ? Written::Quoted : Written::Bare};
  }

  CallArgument read_value(const std::string& key) {
    PythonReader reader(text_, position_);
    CallArgument value;
    try {
      value = reader.value(",");
    } catch (const TextFault& fault) {
      position_ = fault.at;
      fail(fmt::format("the value of {} cannot be read", key), fault.found, fault.expected, fault.cure);
    }
    position_ = reader.at();
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
