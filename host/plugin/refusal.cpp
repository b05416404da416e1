// SPDX-License-Identifier: MIT
// The table of refusals.
#include "plugin/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace kairos::host {

namespace {

struct Words {
  RefusalCode code;
  const char* what;
  const char* expected;
  const char* cure;
};

constexpr const char* copy_again = "Copy the file again, then rename it into the directory";
constexpr const char* rebuild = "Rebuild the plugin for this machine, or get its author's build for it";
constexpr const char* declare_again = "Build the plugin with kairos_add_plugin() and the macros of the SDK";

constexpr std::array words = {
    Words{RefusalCode::CannotOpen, "the plugin cannot be opened", "a readable file",
          "Check the path and its permissions"},
    Words{RefusalCode::NotRegular, "this is not a plugin", "a regular file",
          "Remove it from the directory or name another file"},
    Words{RefusalCode::TooShort, "the file is too short to be a plugin", "at least 64 bytes", copy_again},
    Words{RefusalCode::NotElf, "the file is not a shared object", "an ELF file",
          "Name the .so that the build produced, not its source or an archive"},
    Words{RefusalCode::OtherClass, "the plugin was built for another word size", "64-bit", rebuild},
    Words{RefusalCode::OtherByteOrder, "the plugin was built for another byte order", "little-endian",
          rebuild},
    Words{RefusalCode::OtherArchitecture, "the plugin was built for another architecture", "", rebuild},
    Words{RefusalCode::NotSharedObject, "the file is ELF but not a shared object", "a shared object",
          "Link the plugin with -shared, or use kairos_add_plugin()"},
    Words{RefusalCode::Truncated, "the plugin is truncated", "", copy_again},
    Words{RefusalCode::Malformed, "the structure of the plugin is damaged", "", copy_again},
    Words{RefusalCode::NoNote, "the shared object is not a Kairos plugin",
          "an ELF note with the owner Kairos", declare_again},
    Words{RefusalCode::OtherMajor, "the plugin was built for another major version of the ABI", "",
          "Install the plugin's release for this host, or the host it was built for"},
    Words{RefusalCode::NewerMinor, "the plugin needs a newer host", "",
          "Update Kairos, or rebuild the plugin with a lower KAIROS_TARGET_MINOR"},
    Words{RefusalCode::BadManifest, "the manifest of the plugin is malformed", "", declare_again},
    Words{RefusalCode::LibraryMissing, "the plugin needs a library that is not installed", "",
          "Install the library, or add its directory to LD_LIBRARY_PATH"},
    Words{RefusalCode::SymbolVersionMissing, "the plugin was built against newer system libraries", "",
          "Rebuild the plugin on this machine, or on an older system than this one"},
    Words{RefusalCode::NoEntrySymbol, "the plugin does not export its declaration",
          "the symbol kairos_plugin_v1", declare_again},
    Words{RefusalCode::ExtraExports, "the plugin exports symbols besides its declaration",
          "kairos_plugin_v1 alone",
          "Build with kairos_add_plugin(), or hide all other symbols with a version script"},
    Words{RefusalCode::WantsHostSymbol, "the plugin needs a symbol that no host exports",
          "calls through kairos_host", declare_again},
    Words{RefusalCode::DuplicateId, "two plugins have a callback of the same id", "one file for each id",
          "Remove one of the two, or name the file of the right one"},
    Words{RefusalCode::Changed, "the plugin changed after it was checked", "the file that was checked",
          "Start again; replace plugins by renaming, not by overwriting"},
    Words{RefusalCode::LoadFailed, "the dynamic linker rejects the plugin", "",
          "Fix what the linker reports, then start again"},
    Words{RefusalCode::LyingManifest, "the plugin does not match its manifest", "", declare_again},
    Words{RefusalCode::BadData, "the declaration of the plugin breaks the rules of the ABI", "",
          declare_again},
    Words{RefusalCode::TooLarge, "the plugin is too large", "",
          "Strip the plugin with `strip --strip-debug`"},
    Words{RefusalCode::CannotRead, "reading the plugin failed", "", "Check the device it is on"},
    Words{RefusalCode::ExecutableStack, "the plugin would make the stack of the whole program executable",
          "a PT_GNU_STACK segment that is not executable",
          "Link the plugin with -Wl,-z,noexecstack, and mark its assembly files with .note.GNU-stack"},
    Words{RefusalCode::TextRelocations, "loading the plugin would write to its code",
          "position-independent code, without DT_TEXTREL",
          "Compile all of the plugin with -fPIC and link it with -Wl,-z,text"},
    Words{RefusalCode::OpenFailed, "the plugin refuses to start", "",
          "Fix what it reports, or leave the plugin out"},
    Words{RefusalCode::BadDirectory, "the plugin directory cannot be read", "a readable directory",
          "Create the directory, or correct its name"},
    Words{RefusalCode::RelativeDirectory, "an entry is not an absolute path", "a path that begins with /",
          ""},
    Words{RefusalCode::Hidden, "a plugin that is searched earlier has a callback of the same id", "",
          "Name the file to use this one"},
    Words{RefusalCode::NoExecution, "no code may run from the file system of the plugin",
          "a mount without noexec", "Copy the plugin to a directory on another file system"},
    Words{RefusalCode::Sanitizer, "the plugin was built with a sanitizer, whose runtime is not loaded", "",
          "Build the plugin without -fsanitize, or start the program with LD_PRELOAD=$(gcc "
          "-print-file-name=libasan.so), or the library of its sanitizer"},
    Words{RefusalCode::OtherCLibrary, "the plugin was built for another C library", "glibc",
          "Rebuild the plugin on a system with glibc, such as this one"},
};

const Words& words_of(RefusalCode code) {
  return *std::find_if(words.begin(), words.end(), [code](const Words& entry) { return entry.code == code; });
}

}  // namespace

Error refusal(RefusalCode code, RefusalDetails details) {
  const Words& entry = words_of(code);
  if (details.expected.empty()) details.expected = entry.expected;
  if (details.cure.empty()) details.cure = entry.cure;
  return Error(ErrorKind::Plugin,
               {fmt::format("KAIROS-L{:03}", static_cast<int>(code)), std::move(details.where), entry.what,
                std::move(details.found), std::move(details.expected), std::move(details.cure)});
}

Error with_where(const Error& error, std::string where) {
  Diagnosis diagnosis = error.diagnosis();
  diagnosis.where = std::move(where);
  return Error(error.kind(), std::move(diagnosis));
}

}  // namespace kairos::host
