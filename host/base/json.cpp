// SPDX-License-Identifier: MIT
// Scans for depth and bare words before nlohmann's parser sees the text.
#include "base/json.hpp"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/input_file.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

constexpr std::size_t depth_limit = 256;
constexpr std::size_t size_limit = std::size_t{64} << 20;

/// "model.json:3:17"; columns count bytes, as editors and compilers do for ASCII.
std::string place(std::string_view origin, std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t newline = before.rfind('\n');
  const std::size_t column = newline == std::string_view::npos ? offset + 1 : offset - newline;
  return std::string(origin) + ":" + std::to_string(line) + ":" + std::to_string(column);
}

/// A bare word and its replacement, a string that does not occur in real files.
struct BareWord {
  std::string_view word;
  std::string_view stand_in;
  std::string_view parsed;  ///< the value of the replacement
  double value;
};
constexpr BareWord bare_words[] = {
    {"NaN", "\"\\u0001kairos NaN\"", "\1kairos NaN", std::numeric_limits<double>::quiet_NaN()},
    {"-Infinity", "\"\\u0001kairos -Infinity\"", "\1kairos -Infinity",
     -std::numeric_limits<double>::infinity()},
    {"Infinity", "\"\\u0001kairos Infinity\"", "\1kairos Infinity", std::numeric_limits<double>::infinity()},
};

const BareWord* bare_word_at(std::string_view text) {
  for (const BareWord& bare : bare_words)
    if (text.starts_with(bare.word)) return &bare;
  return nullptr;
}

struct Replacement {
  std::size_t offset;  ///< in the original text
  const BareWord* bare;
};

/// Limits the depth and finds the bare words.
std::vector<Replacement> scan(std::string_view text, std::string_view origin) {
  std::vector<Replacement> found;
  std::size_t depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      i = end_of_json_string(text, i);
    } else if (c == '{' || c == '[') {
      if (++depth > depth_limit)
        throw Error(ErrorKind::File,
                    {"KAIROS-F011", place(origin, text, i), "the JSON is nested too deeply",
                     "more than " + std::to_string(depth_limit) + " levels",
                     "at most " + std::to_string(depth_limit), "Check that this is the intended file"});
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    } else if (c == 'N' || c == 'I' || c == '-') {
      if (const BareWord* bare = bare_word_at(text.substr(i))) {
        found.push_back({i, bare});
        i += bare->word.size() - 1;
      }
    }
  }
  return found;
}

std::string with_stand_ins(std::string_view text, const std::vector<Replacement>& replacements) {
  std::string out;
  std::size_t done = 0;
  for (const Replacement& r : replacements) {
    out.append(text.substr(done, r.offset - done)).append(r.bare->stand_in);
    done = r.offset + r.bare->word.size();
  }
  return out.append(text.substr(done));
}

/// The offset in the original text of an offset in the text with replacements.
std::size_t original_offset(std::size_t offset, const std::vector<Replacement>& replacements) {
  for (const Replacement& r : replacements) {
    if (offset <= r.offset) break;
    const std::size_t grown = r.bare->stand_in.size() - r.bare->word.size();
    offset = std::max(r.offset, offset > grown ? offset - grown : 0);
  }
  return offset;
}

const BareWord* stood_for(const std::string& text) {
  for (const BareWord& bare : bare_words)
    if (text == bare.parsed) return &bare;
  return nullptr;
}

void put_numbers_back(nlohmann::json& node, std::string_view origin) {
  if (node.is_string()) {
    if (const BareWord* bare = stood_for(node.get_ref<const std::string&>())) node = bare->value;
  } else if (node.is_object()) {
    for (auto& [key, value] : node.get_ref<nlohmann::json::object_t&>()) {
      if (const BareWord* bare = stood_for(key))
        throw Error(ErrorKind::File, {"KAIROS-F010", std::string(origin), "this is not valid JSON",
                                      std::string(bare->word) + " as a key", "a string", "Put it in quotes"});
      put_numbers_back(value, origin);
    }
  } else if (node.is_array()) {
    for (nlohmann::json& child : node) put_numbers_back(child, origin);
  }
}

/// "invalid literal; last read: 'nul'", taken from the parser's message.
std::string parser_reason(const std::string& what) {
  constexpr std::size_t longest = 160;
  const std::size_t dash = what.find(" - ");
  const std::size_t colon = what.find(": ");
  std::string text = dash != std::string::npos    ? what.substr(dash + 3)
                     : colon != std::string::npos ? what.substr(colon + 2)
                                                  : what;
  // What nlohmann-json says about empty input since 3.11, with advice for programmers.
  if (text.starts_with("attempting to parse an empty input")) text = "unexpected end of input";
  std::replace(text.begin(), text.end(), ';', ',');
  if (text.size() > longest) text = text.substr(0, longest) + "…";
  return text;
}

}  // namespace

std::size_t end_of_json_string(std::string_view text, std::size_t i) {
  for (++i; i < text.size() && text[i] != '"'; ++i)
    if (text[i] == '\\') ++i;
  return std::min(i, text.size());
}

nlohmann::json parse_json(std::string_view text, std::string_view origin, JsonDialect dialect) {
  if (text.size() > size_limit)
    throw Error(
        ErrorKind::File,
        {"KAIROS-F012", std::string(origin), "the JSON is too large", std::to_string(text.size()) + " bytes",
         "at most " + std::to_string(size_limit), "Check that this is the intended file"});
  std::vector<Replacement> words = scan(text, origin);
  if (dialect == JsonDialect::Strict && !words.empty())
    throw Error(ErrorKind::File, {"KAIROS-F013", place(origin, text, words.front().offset),
                                  "JSON does not support this number", std::string(words.front().bare->word),
                                  "a finite number or null", "Write null instead"});
  try {
    if (words.empty()) return nlohmann::json::parse(text);
    nlohmann::json document = nlohmann::json::parse(with_stand_ins(text, words));
    put_numbers_back(document, origin);
    return document;
  } catch (const nlohmann::json::parse_error& error) {
    const std::size_t byte = original_offset(error.byte == 0 ? 0 : error.byte - 1, words);
    throw Error(ErrorKind::File,
                {"KAIROS-F010", place(origin, text, std::min(byte, text.size())), "this is not valid JSON",
                 parser_reason(error.what()), "", "Correct the file there"});
  } catch (const nlohmann::json::exception& error) {
    throw Error(ErrorKind::File, {"KAIROS-F010", std::string(origin), "this is not valid JSON",
                                  parser_reason(error.what()), "", "Correct the file"});
  }
}

nlohmann::json read_json(const std::filesystem::path& path, JsonDialect dialect) {
  return parse_json(read_file(path, size_limit), path.string(), dialect);
}

}  // namespace kairos::host
