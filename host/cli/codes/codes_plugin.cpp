// SPDX-License-Identifier: MIT
// Codes L: files that are refused as plugins.
#include "cli/codes/tables.hpp"

namespace kairos::host::cli {

namespace {

constexpr CodeEntry entries[] = {
    {"KAIROS-L001", "Plugin file cannot be opened", "The file does not exist, or the user may not read it.",
     "Check the path and the permissions of the file."},
    {"KAIROS-L002", "Plugin is not a regular file",
     "The path leads to a directory, a device, a FIFO or a socket. Only regular files can be checked before "
     "loading.",
     "Remove it from the plugin directory, or give another file."},
    {"KAIROS-L003", "Plugin file too short",
     "The file has fewer bytes than an ELF header. It was probably cut off while it was copied.",
     "Copy the file again under another name, then rename it into the directory."},
    {"KAIROS-L004", "Plugin is not an ELF file",
     "The file does not begin with the ELF magic number. It is, for example, a source file or a static "
     "archive.",
     "Give the .so that the build produced."},
    {"KAIROS-L005", "Plugin of another word size",
     "The plugin is a 32-bit ELF file. It cannot be loaded into a 64-bit process.",
     "Build the plugin for 64 bits, or get the author's build for this machine."},
    {"KAIROS-L006", "Plugin of another byte order",
     "The plugin is big-endian, this machine is little-endian.",
     "Build the plugin for this machine, or get the author's build for it."},
    {"KAIROS-L007", "Plugin for another architecture",
     "The plugin was compiled for another processor architecture.",
     "Build the plugin for this machine, or get the author's build for it."},
    {"KAIROS-L008", "ELF file is not a shared object",
     "The file is an executable, an object file or a core dump.",
     "Link the plugin with `-shared`, or use kairos_add_plugin()."},
    {"KAIROS-L009", "Plugin is truncated", "The headers of the ELF file point beyond its end.",
     "Copy the file again under another name, then rename it into the directory."},
    {"KAIROS-L010", "Plugin has a damaged structure",
     "The tables of the ELF file or its Kairos note contradict themselves. Loading it could run code at the "
     "wrong place.",
     "Copy the file again; if that does not help, rebuild the plugin."},
    {"KAIROS-L011", "Shared object is not a Kairos plugin",
     "The file has no ELF note of the owner Kairos, so it does not say for which ABI it was built.",
     "Build it with kairos_add_plugin() and the macros of the SDK."},
    {"KAIROS-L012", "Plugin for another ABI major version",
     "The plugin was built for another major version of the ABI, whose structures have another layout.",
     "Install the release of the plugin for this version of Kairos, or the version of Kairos it was built "
     "for."},
    {"KAIROS-L013", "Plugin needs a newer host",
     "The plugin requires a minor version of the ABI that is newer than the host's.",
     "Update Kairos, or rebuild the plugin with a lower KAIROS_TARGET_MINOR."},
    {"KAIROS-L014", "Malformed manifest",
     "The manifest in the ELF note is not valid JSON, is too long, or breaks a rule such as the form of an "
     "id or the bounds of an option.",
     "Build the plugin with kairos_add_plugin() and the macros of the SDK."},
    {"KAIROS-L015", "Library of the plugin missing",
     "The plugin links against a shared library that is not installed or not on the search path.",
     "Install the library, or add its directory to LD_LIBRARY_PATH."},
    {"KAIROS-L016", "Plugin needs newer system libraries",
     "The plugin uses a symbol version that the installed C or C++ library does not have. It was built on a "
     "newer system.",
     "Rebuild the plugin on this machine or on an older system."},
    {"KAIROS-L017", "Plugin without its entry symbol",
     "The plugin does not export the data symbol kairos_plugin_v1, which holds its declaration.",
     "Build it with kairos_add_plugin() and the macros of the SDK."},
    {"KAIROS-L018", "Plugin exports additional symbols",
     "The plugin exports more than kairos_plugin_v1. Other exported symbols could replace those of other "
     "plugins or of libraries.",
     "Build with kairos_add_plugin(), or hide all other symbols with a version script."},
    {"KAIROS-L019", "Plugin needs a symbol of the host",
     "The plugin has an undefined symbol that would have to come from the host. The host exports none: its "
     "functions are reached through kairos_host.",
     "Build it with kairos_add_plugin() and call the host through the SDK."},
    {"KAIROS-L020", "Two plugins with the same callback id",
     "Two files declare a callback of the same id, so the name does not say which one to load.",
     "Remove one of the two files, or give the right one by path: `--plugin FILE`."},
    {"KAIROS-L021", "Plugin changed after its check",
     "The file was replaced or written to between its check and its loading. What is loaded must be what was "
     "checked.",
     "Start again. Replace plugins by renaming a new file into place, not by writing over them."},
    {"KAIROS-L022", "System loader failed",
     "dlopen refused the plugin, for example because a symbol cannot be resolved. The message quotes the "
     "loader.",
     "Fix what the loader reports, then start again."},
    {"KAIROS-L023", "Plugin differs from its manifest",
     "The data of the loaded plugin differ from the manifest that was read before loading. Checks were made "
     "on the manifest, so the plugin is refused.",
     "Build it with kairos_add_plugin() and the macros of the SDK, which derive both from one declaration."},
    {"KAIROS-L024", "Declaration breaks the ABI",
     "The declaration in the loaded plugin breaks a rule of the ABI, such as a missing hook table or a "
     "string without an end.",
     "Build it with kairos_add_plugin() and the macros of the SDK."},
    {"KAIROS-L025", "Plugin too large",
     "The file is larger than a plugin may be. Usually it contains debug information.",
     "Strip it with `strip --strip-debug`."},
    {"KAIROS-L026", "Plugin cannot be read",
     "The operating system reported an error while the plugin was read.",
     "Check the device that holds the file."},
    {"KAIROS-L027", "Plugin needs an executable stack",
     "The plugin has no PT_GNU_STACK segment or one that is executable. Loading it would make the stack of "
     "the whole process executable.",
     "Link with `-Wl,-z,noexecstack`, and mark assembly files with .note.GNU-stack."},
    {"KAIROS-L028", "Plugin with text relocations",
     "The plugin is not position independent: its code would be written to while it is loaded.",
     "Compile all of it with `-fPIC` and link with `-Wl,-z,text`."},
    {"KAIROS-L030", "Plugin refuses to start",
     "The `open` function of the plugin returned an error. The message quotes its reason.",
     "Fix what it names, or leave the plugin out."},
    {"KAIROS-L050", "Plugin directory cannot be read",
     "A directory in which plugins are searched does not exist, is not a directory or may not be read.",
     "Create the directory, or correct its name."},
    {"KAIROS-L051", "Relative directory in KAIROS_PLUGIN_PATH",
     "An entry of KAIROS_PLUGIN_PATH is not absolute. It would depend on the current directory, so "
     "anyone who can write there could choose the plugins.",
     "Write absolute paths, separated by colons. Empty entries are skipped. A directory whose name has a "
     "colon is given with `--plugin-dir`."},
    {"KAIROS-L052", "Plugin hidden by another one",
     "A plugin in a directory that is searched earlier, or that was given by path, has a callback of the "
     "same id and is used instead. Searched are `--plugin-dir`, KAIROS_PLUGIN_PATH, the user's directory, "
     "and the installed plugins, in this order.",
     "Give this file by path, `--plugin FILE`, or remove the other one."},
    {"KAIROS-L053", "Plugin on a noexec mount",
     "The file system of the plugin is mounted with noexec, so the system does not map its code.",
     "Copy it to a directory on another file system, or mount this one without noexec."},
    {"KAIROS-L054", "Plugin with a sanitizer",
     "The plugin was compiled with -fsanitize and needs the runtime of the sanitizer, which has to be in the "
     "process from its start.",
     "Build it without the sanitizer, or preload the runtime: `LD_PRELOAD=$(gcc "
     "-print-file-name=libasan.so)`."},
    {"KAIROS-L055", "Plugin for another C library",
     "The plugin was linked with musl, and this program uses glibc. Two C libraries cannot share a process.",
     "Rebuild it on a system with glibc."},
};

}  // namespace

std::span<const CodeEntry> plugin_codes() {
  return entries;
}

}  // namespace kairos::host::cli
