// SPDX-License-Identifier: MIT
// The register of error codes: what each one means and what to do. Only `kairos explain` reads it; errors
// carry their own words.
#pragma once

#include <span>
#include <string_view>

namespace kairos::host::cli {

struct CodeEntry {
  std::string_view code;     ///< "KAIROS-D103"; once published, a code never changes its meaning
  std::string_view title;    ///< A few words, without a full stop.
  std::string_view meaning;  ///< When it arises, and why that is refused. Sentences.
  std::string_view cure;     ///< What to do. Sentences.
};

/// A letter of codes. Several letters may share an exit code.
struct CodeKind {
  char letter;
  int exit_code;
  std::string_view title;
};

/// All codes, sorted. The entries live as long as the program.
[[nodiscard]] std::span<const CodeEntry> code_register();

/// The entry of "KAIROS-D103", "D103" or "d103"; nullptr if there is none.
[[nodiscard]] const CodeEntry* find_code(std::string_view code);

/// The letters in the order of their exit codes, I last.
[[nodiscard]] std::span<const CodeKind> code_kinds();

/// The kind of a code of the register.
[[nodiscard]] const CodeKind& code_kind(const CodeEntry& entry);

}  // namespace kairos::host::cli
