// SPDX-License-Identifier: MIT
// Opens a library when it is needed, so that a plugin that needs it for one of its formats loads without it.
#pragma once

#include <dlfcn.h>

#include <kairos/error.hpp>
#include <string>

namespace kairos::plugins {

/// A shared library, which stays open: others may use it by then.
class OpenedLibrary {
 public:
  /// Throws kairos::Error if it cannot be opened. `cure` is a sentence of what to do then.
  OpenedLibrary(const std::string& soname, const std::string& cure)
      : soname_(soname), cure_(cure), handle_(::dlopen(soname.c_str(), RTLD_NOW | RTLD_LOCAL)) {
    if (handle_ == nullptr) fail();
  }
  /// Stores the address of a function or variable in `out`, a pointer of its type. Throws kairos::Error if
  /// the library has none of this name.
  template <class Pointer>
  void find(const char* name, Pointer& out) const {
    void* const address = ::dlsym(handle_, name);
    if (address == nullptr) fail();
    out = reinterpret_cast<Pointer>(address);
  }

 private:
  [[noreturn]] void fail() const {
    const char* const why = ::dlerror();
    throw Error(KAIROS_E_UNSUPPORTED,
                "cannot open " + soname_ + ": " + (why == nullptr ? "unknown reason" : why) + ". " + cure_);
  }

  std::string soname_, cure_;
  void* handle_;
};

}  // namespace kairos::plugins
