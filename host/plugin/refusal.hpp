// SPDX-License-Identifier: MIT
// Every reason to refuse a plugin file, with its number and its text, in one table.
#pragma once

#include <string>

#include "kairos/host/error.hpp"

namespace kairos::host {

/// The numbers are shown to users (KAIROS-L…) and never change their meaning.
enum class RefusalCode : int {
  CannotOpen = 1,
  NotRegular = 2,
  TooShort = 3,
  NotElf = 4,
  OtherClass = 5,
  OtherByteOrder = 6,
  OtherArchitecture = 7,
  NotSharedObject = 8,
  Truncated = 9,
  Malformed = 10,
  NoNote = 11,
  OtherMajor = 12,
  NewerMinor = 13,
  BadManifest = 14,
  LibraryMissing = 15,
  SymbolVersionMissing = 16,
  NoEntrySymbol = 17,
  ExtraExports = 18,
  WantsHostSymbol = 19,
  DuplicateId = 20,
  Changed = 21,
  LoadFailed = 22,
  LyingManifest = 23,
  BadData = 24,
  TooLarge = 25,
  CannotRead = 26,
  ExecutableStack = 27,
  TextRelocations = 28,
  OpenFailed = 30,
  BadDirectory = 50,
  RelativeDirectory = 51,
  Hidden = 52,
  NoExecution = 53,
  Sanitizer = 54,
  OtherCLibrary = 55,
};

/// What differs between refusals of one kind. An empty `expected` or `cure` takes the text of the table.
struct RefusalDetails {
  std::string where;
  std::string found;
  std::string expected = {};
  std::string cure = {};
};

/// The error to throw: Error(Plugin).
[[nodiscard]] Error refusal(RefusalCode code, RefusalDetails details);

/// The same error with another `where`, for code that throws without knowing the file.
[[nodiscard]] Error with_where(const Error& error, std::string where);

}  // namespace kairos::host
