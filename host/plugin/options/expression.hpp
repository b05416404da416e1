// SPDX-License-Identifier: MIT
// A formula over a few variables, such as the schedule of a learning rate.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kairos::host {

/// Arithmetic, comparisons, `a ? b : c`, `^` or `**`, muParser's functions and floor, ceil, round, fmod, mod,
/// pow; `log` is the natural logarithm. The result has the same bits everywhere: no locale, no reordering.
class Expression {
 public:
  /// At most 1024 characters, nested at most 64 deep. Messages name `where`.
  /// Throws Error(Plugin) KAIROS-O027 with the column of the fault.
  Expression(std::string_view text, std::span<const std::string> variables, std::string_view where);
  ~Expression();
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;

  /// `variables` are in declaration order. NaN or infinity where the formula has no value. Allocates nothing.
  [[nodiscard]] double evaluate(std::span<const double> variables);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace kairos::host
