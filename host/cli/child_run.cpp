// SPDX-License-Identifier: MIT
// Starts the program anew, without its signal mask, and waits for a limited time.
#include "cli/child_run.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
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
  const Clock::time_point end = Clock::now() + std::chrono::duration_cast<Clock::duration>(limit);
  const pid_t pid = start(child, output);
  ChildResult result;
  int status = 0;
  for (auto pause = std::chrono::milliseconds(1); ::waitpid(pid, &status, WNOHANG) == 0;
       pause = std::min(2 * pause, std::chrono::milliseconds(16))) {
    if (Clock::now() >= end) {
      result.was_ended = true;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      break;
    }
    std::this_thread::sleep_for(pause);
  }
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  std::ifstream in(output, std::ios::binary);
  result.output.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  return result;
}

}  // namespace kairos::host::cli
