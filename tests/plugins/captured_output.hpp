// SPDX-License-Identifier: MIT
// Captures standard output in a file or a pseudo terminal.
#pragma once

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <stdexcept>
#include <string>

namespace kairos::tests {

/// Redirects standard output during its lifetime.
class CapturedOutput {
 public:
  enum class Onto { File, Terminal };

  explicit CapturedOutput(Onto onto) {
    std::fflush(stdout);
    int out = -1;
    if (onto == Onto::Terminal) {
      const winsize size{24, 200, 0, 0};
      if (::openpty(&in_, &out, nullptr, nullptr, &size) != 0) throw std::runtime_error("no terminal");
    } else {
      std::string name = "/tmp/kairos-output-XXXXXX";
      out = ::mkstemp(name.data());
      in_ = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
      ::unlink(name.c_str());
      if (out < 0 || in_ < 0) throw std::runtime_error("no temporary file");
    }
    ::fcntl(in_, F_SETFL, O_NONBLOCK);
    saved_ = ::dup(STDOUT_FILENO);
    ::dup2(out, STDOUT_FILENO);
    ::close(out);
  }
  ~CapturedOutput() {
    restore();
    ::close(in_);
  }
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;

  /// The output since the last call, with a terminal's "\r\n" as "\n".
  [[nodiscard]] std::string text() {
    std::fflush(stdout);
    std::string out;
    std::array<char, 4096> piece{};
    for (ssize_t n; (n = ::read(in_, piece.data(), piece.size())) > 0;)
      out.append(piece.data(), static_cast<std::size_t>(n));
    for (std::size_t at; (at = out.find("\r\n")) != std::string::npos;) out.erase(at, 1);
    return out;
  }
  /// Restores standard output, for messages of the test.
  void restore() {
    if (saved_ < 0) return;
    std::fflush(stdout);
    ::dup2(saved_, STDOUT_FILENO);
    ::close(saved_);
    saved_ = -1;
  }

 private:
  int in_ = -1;
  int saved_ = -1;
};

}  // namespace kairos::tests
