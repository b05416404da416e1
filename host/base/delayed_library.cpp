// SPDX-License-Identifier: MIT
// Resolves all functions of a library at once, by name.
#include "base/delayed_library.hpp"

#include <dlfcn.h>

#include <atomic>
#include <cstring>
#include <mutex>
#include <string>

#include "kairos/host/error.hpp"

namespace kairos::host {

namespace {

[[noreturn]] void fail(const DelayedLibrary& library, const char* what, const std::string& found) {
  throw Error(ErrorKind::Internal,
              {"KAIROS-I110", library.soname, what, found, "the library Kairos was built with",
               "Install the package that provides it"});
}

void* address(const DelayedLibrary& library, void* handle, const char* name) {
  void* const found = ::dlsym(handle, name);
  if (found == nullptr) fail(library, "a function of the library is missing", name);
  return found;
}

}  // namespace

void open(const DelayedLibrary& library) {
  // One lock for all libraries: each is opened once, and a failed attempt may be repeated.
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  void** slot = library.function_slots;
  if (std::atomic_ref(*slot).load(std::memory_order_relaxed) != nullptr) return;
  void* const handle = ::dlopen(library.soname, RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) fail(library, "the library cannot be opened", ::dlerror());
  if (*library.initializer != '\0')
    reinterpret_cast<int (*)()>(address(library, handle, library.initializer))();
  constexpr std::size_t width = 8;
  auto* copy = static_cast<std::byte*>(library.data_copies);
  for (const char* name = library.data; *name != '\0'; name += std::strlen(name) + 1, copy += width)
    std::memcpy(copy, address(library, handle, name), width);
  // Stubs read their slots without the lock, and a filled slot implies that everything before it is done. The
  // first slot, which is the flag checked above, is therefore filled last.
  const char* name = library.functions + std::strlen(library.functions) + 1;
  for (; *name != '\0'; name += std::strlen(name) + 1)
    std::atomic_ref(*++slot).store(address(library, handle, name), std::memory_order_release);
  std::atomic_ref(*library.function_slots)
      .store(address(library, handle, library.functions), std::memory_order_release);
}

}  // namespace kairos::host
