// SPDX-License-Identifier: MIT
// Loads a plugin: the only place where plugin code enters the process.
#include "plugin/library.hpp"

#include <dlfcn.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>

#include "plugin/elf/image.hpp"
#include "plugin/loaded_code.hpp"
#include "plugin/manifest/manifest.hpp"
#include "plugin/private_pages.hpp"
#include "plugin/refusal.hpp"
#include "plugin/reserved_fields.hpp"

namespace kairos::host {

namespace {

void check_unchanged(const Plugin& plugin) {
  const std::string where = plugin.file.string();
  struct stat status {};
  if (::stat(plugin.file.c_str(), &status) != 0)
    throw refusal(RefusalCode::Changed, {where, std::generic_category().message(errno)});
  if (!(identity_of(status) == plugin.identity))
    throw refusal(RefusalCode::Changed, {where, "another file, or different content"});
}

/// Of the process; each is a directory.
std::uint64_t thread_count() {
  struct stat tasks {};
  return ::stat("/proc/self/task", &tasks) == 0 ? tasks.st_nlink : 0;
}

/// RTLD_NODELETE keeps the code in the process after the handle is closed, so nothing has to own the handle.
boost::dll::shared_library load_file(const Plugin& plugin) {
  namespace dll = boost::dll;
  const auto mode =
      static_cast<dll::load_mode::type>(static_cast<int>(dll::load_mode::rtld_now) |
                                        static_cast<int>(dll::load_mode::rtld_local) | RTLD_NODELETE);
  dll::shared_library library;
  boost::dll::fs::error_code error;
  ::dlerror();
  library.load(plugin.file, mode, error);
  // Boost reports "bad file descriptor" for every failure; dlerror() still has the linker's own text.
  if (error) {
    const char* words = ::dlerror();
    throw refusal(RefusalCode::LoadFailed,
                  {plugin.file.string(), words != nullptr ? words : error.message()});
  }
  return library;
}

const kairos_plugin& data_of(const boost::dll::shared_library& library, const std::string& where) {
  if (!library.has(KAIROS_PLUGIN_SYMBOL))
    throw refusal(RefusalCode::NoEntrySymbol, {where, "no such symbol"});
  return library.get<const kairos_plugin>(KAIROS_PLUGIN_SYMBOL);
}

void check_data(const Plugin& plugin, const kairos_plugin& data) {
  const std::string where = plugin.file.string();
  Manifest declared;
  try {
    declared = describe(data);
    check_reserved_fields(data);
  } catch (const Error& error) {
    throw with_where(error, where);
  }
  if (const auto difference = first_difference(plugin.manifest, declared))
    throw refusal(RefusalCode::LyingManifest,
                  {where, difference->field + " is " + difference->data_says + " in the data",
                   difference->manifest_says + " as in the manifest"});
}

}  // namespace

std::shared_ptr<Library> Library::load(const Plugin& plugin) {
  check_unchanged(plugin);
  const auto threads_before = thread_count();
  const boost::dll::shared_library handle = load_file(plugin);
  const Threads threads = thread_count() > threads_before ? Threads::Started : Threads::None;
  const kairos_plugin& data = data_of(handle, plugin.file.string());
  const LoadedCode& code = keep_code(&data, plugin);
  // The linker takes a file that was overwritten for the one that it has loaded.
  FileIdentity known = code.identity;
  known.changed = plugin.identity.changed;
  if (!(known == plugin.identity))
    throw refusal(RefusalCode::Changed,
                  {plugin.file.string(), "an earlier version of the file in this process",
                   "the file that was checked"});
  const bool is_private = make_private(code, threads);
  // What was mapped before is what was checked if the file is still the same.
  check_unchanged(plugin);
  check_data(plugin, data);
  return std::shared_ptr<Library>(new Library(data, is_private));
}

Library::Library(const kairos_plugin& plugin, bool is_private) : plugin_(&plugin), is_private_(is_private) {
  for (std::uint32_t i = 0; i < plugin.callback_count; ++i) {
    const kairos_callback* declaration = plugin.callbacks[i];
    LoadedCallback& callback = callbacks_.emplace_back(LoadedCallback{declaration, {}});
    const std::size_t size = std::min<std::size_t>(declaration->hooks->size, sizeof(kairos_hooks));
    std::memcpy(&callback.hooks, declaration->hooks, size);
    callback.hooks.size = sizeof(kairos_hooks);
  }
}

}  // namespace kairos::host
