// SPDX-License-Identifier: MIT
// Reads and restores by system calls and functions of the C library.
#include "plugin/run/process_state.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace kairos::host {

namespace {

/// Those by which a run is ended or told of an error.
constexpr int signals[]{SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,  SIGFPE,
                        SIGUSR1, SIGSEGV, SIGPIPE, SIGTERM, SIGCHLD, SIGXCPU, SIGXFSZ, SIGSYS};

/// umask itself can only be read by setting it, which other threads would notice.
long read_umask() {
  const int status = ::open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  if (status < 0) return -1;
  char text[256];
  const ssize_t size = ::read(status, text, sizeof text - 1);
  ::close(status);
  if (size <= 0) return -1;
  text[size] = '\0';
  constexpr std::string_view field = "\nUmask:\t";
  const char* const found = std::strstr(text, field.data());
  return found == nullptr ? -1 : std::strtol(found + field.size(), nullptr, 8);
}

std::string working_directory() {
  char path[PATH_MAX];
  return ::getcwd(path, sizeof path) == nullptr ? "" : path;
}

bool same(const struct sigaction& a, const struct sigaction& b) {
  return a.sa_handler == b.sa_handler && (a.sa_flags & SA_SIGINFO) == (b.sa_flags & SA_SIGINFO);
}

/// Libraries ignore these two; a call that would raise them returns an error either way.
bool as_good_as(int signal, const struct sigaction& now) {
  return (signal == SIGPIPE || signal == SIGXFSZ) && now.sa_handler == SIG_IGN;
}

}  // namespace

ForkMark::ForkMark() {
  constexpr std::size_t page = 4096;
  void* const memory = ::mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  if (::madvise(memory, page, MADV_WIPEONFORK) != 0) {
    ::munmap(memory, page);
    return;
  }
  mark_ = static_cast<int*>(memory);
  *mark_ = 1;
}

ForkMark::~ForkMark() {
  constexpr std::size_t page = 4096;
  if (mark_ != nullptr) ::munmap(const_cast<int*>(mark_), page);
}

ProcessState ProcessState::now() {
  const int error = errno;
  ProcessState state;
  state.control_ = FloatControl::now();
  state.thread_locale_ = ::uselocale(nullptr);
  state.c_locale_ = std::setlocale(LC_ALL, nullptr);
  state.umask_ = read_umask();
  state.directory_ = working_directory();
  ::pthread_sigmask(SIG_BLOCK, nullptr, &state.blocked_);
  for (const int signal : signals) {
    Handler handler{signal, {}};
    ::sigaction(signal, nullptr, &handler.action);
    state.handlers_.push_back(handler);
  }
  errno = error;
  return state;
}

bool ProcessState::restore_locale(const ProcessState& changed) const {
  const bool differs = thread_locale_ != changed.thread_locale_ || c_locale_ != changed.c_locale_ ||
                       cpp_locale_ != changed.cpp_locale_;
  if (!differs) return false;
  if (cpp_locale_ != changed.cpp_locale_) std::locale::global(cpp_locale_);
  std::setlocale(LC_ALL, c_locale_.c_str());
  ::uselocale(thread_locale_);
  return true;
}

std::string ProcessState::restore_handlers(const ProcessState& changed) {
  std::string names;
  for (std::size_t i = 0; i < handlers_.size(); ++i) {
    Handler& own = handlers_[i];
    const struct sigaction& now = changed.handlers_[i].action;
    if (same(own.action, now) || as_good_as(own.signal, now)) continue;
    if (own.action.sa_handler == SIG_DFL && now.sa_handler != SIG_IGN) {
      own.action = now;
      continue;
    }
    ::sigaction(own.signal, &own.action, nullptr);
    names += (names.empty() ? "SIG" : ", SIG") + std::string(::sigabbrev_np(own.signal));
  }
  return names;
}

std::vector<std::string> ProcessState::restore(const ProcessState& changed) {
  std::vector<std::string> what;
  if (control_ != changed.control_) {
    control_.restore();
    what.emplace_back(float_control_text);
  }
  if (restore_locale(changed)) what.emplace_back("the locale");
  if (umask_ >= 0 && changed.umask_ >= 0 && umask_ != changed.umask_) {
    ::umask(static_cast<mode_t>(umask_));
    what.emplace_back("the mask of new files (umask)");
  }
  if (!directory_.empty() && directory_ != changed.directory_)
    what.emplace_back(::chdir(directory_.c_str()) == 0
                          ? "the working directory"
                          : "the working directory (which cannot be entered any more: " + directory_ + ")");
  if (std::memcmp(&blocked_, &changed.blocked_, sizeof blocked_) != 0) {
    ::pthread_sigmask(SIG_SETMASK, &blocked_, nullptr);
    what.emplace_back("the signals that the training thread blocks");
  }
  if (const std::string names = restore_handlers(changed); !names.empty())
    what.push_back("what is done at " + names);
  return what;
}

}  // namespace kairos::host
