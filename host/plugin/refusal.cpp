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
constexpr const char* rebuild =
    "Rebuild the plugin for this machine, or take the build that its author made for it";
constexpr const char* declare_again = "Build the plugin with kairos_add_plugin() and the macros of the SDK";

constexpr std::array words = {
    Words{RefusalCode::CannotOpen, "the plugin cannot be opened", "a readable file",
          "Check the path and its rights"},
    Words{RefusalCode::NotRegular, "this is no plugin", "a regular file",
          "Remove it from the directory or name another file"},
    Words{RefusalCode::TooShort, "the file is too short to be a plugin", "at least 64 bytes", copy_again},
    Words{RefusalCode::NotElf, "the file is no shared object", "an ELF file",
          "Name the .so that the build made, not its source or an archive"},
    Words{RefusalCode::OtherClass, "the plugin was built for another word size", "64-bit", rebuild},
    Words{RefusalCode::OtherByteOrder, "the plugin was built for another byte order", "little-endian",
          rebuild},
    Words{RefusalCode::OtherArchitecture, "the plugin was built for another architecture", "", rebuild},
    Words{RefusalCode::NotSharedObject, "the file is ELF but no shared object", "a shared object",
          "Link the plugin with -shared, or use kairos_add_plugin()"},
    Words{RefusalCode::Truncated, "the plugin is truncated", "", copy_again},
    Words{RefusalCode::Malformed, "the structure of the plugin is damaged", "", copy_again},
    Words{RefusalCode::NoNote, "the shared object is no Kairos plugin", "an ELF note of the owner Kairos",
          declare_again},
    Words{RefusalCode::OtherMajor, "the plugin was built for another major of the ABI", "",
          "Install the plugin's release for this host, or the host that it was built for"},
    Words{RefusalCode::NewerMinor, "the plugin needs a newer host", "",
          "Update Kairos, or rebuild the plugin with a lower KAIROS_TARGET_MINOR"},
    Words{RefusalCode::BadManifest, "the manifest of the plugin is malformed", "", declare_again},
    Words{RefusalCode::LibraryMissing, "the plugin needs a library that is not installed", "",
          "Install the library, or add its directory to LD_LIBRARY_PATH"},
    Words{RefusalCode::SymbolVersionMissing, "the plugin was built against newer system libraries", "",
          "Rebuild the plugin on this machine, or on an older system than this one"},
    Words{RefusalCode::NoEntrySymbol, "the plugin does not export its declaration",
          "the symbol kairos_plugin_v1", declare_again},
    Words{RefusalCode::ExtraExports, "the plugin exports more than its declaration", "kairos_plugin_v1 alone",
          "Build with kairos_add_plugin(), or hide all other symbols with a version script"},
    Words{RefusalCode::WantsHostSymbol, "the plugin wants a symbol that no host exports",
          "functions taken from kairos_host", declare_again},
    Words{RefusalCode::DuplicateId, "two plugins have a callback of the same id", "one file for each id",
          "Remove one of the two, or name the right one with --plugin FILE"},
    Words{RefusalCode::Changed, "the plugin changed between its check and its loading",
          "the file that was checked", "Start again; replace plugins by renaming, not by writing over them"},
    Words{RefusalCode::LoadFailed, "the system's loader refuses the plugin", "",
          "Mend what the loader names, then start again"},
    Words{RefusalCode::LyingManifest, "the plugin does not do what its manifest says", "", declare_again},
    Words{RefusalCode::BadData, "the declaration of the plugin breaks the rules of the ABI", "",
          declare_again},
    Words{RefusalCode::TooLarge, "the plugin is too large", "",
          "Strip the plugin with `strip --strip-debug`"},
    Words{RefusalCode::CannotRead, "reading the plugin failed", "", "Check the device that it is on"},
    Words{RefusalCode::ExecutableStack, "the plugin would make the stack of the whole program executable",
          "a PT_GNU_STACK segment without the right to execute",
          "Link the plugin with -Wl,-z,noexecstack, and mark its assembly files with .note.GNU-stack"},
    Words{RefusalCode::TextRelocations, "the plugin would have its code written to while it is loaded",
          "position independent code, without DT_TEXTREL",
          "Compile all of the plugin with -fPIC and link it with -Wl,-z,text"},
    Words{RefusalCode::OpenFailed, "the plugin refuses to start", "",
          "Mend what it names, or leave the plugin out"},
    Words{RefusalCode::BadDirectory, "the plugin directory cannot be read", "a readable directory",
          "Make the directory, or correct its name"},
    Words{RefusalCode::RelativeDirectory, "KAIROS_PLUGIN_PATH has an entry that is not absolute",
          "a path that begins with /", ""},
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
