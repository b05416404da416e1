// SPDX-License-Identifier: MIT
// The error type of the host: a coded diagnosis that says how to fix the problem.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace kairos::host {

/// What failed and how to fix it. Every field but `code` and `what` may be empty.
struct Diagnosis {
  std::string
      code;  ///< "KAIROS-D004": the letter is the kind (see ErrorKind), the number never changes meaning.
  std::string where;     ///< File, file:row, layer, option or plugin.
  std::string what;      ///< What failed, without a full stop.
  std::string found;     ///< The actual value or state.
  std::string expected;  ///< The expected value or state.
  std::string cure;      ///< What to do: a command or an edit, without a full stop.

  /// "KAIROS-D004: iris.csv:17: what; found X, expected Y. Cure." on one line, control characters as `\x1b`.
  [[nodiscard]] std::string text() const;
};

/// Decides the exit code of the program. The letter in brackets is that of the code.
enum class ErrorKind {
  Usage,     ///< [U] command line or RUN.json: unknown flag, invalid value; nothing has run. Exit 2.
  Plugin,    ///< [L] rejected when loaded, [O] option or order. Exit 3.
  Data,      ///< [D] data set: file, row, column, shape, label. Exit 4.
  Model,     ///< [M] architecture, weights, optimizer, loss, metric. Exit 5.
  File,      ///< [F] a file or directory could not be read or written. Exit 6.
  Callback,  ///< [C] a plugin failed during the run and its policy is `fatal`. Exit 7.
  Internal,  ///< [I] a bug in Kairos. Exit 1.
};

class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, Diagnosis diagnosis);
  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
  [[nodiscard]] const Diagnosis& diagnosis() const noexcept { return diagnosis_; }

 private:
  ErrorKind kind_;
  Diagnosis diagnosis_;
};

/// The candidate closest to `word` by edit distance (ignoring case and '_'), or "" if none is close enough to
/// suggest.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// `Did you mean "X"?` for the nearest candidate, otherwise `Known names: a, b, c`; "" without candidates.
[[nodiscard]] std::string suggest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace kairos::host
