// SPDX-License-Identifier: MIT
// A thread that a plugin has made has no breadcrumb: its call frames tell whose code it runs.
#include "plugin/run/crash_line.hpp"

#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "plugin/loaded_code.hpp"
#include "plugin/run/breadcrumb.hpp"

namespace kairos::host {

namespace {

/// Composed without the heap.
class Line {
 public:
  Line& operator<<(const char* text) noexcept {
    for (; *text != '\0' && length_ < text_.size() - 1; ++text) text_[length_++] = *text;
    return *this;
  }
  /// A failed write cannot be handled here.
  void write(int descriptor) noexcept {
    text_[length_++] = '\n';
    [[maybe_unused]] const ssize_t written = ::write(descriptor, text_.data(), length_);
  }

 private:
  std::array<char, 2048> text_;
  std::size_t length_ = 0;
};

const char* name_of(int signal) noexcept {
  constexpr std::pair<int, const char*> names[] = {
      {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"}, {SIGILL, "SIGILL"}, {SIGFPE, "SIGFPE"}, {SIGABRT, "SIGABRT"}};
  for (const auto& [number, name] : names)
    if (number == signal) return name;
  return "a signal";
}

struct Frames {
  const LoadedCode* found = nullptr;
  int left = 256;
};

_Unwind_Reason_Code look_at(_Unwind_Context* frame, void* arg) {
  auto& frames = *static_cast<Frames*>(arg);
  frames.found = code_at(_Unwind_GetIP(frame));
  return frames.found != nullptr || --frames.left == 0 ? _URC_END_OF_STACK : _URC_NO_REASON;
}

/// A call through a null pointer has no frame that could be unwound, but the caller's address on the stack.
const LoadedCode* caller_of_null([[maybe_unused]] const void* context) noexcept {
#if defined(__x86_64__)
  const auto& registers = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs;
  if (registers[REG_RIP] == 0) return code_at(*reinterpret_cast<const std::uintptr_t*>(registers[REG_RSP]));
#endif
  return nullptr;
}

const LoadedCode* running_code(const void* context) noexcept {
  if (const LoadedCode* const code = caller_of_null(context)) return code;
  Frames frames;
  ::_Unwind_Backtrace(look_at, &frames);
  return frames.found;
}

}  // namespace

void write_crash_line(int descriptor, int signal, const void* context) noexcept {
  Line line;
  const Breadcrumb at = breadcrumb.now();
  if (at.hook != nullptr) {
    line << "KAIROS-C009: the process crashed inside plugin " << at.instance << " (" << at.file << "), hook "
         << at.hook << ". Run without this plugin, and report the crash to " << at.contact << ".";
  } else if (const LoadedCode* const code = running_code(context)) {
    line << "KAIROS-C009: the process crashed inside plugin " << code->file.c_str()
         << ", on a thread of its own. Run without this plugin, and report the crash to "
         << code->contact.c_str() << ".";
  } else {
    line << "KAIROS-I004: the process crashed (" << name_of(signal)
         << "), and no plugin was running. Report it with the command that led to it.";
  }
  line.write(descriptor);
}

}  // namespace kairos::host
