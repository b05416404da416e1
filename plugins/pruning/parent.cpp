// SPDX-License-Identifier: MIT
// Lines over pipes, with a time limit and without the signal of a closed pipe.
#include "parent.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstring>
#include <kairos/error.hpp>

#include "../common/text.hpp"

namespace kairos::plugins {

namespace {

constexpr std::string_view prefix = "fd:";
constexpr std::size_t longest_line = PIPE_BUF;  // written as a whole or not at all

/// The reader of a pipe that is gone must not end the process. An earlier signal of this kind stays.
class NoPipeSignal {
 public:
  NoPipeSignal() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    sigset_t waiting;
    ::sigpending(&waiting);
    waits_ = ::sigismember(&waiting, SIGPIPE) == 1;
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoPipeSignal() {
    const int reason = errno;
    const timespec at_once{};
    if (!waits_) ::sigtimedwait(&pipe_, nullptr, &at_once);
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    errno = reason;
  }
  NoPipeSignal(const NoPipeSignal&) = delete;
  NoPipeSignal& operator=(const NoPipeSignal&) = delete;

 private:
  sigset_t pipe_{}, before_{};
  bool waits_ = false;
};

std::string seconds_text(std::chrono::nanoseconds time) {
  return shortest(std::chrono::duration<double>(time).count()) + " s";
}

}  // namespace

PipeEnd::~PipeEnd() {
  if (is_ours_) ::close(descriptor_);
}

void PipeEnd::open(std::string option, std::string_view text, Way way) {
  name_ = option + '=' + std::string(text);
  struct stat facts {};
  if (text.substr(0, prefix.size()) == prefix) {
    std::int64_t number = -1;
    if (!read_integer(text.substr(prefix.size()), number) || number < 0 || number > INT_MAX)
      throw Error(name_ + " is no descriptor; expected fd: and a number, such as fd:3. Correct it");
    descriptor_ = static_cast<int>(number);
    const int mode = ::fcntl(descriptor_, F_GETFL);
    const int wrong = way == Way::Question ? O_RDONLY : O_WRONLY;
    if (mode < 0)
      throw Error(KAIROS_E_IO,
                  name_ +
                      " is not open in this process. Let the parent pass it on, as by pass_fds of "
                      "Python's subprocess or by 3>FIFO in a shell");
    if ((mode & O_ACCMODE) == wrong)
      throw Error(KAIROS_E_IO, name_ + " is the other end of the pipe: it cannot be " +
                                   (way == Way::Question ? "written" : "read") + ". Exchange ask and answer");
    if (::fstat(descriptor_, &facts) == 0 && S_ISREG(facts.st_mode))
      throw Error(KAIROS_E_IO, name_ + " is a file, of which nobody waits for a line. Pass on a pipe");
    ::fcntl(descriptor_, F_SETFD, FD_CLOEXEC);
    return;
  }
  if (text.empty() || text.front() != '/')
    throw Error(name_ +
                ": expected fd: and the number of a descriptor, or the absolute path of a FIFO. Correct it");
  const std::string path(text);
  // Both ways: opening neither waits for the other side, nor is its end there before the run's.
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0)
    throw Error(KAIROS_E_IO,
                "cannot open " + name_ + ": " + std::strerror(errno) + ". Make it with mkfifo(1)");
  is_ours_ = true;
  if (::fstat(descriptor_, &facts) != 0 || !S_ISFIFO(facts.st_mode))
    throw Error(KAIROS_E_IO, name_ + " is no FIFO. Make one with mkfifo(1)");
}

void Parent::open(std::string_view ask, std::string_view answer, std::chrono::nanoseconds patience) {
  question_.open("ask", ask, PipeEnd::Way::Question);
  answer_.open("answer", answer, PipeEnd::Way::Answer);
  patience_ = patience;
}

std::optional<std::string> Parent::ask(const std::string& line) {
  const Clock::time_point until = Clock::now() + std::chrono::duration_cast<Clock::duration>(patience_);
  write(line + '\n', until);
  std::string answer;
  for (++owed_; owed_ > 0; --owed_) answer = read_line(until);  // first those that came too late
  constexpr std::string_view stop = "stop";
  if (answer == "go on") return {};
  if (answer == stop) return "asked for by the parent";
  if (answer.substr(0, stop.size() + 1) == "stop:" || answer.substr(0, stop.size() + 1) == "stop ")
    if (const std::string_view reason = trimmed(std::string_view(answer).substr(stop.size() + 1));
        !reason.empty())
      return std::string(reason);
  throw Error(KAIROS_E_DATA, "the parent answered \"" + answer + "\" to " + line +
                                 "; expected \"go on\", \"stop\" or \"stop: REASON\". Correct the parent");
}

bool Parent::wait(const PipeEnd& end, short events, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd ready{end.descriptor(), events, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX)));
    if (count > 0) return true;
    if (count == 0 && left <= 0) return false;
  }
}

void Parent::fail_late(const std::string& what, const PipeEnd& end) const {
  throw Error(KAIROS_E_IO, "the parent " + what + " (" + end.name() + ") within " + seconds_text(patience_) +
                               ". Is it running? A larger timeout gives it more time");
}

void Parent::write(const std::string& line, Clock::time_point until) {
  if (line.size() > longest_line)
    throw Error("the name of this trial is longer than a pipe takes at once, " +
                std::to_string(longest_line) + " bytes. Shorten it");
  const NoPipeSignal quiet;
  while (wait(question_, POLLOUT, until)) {
    const ssize_t written = ::write(question_.descriptor(), line.data(), line.size());
    if (written == static_cast<ssize_t>(line.size())) return;
    if (written < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    throw Error(KAIROS_E_IO, "cannot ask the parent (" + question_.name() +
                                 "): " + (errno == EPIPE ? "it has closed the pipe" : std::strerror(errno)) +
                                 ". A parent reads until the run has ended");
  }
  fail_late("has not read the question", question_);
}

std::string Parent::read_line(Clock::time_point until) {
  for (;;) {
    if (const std::size_t end = rest_.find('\n'); end != std::string::npos) {
      std::string line = rest_.substr(0, end);
      rest_.erase(0, end + 1);
      if (!line.empty() && line.back() == '\r') line.pop_back();
      return line;
    }
    if (rest_.size() > longest_line)
      throw Error(KAIROS_E_DATA, "the parent's answer (" + answer_.name() + ") has more than " +
                                     std::to_string(longest_line) +
                                     " bytes and no end of line. Correct the parent");
    if (!wait(answer_, POLLIN, until)) fail_late("has not answered", answer_);
    std::array<char, 512> piece{};
    const ssize_t got = ::read(answer_.descriptor(), piece.data(), piece.size());
    if (got > 0) rest_.append(piece.data(), static_cast<std::size_t>(got));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0)
      throw Error(KAIROS_E_IO, "the parent has closed " + answer_.name() +
                                   " without an answer. It keeps the pipe open until the run has ended");
  }
}

}  // namespace kairos::plugins
