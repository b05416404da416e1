// SPDX-License-Identifier: MIT
// A shared library that is opened when one of its functions is called for the first time. Callers include the
// library's own header and call its functions as usual. See host/cmake/KairosDelayLoad.cmake.
#pragma once

#include <cstddef>

namespace kairos::host {

/// What the build records about a library; all of it is valid for the lifetime of the program.
struct DelayedLibrary {
  const char* soname;       ///< found by the dynamic linker like that of a library linked as usual
  const char* initializer;  ///< a function int() to call once before `data` are copied; or ""
  const char* functions;    ///< names, each ending in '\0', with an empty name at the end
  const char* data;         ///< names of variables of 8 bytes, in the same form
  void** function_slots;    ///< one for each function, filled by `open`
  void* data_copies;        ///< 8 bytes for each variable, filled by `open`
};

/// Opens the library and fills the slots; thread-safe. The library stays open, and its symbols are not
/// visible to others. Throws Error(Internal) if it is not installed or lacks a function.
void open(const DelayedLibrary& library);

}  // namespace kairos::host
