// SPDX-License-Identifier: MIT
// Starts commands by posix_spawn, reads what they print, and ends those that take too long.
#include "command.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string_view>

#include "../common/clock_text.hpp"

namespace kairos::plugins {

namespace {

using Clock = std::chrono::steady_clock;

/// Both ends of a pipe.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return;
    out = ends[0];
    in = ends[1];
    ::fcntl(out, F_SETFL, O_NONBLOCK);
  }
  ~Pipe() {
    close_in();
    if (out >= 0) ::close(out);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void close_in() {
    if (in >= 0) ::close(in);
    in = -1;
  }

  int out = -1;
  int in = -1;
};

/// What the child gets instead of the state of this thread.
class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&raw_);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&raw_, &none);
    ::posix_spawnattr_setsigdefault(&raw_, &all);
    ::posix_spawnattr_setpgroup(&raw_, 0);
    ::posix_spawnattr_setflags(&raw_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&raw_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  [[nodiscard]] const posix_spawnattr_t* get() const { return &raw_; }

 private:
  posix_spawnattr_t raw_{};
};

/// Standard input is empty, both outputs go to the pipe, everything else is closed.
class Descriptors {
 public:
  explicit Descriptors(int output) {
    ::posix_spawn_file_actions_init(&raw_);
    ::posix_spawn_file_actions_adddup2(&raw_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&raw_, output, STDERR_FILENO);
    ::posix_spawn_file_actions_addopen(&raw_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&raw_, STDERR_FILENO + 1);
  }
  ~Descriptors() { ::posix_spawn_file_actions_destroy(&raw_); }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  [[nodiscard]] const posix_spawn_file_actions_t* get() const { return &raw_; }

 private:
  posix_spawn_file_actions_t raw_{};
};

/// Starts the command; an error number if this fails.
int start(const std::string& command, const std::vector<std::string>& environment, int output, pid_t& child) {
  const Attributes attributes;
  const Descriptors descriptors(output);
  std::vector<char*> variables;
  for (const std::string& variable : environment) variables.push_back(const_cast<char*>(variable.c_str()));
  variables.push_back(nullptr);
  std::array<char*, 4> words{const_cast<char*>("sh"), const_cast<char*>("-c"),
                             const_cast<char*>(command.c_str()), nullptr};
  return ::posix_spawn(&child, "/bin/sh", descriptors.get(), attributes.get(), words.data(),
                       variables.data());
}

/// Keeps the end of what has been printed.
void read_output(int from, std::string& output) {
  constexpr std::size_t kept = 4096;
  std::array<char, 4096> piece{};
  // Bounded: a command that prints without end must not keep this from looking at the clock.
  for (int i = 0; i < 64; ++i) {
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got <= 0) return;
    output.append(piece.data(), static_cast<std::size_t>(got));
    if (output.size() > kept) output.erase(0, output.size() - kept);
  }
}

constexpr int unknown = -1;  ///< status of a child that nobody was told

/// The status of the child once it has ended; empty if it still runs at `until`, or when `interrupted`
/// becomes true.
std::optional<int> wait_for(pid_t child, int from, Clock::time_point until,
                            const std::atomic<bool>* interrupted, std::string& output) {
  constexpr int look = 20;  // milliseconds
  for (;;) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    read_output(from, output);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) return unknown;
    if (Clock::now() >= until || (interrupted != nullptr && *interrupted)) return std::nullopt;
    pollfd readable{from, POLLIN, 0};
    // A descriptor that was closed by the command stays readable: sleep instead.
    if (::poll(&readable, 1, look) > 0 && (readable.revents & POLLIN) == 0) ::poll(nullptr, 0, look);
  }
}

/// Ends the command and what it has started in its group, first by SIGTERM.
void end(pid_t child, int from, std::chrono::milliseconds patience, std::string& output) {
  ::kill(-child, SIGTERM);
  const bool ended = wait_for(child, from, Clock::now() + patience, nullptr, output).has_value();
  ::kill(-child, SIGKILL);
  if (!ended) static_cast<void>(::waitpid(child, nullptr, 0));
}

/// ": " and the last line that has any text, else "".
std::string last_line(std::string_view output) {
  constexpr std::string_view blank = " \t\r\n";
  const std::size_t last = output.find_last_not_of(blank);
  if (last == std::string_view::npos) return "";
  output = output.substr(0, last + 1);
  const std::size_t before = output.find_last_of('\n');
  return ": " + std::string(before == std::string_view::npos ? output : output.substr(before + 1));
}

}  // namespace

std::vector<std::string> environment_with(const std::vector<std::string>& variables) {
  std::vector<std::string> all = variables;
  constexpr std::array<std::string_view, 10> names{"EPOCH",  "EPOCHS",  "EVENT",   "FILE", "LOGS",
                                                   "REASON", "RESUMED", "RUN_DIR", "STEP", "WHY"};
  const auto is_ours = [&names](std::string_view inherited) {
    constexpr std::string_view prefix = "KAIROS_";
    if (!inherited.starts_with(prefix)) return false;
    const std::string_view name = inherited.substr(0, inherited.find('=')).substr(prefix.size());
    return name.starts_with("LOG_") || std::find(names.begin(), names.end(), name) != names.end();
  };
  for (char** one = environ; one != nullptr && *one != nullptr; ++one)
    if (!is_ours(*one)) all.emplace_back(*one);
  return all;
}

bool loses_exit_codes() {
  struct sigaction action {};
  return ::sigaction(SIGCHLD, nullptr, &action) == 0 &&
         (action.sa_handler == SIG_IGN || (action.sa_flags & SA_NOCLDWAIT) != 0);
}

std::string fault_of_command(const std::string& command, const std::vector<std::string>& environment,
                             std::chrono::nanoseconds timeout, const std::atomic<bool>* interrupted) {
  Pipe pipe;
  if (pipe.out < 0) return std::string("the command cannot be started: ") + std::strerror(errno);
  pid_t child = -1;
  if (const int error = start(command, environment, pipe.in, child); error != 0)
    return std::string("the command cannot be started: ") + std::strerror(error);
  pipe.close_in();
  std::string output;
  const std::optional<int> status = wait_for(child, pipe.out, Clock::now() + timeout, interrupted, output);
  if (!status) {
    const bool is_interrupted = interrupted != nullptr && *interrupted;
    // An interrupt gives the tasks of a callback one second.
    end(child, pipe.out, std::chrono::milliseconds(is_interrupted ? 300 : 1000), output);
    if (is_interrupted) return "";
    return "the command took longer than " + duration_text(timeout) + " and was ended" + last_line(output);
  }
  if (*status == unknown)
    return "nobody knows the exit code of the command, because this process ignores SIGCHLD" +
           last_line(output);
  if (WIFSIGNALED(*status))
    return "the command was ended by signal " + std::to_string(WTERMSIG(*status)) + last_line(output);
  if (WEXITSTATUS(*status) == 0) return "";
  return "the command ended with exit code " + std::to_string(WEXITSTATUS(*status)) + last_line(output);
}

}  // namespace kairos::plugins
