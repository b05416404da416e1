// SPDX-License-Identifier: MIT
// Markdown, as far as pages of plugins need it: lines of commands and blocks of code.
#include "cli/plugin_page.hpp"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <system_error>

namespace kairos::host::cli {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t longest_page = 1 << 20;

/// The words of a shell's command line, whose quotes are removed.
std::vector<std::string> words_of_command(std::string_view line) {
  std::vector<std::string> words;
  std::string word;
  char quote = '\0';
  bool is_inside = false;
  for (const char c : line) {
    if (quote != '\0' ? c == quote : c == '\'' || c == '"') {
      quote = quote == '\0' ? c : '\0';
      is_inside = true;
    } else if (c == ' ' && quote == '\0') {
      if (is_inside) words.push_back(word);
      word.clear();
      is_inside = false;
    } else {
      word += c;
      is_inside = true;
    }
  }
  if (is_inside) words.push_back(word);
  return words;
}

bool is_fence(std::string_view line) {
  return line.starts_with("```");
}

/// Whether a line such as "-- plateau.lua: halves the rate" names the file.
bool names(std::string_view line, std::string_view file) {
  std::size_t begin = 0;
  while (begin < line.size() && std::string_view("-/#;% ").find(line[begin]) != std::string_view::npos)
    ++begin;
  if (begin == 0 || !line.substr(begin).starts_with(file)) return false;
  const std::string_view rest = line.substr(begin + file.size());
  return rest.empty() || rest.front() == ':' || rest.front() == ' ';
}

}  // namespace

std::optional<PluginPage> page_of(const fs::path& plugin) {
  const fs::path directory = fs::absolute(plugin).lexically_normal().parent_path();
  const fs::path installed =
      directory.parent_path().parent_path().parent_path() / "share/doc/kairos-plugins" / plugin.stem();
  for (const fs::path& place : {directory, installed, directory.parent_path()}) {
    const fs::path file = place / "README.md";
    std::error_code error;
    if (!fs::is_regular_file(file, error) || fs::file_size(file, error) > longest_page || error) continue;
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (in) return PluginPage{file, std::move(text)};
  }
  return {};
}

std::vector<PluginExample> plugin_examples(const PluginPage& page, const fs::path& directory) {
  constexpr std::string_view here = "$PWD";
  std::vector<PluginExample> examples;
  std::istringstream lines(page.text);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("    kairos ")) continue;
    const std::vector<std::string> words = words_of_command(line);
    const auto flag = std::ranges::find(words, "--optimizer");
    const std::string optimizer = flag == words.end() || flag + 1 == words.end() ? "" : *(flag + 1);
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] != "--plugin") continue;
      std::string text = words[i + 1];
      for (std::size_t at = 0; (at = text.find(here, at)) != std::string::npos;
           at += directory.string().size())
        text.replace(at, here.size(), directory.string());
      examples.push_back({std::move(text), optimizer});
    }
  }
  return examples;
}

std::optional<std::string> file_in_page(const PluginPage& page, const std::string& name) {
  std::istringstream lines(page.text);
  for (std::string line; std::getline(lines, line);) {
    if (!is_fence(line) || !std::getline(lines, line) || is_fence(line)) continue;
    const bool is_it = names(line, name);
    std::string block = line + '\n';
    while (std::getline(lines, line) && !is_fence(line)) block += line + '\n';
    if (is_it) return block;
  }
  return {};
}

}  // namespace kairos::host::cli
