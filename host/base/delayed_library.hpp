// SPDX-License-Identifier: MIT
// A shared library that is opened when one of its functions is called for the first time. Its callers see no
// difference: they include the library's own header and call its functions. See
// host/cmake/KairosDelayLoad.cmake.
#pragma once

#include <cstddef>

namespace kairos::host {

/// What the build writes down about a library; all of it lives as long as the program.
struct DelayedLibrary {
  const char* soname;       ///< found by the dynamic linker as a library that the program needs would be
  const char* initializer;  ///< a function int() to be called once, before data are taken over; or ""
  const char* functions;    ///< their names, each with its null, and an empty one behind the last
  const char* data;         ///< names of variables of 8 bytes, in the same way
  void** function_slots;    ///< one for each function, filled by `open`
  void* data_copies;        ///< 8 bytes for each variable, filled by `open`
};

/// Opens the library and fills the slots; any number of threads may ask at once. The library stays open, and
/// offers its names to nobody else. Throws Error(Internal) if it is not installed or lacks a function.
void open(const DelayedLibrary& library);

}  // namespace kairos::host
