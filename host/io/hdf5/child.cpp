// SPDX-License-Identifier: MIT
// Signals, resource limits, and the messages for how a child ended.
#include "io/hdf5/child.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/available_memory.hpp"
#include "io/hdf5/handle.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host {

pid_t fork_hdf5_child() {
  const auto turn = hdf5_turn();
  return ::fork();
}

namespace {

/// A chunk may decompress to more than the file declares: then an allocation in the child fails, and the
/// machine does not run out of memory.
void limit_memory() {
  const std::uint64_t available = available_memory() / 4 * 3;
  std::uint64_t total = 0, resident = 0, shared = 0, code = 0, libraries = 0, data = 0;  // in pages
  std::ifstream("/proc/self/statm") >> total >> resident >> shared >> code >> libraries >> data;
  const std::uint64_t now = data * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  rlimit memory{};
  ::getrlimit(RLIMIT_DATA, &memory);
  if (data == 0 || available >= memory.rlim_cur || now >= memory.rlim_cur - available) return;
  memory.rlim_cur = now + available;
  ::setrlimit(RLIMIT_DATA, &memory);
}

}  // namespace

void prepare_hdf5_child() {
  for (const int number : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGXCPU, SIGPIPE})
    ::signal(number, SIG_DFL);
  // Signals that end a run reach parent and child alike; the parent decides, and may finish its batch.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGUSR1}) ::signal(number, SIG_IGN);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);  // otherwise the CPU limit would not end it
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  limit_memory();
  // An allocator that detects a damaged heap prints to standard error; that message is of no use to users.
  if (const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC); nowhere >= 0)
    ::dup2(nowhere, STDERR_FILENO);
}

void limit_hdf5_child(std::uint64_t bytes) {
  constexpr rlim_t base_seconds = 5, bytes_per_second = rlim_t{16} << 20;  // gzip is about ten times as fast
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto so_far = static_cast<rlim_t>(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
  rlimit time{};
  ::getrlimit(RLIMIT_CPU, &time);
  time.rlim_cur = std::min(time.rlim_max, so_far + base_seconds + bytes / bytes_per_second);
  ::setrlimit(RLIMIT_CPU, &time);
}

void no_hdf5_child(const std::string& origin) {
  throw Error(ErrorKind::File,
              {"KAIROS-F027", origin, "cannot start the process that reads the file",
               std::generic_category().message(errno), "", "Raise the limit of processes or memory"});
}

void hdf5_child_died(int status, const std::string& origin) {
  std::string death = "the HDF5 library crashes on it";
  // No content of a file causes SIGKILL: the kernel sends it when memory is short, or a user does.
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
    throw Error(ErrorKind::File, {"KAIROS-F082", origin, "the process that reads the file was killed",
                                  "signal 9 (SIGKILL)", "a process that lives as long as the run",
                                  "Free memory if the system had run out of it, and run again"});
  if (!WIFSIGNALED(status))
    death = "the HDF5 library cannot read it";
  else if (WTERMSIG(status) == SIGXCPU)
    death = "the HDF5 library does not finish reading it";
  throw Error(ErrorKind::File, {"KAIROS-F021", origin, "the HDF5 file is damaged", death,
                                "a complete HDF5 file", "Copy or write the file again"});
}

}  // namespace kairos::host
