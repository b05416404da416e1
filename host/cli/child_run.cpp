// SPDX-License-Identifier: MIT
// Starts the program anew, without its signal mask, and waits for a limited time.
#include "cli/child_run.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <thread>

#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uintmax_t most_output = std::uintmax_t{16} << 20;

volatile std::sig_atomic_t last_signal = 0;
extern "C" void note_signal(int number) {
  last_signal = number;
}

/// While a process runs, signals that end this program are noted, so that it ends, too; and SIGCHLD is not
/// ignored, as there would be no exit code then.
class Signals {
 public:
  Signals() {
    last_signal = 0;
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      struct sigaction action {};
      action.sa_handler = numbers[i] == SIGCHLD ? SIG_DFL : note_signal;
      ::sigaction(numbers[i], nullptr, &before_[i]);
      if (numbers[i] == SIGCHLD || before_[i].sa_handler != SIG_IGN)
        ::sigaction(numbers[i], &action, nullptr);
    }
  }
  ~Signals() {
    for (std::size_t i = 0; i < numbers.size(); ++i) ::sigaction(numbers[i], &before_[i], nullptr);
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  static constexpr std::array numbers{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
  std::array<struct sigaction, numbers.size()> before_{};
};

std::filesystem::path program() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored);
}

/// What posix_spawn is told.
struct Spawning {
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;

  explicit Spawning(const std::filesystem::path& output) {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                       0600);
    ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    ::posix_spawnattr_init(&attributes);
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~Spawning() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
  Spawning(const Spawning&) = delete;
  Spawning& operator=(const Spawning&) = delete;
};

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

pid_t start(const ChildRun& child, const std::filesystem::path& output) {
  const std::string path = program().string();
  std::vector<std::string> words{path};
  words.insert(words.end(), child.arguments.begin(), child.arguments.end());
  std::vector<std::string> variables;
  for (char** one = environ; *one != nullptr; ++one) {
    const std::string_view text = *one;
    const bool is_replaced = std::ranges::any_of(
        child.environment, [&](const auto& other) { return text.starts_with(other.first + "="); });
    if (!is_replaced) variables.emplace_back(text);
  }
  for (const auto& [name, value] : child.environment) variables.push_back(name + "=" + value);
  const Spawning spawning(output);
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, path.c_str(), &spawning.files, &spawning.attributes,
                                  pointers_to(words).data(), pointers_to(variables).data());
  if (error != 0)
    throw Error(ErrorKind::File, {"KAIROS-F096", path, "the program cannot be started again",
                                  std::strerror(error), "", "Check that it is still there"});
  return pid;
}

}  // namespace

std::string shell_word(const std::string& text) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@+%";
  if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) return text;
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string ChildRun::command() const {
  std::string line;
  for (const auto& [name, value] : environment) line += name + "=" + shell_word(value) + " ";
  line += shell_word(program().string());
  for (const std::string& argument : arguments) line += " " + shell_word(argument);
  return line;
}

ChildResult run(const ChildRun& child, const std::filesystem::path& output,
                std::chrono::duration<double> limit) {
  const Signals signals;
  const std::chrono::duration<double> most = std::chrono::hours(24 * 365);  // a clock cannot count further
  const Clock::time_point end =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::min(limit, most));
  const pid_t pid = start(child, output);
  ChildResult result;
  int status = 0;
  pid_t ended = 0;
  for (auto pause = std::chrono::milliseconds(1); (ended = ::waitpid(pid, &status, WNOHANG)) == 0;
       pause = std::min(2 * pause, std::chrono::milliseconds(16))) {
    std::error_code ignored;
    const std::uintmax_t written = std::filesystem::file_size(output, ignored);
    result.signal = last_signal;
    result.was_ended = Clock::now() >= end;
    result.was_loud = !ignored && written > most_output;
    if (result.signal != 0 || result.was_ended || result.was_loud) {
      ::kill(-pid, SIGKILL);
      while ((ended = ::waitpid(pid, &status, 0)) < 0 && errno == EINTR) {
      }
      break;
    }
    std::this_thread::sleep_for(pause);
  }
  ::kill(-pid, SIGKILL);  // what it has left behind
  if (ended != pid)
    throw Error(ErrorKind::File, {"KAIROS-F096", program().string(), "the end of a run is not known",
                                  std::strerror(errno), "", "Start the check from a shell"});
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  std::ifstream in(output, std::ios::binary);
  for (char c = 0; result.output.size() < most_output && in.get(c);) result.output += c;
  return result;
}

}  // namespace kairos::host::cli
