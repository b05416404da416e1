// SPDX-License-Identifier: MIT
// kairos explain: when an error occurs and how to fix it.
#include <fmt/format.h>

#include "cli/codes/error_codes.hpp"
#include "cli/command.hpp"
#include "cli/settings.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

constexpr const char* code_explanation =
    "\nkairos explain CODE… prints when an error occurs and how to fix it; CODE is KAIROS-D103, D103 or "
    "d103.\n"
    "kairos explain lists all codes with their titles.\n";

[[noreturn]] void unknown_code(const std::string& word) {
  std::vector<std::string> codes;
  for (const CodeEntry& entry : code_register())
    codes.emplace_back(entry.code.substr(entry.code.find('-') + 1));
  const std::string near = nearest(word.substr(word.find('-') + 1), codes);
  throw Error(ErrorKind::Usage,
              {"KAIROS-U071", "kairos explain", "no such error code", "\"" + word + "\"",
               "a code such as KAIROS-D103",
               near.empty() ? "Run kairos explain for a list" : "Did you mean \"" + near + "\"?"});
}

std::string text_of(const CodeEntry& entry) {
  const CodeKind& kind = code_kind(entry);
  return fmt::format("{}: {}\n\n{}\n\nWhat to do: {}\n\nKind: {} (exit code {})\n", entry.code, entry.title,
                     entry.meaning, entry.cure, kind.title, kind.exit_code);
}

std::string list_of_codes() {
  std::string text;
  for (const CodeKind& kind : code_kinds()) {
    text += fmt::format("{}{} (exit code {})\n", text.empty() ? "" : "\n", kind.title, kind.exit_code);
    for (const CodeEntry& entry : code_register())
      if (code_kind(entry).letter == kind.letter) text += fmt::format("  {}  {}\n", entry.code, entry.title);
  }
  return text + "\n`kairos explain CODE` prints what a code means and what to do.\n";
}

std::string markdown() {
  std::string text =
      "# Error codes\n\n"
      "Every error message begins with a code. The letter is the kind of error, which decides the exit code "
      "of "
      "the program.\nThe meaning of a code never changes, and a code is never used again. `kairos explain "
      "D103` "
      "prints an entry of this page.\n\n"
      "<!-- Written by `kairos explain --markdown`; tests/style/errors_page.py checks and renews it. -->\n";
  for (const CodeKind& kind : code_kinds()) {
    text += fmt::format("\n## {}: {} (exit code {})\n", kind.letter, kind.title, kind.exit_code);
    for (const CodeEntry& entry : code_register())
      if (code_kind(entry).letter == kind.letter)
        text += fmt::format("\n### {}\n\n**{}.** {}\n*What to do:* {}\n", entry.code, entry.title,
                            entry.meaning, entry.cure);
  }
  return text;
}

}  // namespace

int run_explain(Arguments arguments) {
  const auto [words, settings] = read_command_line(Command::Explain, arguments);
  if (settings.help_wanted())
    return print(settings.help("explain an error code and its fix", "[CODE…]") + code_explanation), 0;
  if (settings.is_on("markdown")) return print(markdown()), 0;
  if (words.empty()) return print(list_of_codes()), 0;
  std::string text;
  for (const std::string& word : words) {
    const CodeEntry* const entry = find_code(word);
    if (entry == nullptr) unknown_code(word);
    text += (text.empty() ? "" : "\n") + text_of(*entry);
  }
  print(text);
  return 0;
}

}  // namespace kairos::host::cli
