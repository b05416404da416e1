// SPDX-License-Identifier: MIT
// The tables of all letters as one, and the search in it.
#include "cli/codes/error_codes.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>
#include <vector>

#include "cli/codes/tables.hpp"
#include "cli/exit_codes.hpp"

namespace kairos::host::cli {

namespace {

constexpr std::string_view prefix = "KAIROS-";

const CodeKind kinds[] = {
    {'U', exit_code(ErrorKind::Usage), "Command line and configuration"},
    {'L', exit_code(ErrorKind::Plugin), "Plugins that are refused"},
    {'O', exit_code(ErrorKind::Plugin), "Callbacks and their options"},
    {'D', exit_code(ErrorKind::Data), "Data"},
    {'M', exit_code(ErrorKind::Model), "Model"},
    {'F', exit_code(ErrorKind::File), "Files and directories"},
    {'C', exit_code(ErrorKind::Callback), "Callbacks during a run"},
    {'I', exit_code(ErrorKind::Internal), "Internal errors"},
};

std::vector<CodeEntry> all_codes() {
  std::vector<CodeEntry> all;
  for (const std::span<const CodeEntry> table :
       {callback_codes(), data_codes(), file_codes(), internal_codes(), plugin_codes(), model_codes(),
        option_codes(), usage_codes()})
    all.insert(all.end(), table.begin(), table.end());
  return all;
}

}  // namespace

std::span<const CodeEntry> code_register() {
  static const std::vector<CodeEntry> all = all_codes();
  return all;
}

const CodeEntry* find_code(std::string_view code) {
  std::string wanted;
  std::ranges::transform(code, std::back_inserter(wanted),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  if (!wanted.starts_with(prefix)) wanted.insert(0, prefix);
  const std::span<const CodeEntry> all = code_register();
  const auto found = std::ranges::lower_bound(all, std::string_view(wanted), {}, &CodeEntry::code);
  return found != all.end() && found->code == wanted ? &*found : nullptr;
}

std::span<const CodeKind> code_kinds() {
  return kinds;
}

const CodeKind& code_kind(const CodeEntry& entry) {
  return *std::ranges::find(kinds, entry.code[prefix.size()], &CodeKind::letter);
}

}  // namespace kairos::host::cli
