// SPDX-License-Identifier: MIT
// Callbacks of bundled plugins in the test kit of the SDK.
#pragma once

#include <dlfcn.h>

#include <kairos/testing.hpp>
#include <stdexcept>
#include <string>

namespace kairos::tests {

/// The declaration of a callback, from the file of its plugin.
inline const kairos_callback& loaded(const std::string& file, const std::string& id) {
  const std::string path = std::string(KAIROS_TEST_PLUGINS) + "/" + file + ".so";
  void* const library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(::dlerror());
  const auto* plugin = static_cast<const kairos_plugin*>(::dlsym(library, KAIROS_PLUGIN_SYMBOL));
  if (plugin == nullptr) throw std::runtime_error(::dlerror());
  return testing::callback(*plugin, id);
}

}  // namespace kairos::tests
