// SPDX-License-Identifier: MIT
// The program kairos: finds the command, and turns what it throws into one line and an exit code.
#include <fcntl.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "base/cpu_quota.hpp"
#include "cli/command.hpp"
#include "cli/signals.hpp"
#include "compute/parallel.hpp"
#include "kairos/abi/version.h"
#include "kairos/host/error.hpp"
#include "kairos/host/version.hpp"

namespace {

using namespace kairos::host;

struct Command {
  const char* name;
  const char* summary;
  int (*run)(cli::Arguments);
};

constexpr Command commands[] = {
    {"fit", "train a model", cli::run_fit},
    {"evaluate", "loss and metrics of a model on data", cli::run_evaluate},
    {"predict", "outputs of a model for data", cli::run_predict},
    {"plugins", "list or inspect plugins without running them", cli::run_plugins},
    {"replay", "run callbacks over given logs, without a model", cli::run_replay},
    {"summary", "layers of a model and what they hold", cli::run_summary},
    {"convert", "a model from one of Keras' formats to another", cli::run_convert},
    {"explain", "what an error code means, and what to do", cli::run_explain},
};

std::string usage() {
  std::string text = "kairos: trains models; callbacks are plugins that are loaded at run time\n\n";
  for (const Command& command : commands) {
    std::string line = std::string("  kairos ") + command.name;
    line.resize(24, ' ');
    text += line + command.summary + "\n";
  }
  return text +
         "\n`kairos COMMAND --help` lists the flags of a command; `kairos --version` prints the version.\n";
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Usage:
      return 2;
    case ErrorKind::Plugin:
      return 3;
    case ErrorKind::Data:
      return 4;
    case ErrorKind::Model:
      return 5;
    case ErrorKind::File:
      return 6;
    case ErrorKind::Callback:
      return 7;
    case ErrorKind::Internal:
      break;
  }
  return 1;
}

bool computes(std::string_view command) {
  return command == "fit" || command == "evaluate" || command == "predict";
}

/// libgomp knows nothing of the quota of a container.
void bound_threads() {
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return;
  if (const std::int64_t usable = usable_processors(); usable < parallel_threads())
    set_parallel_threads(usable);
}

/// libgomp starts as many as it is told, and crashes where memory ends.
void check_threads() {
  constexpr std::int64_t most = 1024;
  if (const std::int64_t threads = parallel_threads(); threads > most)
    throw Error(ErrorKind::Usage, {"KAIROS-U017", "OMP_NUM_THREADS", "these are too many threads",
                                   std::to_string(threads), "at most " + std::to_string(most),
                                   "Give as many as the machine has cores, or leave it out"});
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "help") {
    cli::print(usage());
    return arguments.empty() ? 2 : 0;
  }
  if (arguments.front() == "--version") {
    cli::print("kairos " KAIROS_HOST_VERSION ", SDK " KAIROS_SDK_VERSION ", plugin ABI " +
               std::to_string(KAIROS_ABI_MAJOR) + "." + std::to_string(KAIROS_ABI_MINOR) + "\n");
    return 0;
  }
  if (computes(arguments.front())) {
    bound_threads();
    check_threads();
  }
  std::vector<std::string> names;
  for (const Command& command : commands) {
    if (arguments.front() == command.name) return command.run(cli::Arguments(arguments).subspan(1));
    names.emplace_back(command.name);
  }
  throw Error(ErrorKind::Usage, {"KAIROS-U001", "kairos", "there is no such command",
                                 "\"" + arguments.front() + "\"", "", suggest(arguments.front(), names)});
}

/// Whoever starts a program that is set-uid or set-gid, or that has capabilities of its own, chooses which
/// plugins it loads and where it writes.
int refuse_privileges() {
  const Error error(
      ErrorKind::Usage,
      {"KAIROS-U057", "kairos", "the program runs with rights that its user does not have", "",
       "a file without set-uid, set-gid and capabilities", "Take them away with chmod ug-s and setcap -r"});
  std::fprintf(stderr, "%s\n", error.what());
  return 2;
}

/// Threads of libgomp wait for each other at work, by default for milliseconds: on a machine that others use
/// too, most of a run is then spent on waiting for a thread that has no processor, which waits for that one.
/// How long is read from the environment before main begins, so the program starts itself once more.
void bound_waiting(int argc, char** argv) {
  constexpr const char* rounds =
      "2000";  // some tens of microseconds, as one thread takes alone between products
  if (argc < 2 || !computes(argv[1]) || ::secure_getenv("OMP_WAIT_POLICY") != nullptr ||
      ::secure_getenv("GOMP_SPINCOUNT") != nullptr)
    return;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  // Where that cannot be, the run goes on as it is.
  if (!error && ::setenv("GOMP_SPINCOUNT", rounds, 1) == 0) ::execv(self.c_str(), argv);
}

/// A standard stream that was closed would give its number to the next file that is opened, and messages
/// would go into that. What stands in for it refuses what is written.
void fill_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0)
      static_cast<void>(::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

}  // namespace

int main(int argc, char** argv) {
  fill_closed_streams();
  if (::getauxval(AT_SECURE) != 0) return refuse_privileges();
  bound_waiting(argc, argv);
  cli::prepare_signals();
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "%s\n", error.what());
    return exit_code(error.kind());
  } catch (const std::exception& error) {
    std::fflush(stdout);
    std::fprintf(stderr, "KAIROS-I001: kairos: %s. Report this, with the command that led to it.\n",
                 error.what());
    return 1;
  }
}
