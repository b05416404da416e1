// SPDX-License-Identifier: MIT
// Asks the process that started the run whether it goes on.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace kairos::plugins {

/// An end of a pipe: "fd:NUMBER", a descriptor that the run has inherited, or the absolute path of a FIFO.
/// Programs that the run starts do not inherit it. Errors are thrown as kairos::Error.
class PipeEnd {
 public:
  enum class Way { Question, Answer };

  PipeEnd() = default;
  ~PipeEnd();
  PipeEnd(const PipeEnd&) = delete;
  PipeEnd& operator=(const PipeEnd&) = delete;

  /// `option` is the name of the option that has the text. Nobody need have opened the other end of a FIFO.
  void open(std::string option, std::string_view text, Way way);
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// What messages call it: "ask=fd:3".
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  int descriptor_ = -1;
  bool is_ours_ = false;  ///< and closed at the end
};

/// A line is asked, and a line is answered.
class Parent {
 public:
  void open(std::string_view ask, std::string_view answer, std::chrono::nanoseconds patience);
  /// Writes the line and waits for the answer: nothing for "go on", the reason for "stop" and "stop: REASON".
  /// Throws kairos::Error for any other answer, if none comes in time, and if the parent has closed a pipe.
  [[nodiscard]] std::optional<std::string> ask(const std::string& line);

 private:
  using Clock = std::chrono::steady_clock;

  /// False after the time.
  [[nodiscard]] static bool wait(const PipeEnd& end, short events, Clock::time_point until);
  void write(const std::string& line, Clock::time_point until);
  [[nodiscard]] std::string read_line(Clock::time_point until);
  [[noreturn]] void fail_late(const std::string& what, const PipeEnd& end) const;

  PipeEnd question_, answer_;
  std::string rest_;  ///< that has been read already
  int owed_ = 0;      ///< questions whose answers have not been read
  std::chrono::nanoseconds patience_{};
};

}  // namespace kairos::plugins
