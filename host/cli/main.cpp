// SPDX-License-Identifier: MIT
// The program kairos: runs a command, and turns the error that it throws into one line and an exit code.
#include <fcntl.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/cpu_quota.hpp"
#include "cli/command.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failures.hpp"
#include "cli/field_flags.hpp"
#include "cli/signals.hpp"
#include "compute/parallel.hpp"
#include "kairos/abi/version.h"
#include "kairos/host/error.hpp"
#include "kairos/host/version.hpp"
#include "plugin/run/task_queue.hpp"

namespace {

using namespace kairos::host;

struct Command {
  const char* name;
  const char* summary;
  int (*run)(cli::Arguments);
};

constexpr Command commands[] = {
    {"fit", "train a model", cli::run_fit},
    {"evaluate", "compute loss and metrics of a model on data", cli::run_evaluate},
    {"predict", "compute the outputs of a model for data", cli::run_predict},
    {"plugins", "list, inspect or check plugins", cli::run_plugins},
    {"replay", "run callbacks over the logs of an earlier run, without a model", cli::run_replay},
    {"summary", "print the layers of a model and their parameters", cli::run_summary},
    {"convert", "convert a model between Keras formats", cli::run_convert},
    {"plot", "draw the curves of a run: loss and metrics per epoch", cli::run_plot},
    {"runs", "list runs, or compare them", cli::run_runs},
    {"explain", "explain an error code and its fix", cli::run_explain},
};

std::string usage() {
  std::string text = "kairos: trains models; callbacks are plugins, loaded at run time\n\n";
  for (const Command& command : commands) {
    std::string line = std::string("  kairos ") + command.name;
    line.resize(24, ' ');
    text += line + command.summary + "\n";
  }
  return text + "\nExit codes:\n" + cli::exit_codes_help() +
         "\n`kairos COMMAND --help` lists the flags of a command; `kairos --version` prints the version.\n";
}

bool computes(std::string_view command) {
  return command == "fit" || command == "evaluate" || command == "predict";
}

/// libgomp ignores the CPU quota of a container.
void bound_threads() {
  if (std::getenv("OMP_NUM_THREADS") != nullptr) return;
  if (const std::int64_t usable = usable_processors(); usable < parallel_threads())
    set_parallel_threads(usable);
}

/// libgomp starts as many threads as requested, and crashes when memory runs out.
void check_threads() {
  constexpr std::int64_t most = 1024;
  if (const std::int64_t threads = parallel_threads(); threads > most)
    throw Error(ErrorKind::Usage,
                {"KAIROS-U017", "OMP_NUM_THREADS", "too many threads", std::to_string(threads),
                 "at most " + std::to_string(most), "Give the number of cores, or leave it out"});
}

/// What other programs call a command; "" for none.
std::string command_for(std::string_view word) {
  constexpr std::pair<std::string_view, const char*> others[] = {{"train", "fit"},
                                                                 {"test", "evaluate"},
                                                                 {"eval", "evaluate"},
                                                                 {"validate", "evaluate"},
                                                                 {"infer", "predict"},
                                                                 {"inference", "predict"},
                                                                 {"list", "plugins list"},
                                                                 {"inspect", "plugins inspect"},
                                                                 {"callbacks", "plugins list"},
                                                                 {"show", "summary"},
                                                                 {"info", "summary"},
                                                                 {"export", "convert"},
                                                                 {"compare", "runs compare"},
                                                                 {"history", "plot"},
                                                                 {"version", "--version"}};
  for (const auto& [other, command] : others)
    if (other == word) return command;
  return "";
}

/// "help fit" is "fit --help".
std::vector<std::string> with_help_last(std::vector<std::string> arguments) {
  if (arguments.size() < 2 || arguments.front() != "help") return arguments;
  const std::ptrdiff_t words =
      (arguments[1] == "plugins" || arguments[1] == "runs") && arguments.size() > 2 ? 2 : 1;
  std::rotate(arguments.begin(), arguments.begin() + 1, arguments.begin() + 1 + words);
  arguments[static_cast<std::size_t>(words)] = "--help";
  return arguments;
}

int run(const std::vector<std::string>& given) {
  const std::vector<std::string> arguments = with_help_last(given);
  if (arguments.empty() || arguments.front() == "--help" || arguments.front() == "-h" ||
      arguments.front() == "help") {
    cli::print(usage());
    return arguments.empty() ? cli::exit_code(ErrorKind::Usage) : cli::exit_success;
  }
  if (arguments.front() == "--version" || arguments.front() == "-V") {
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
  const std::string other = command_for(arguments.front());
  throw Error(ErrorKind::Usage,
              {"KAIROS-U001", "kairos", "unknown command", "\"" + arguments.front() + "\"", "",
               other.empty() ? suggest(arguments.front(), names) : "Did you mean \"kairos " + other + "\"?"});
}

/// The user chooses which plugins the program loads and where it writes, so it must not have more rights than
/// the user: no set-uid, set-gid or capabilities.
int refuse_privileges() {
  const Error error(
      ErrorKind::Usage,
      {"KAIROS-U057", "kairos", "the program runs with rights that its user does not have", "",
       "a file without set-uid, set-gid and capabilities", "Remove them with chmod ug-s and setcap -r"});
  std::fprintf(stderr, "%s\n", error.what());
  return cli::exit_code(error.kind());
}

/// Threads of libgomp spin while they wait for each other, by default for milliseconds. On a shared machine,
/// most of a run is then spent spinning for a thread that has no processor. libgomp reads the limit from the
/// environment before main begins, so the program executes itself again.
void bound_waiting(int argc, char** argv) {
  constexpr const char* rounds =
      "2000";  // some tens of microseconds: what a thread needs between two products
  if (argc < 2 || !computes(argv[1]) || ::secure_getenv("OMP_WAIT_POLICY") != nullptr ||
      ::secure_getenv("GOMP_SPINCOUNT") != nullptr)
    return;
  std::error_code error;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
  // If that fails, the run continues without it.
  if (!error && ::setenv("GOMP_SPINCOUNT", rounds, 1) == 0) ::execv(self.c_str(), argv);
}

/// The next file that is opened would get the number of a closed standard stream, and messages would go into
/// it. The replacement rejects writes.
void fill_closed_streams() {
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    if (::fcntl(stream, F_GETFD) < 0)
      static_cast<void>(::open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY));
}

int run_and_report(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const Error& failure) {
    std::fflush(stdout);
    const Error error = cli::explained(failure);
    std::fprintf(stderr, "%s\n", cli::with_flags(error.diagnosis()).text().c_str());
    return cli::exit_code(error.kind());
  } catch (const cli::ClosedPipe&) {
    return cli::end_by_closed_pipe();
  } catch (const std::exception& failure) {
    std::fflush(stdout);
    const Error error = cli::error_of(failure, "KAIROS-I001");
    std::fprintf(stderr, "%s\n", error.what());
    return cli::exit_code(error.kind());
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_closed_streams();
  if (::getauxval(AT_SECURE) != 0) return refuse_privileges();
  bound_waiting(argc, argv);
  cli::prepare_signals();
  const int code = run_and_report(argc, argv);
  if (!has_abandoned_tasks()) return code;
  std::fflush(stdout);
  ::_exit(code);  // exit would destroy what the abandoned task of a plugin uses
}
