// SPDX-License-Identifier: MIT
// Writes the breadcrumb with async-signal-safe calls only.
#include "plugin/run/breadcrumb.hpp"

#include <unistd.h>

#include <cstddef>

namespace kairos::host {

thread_local constinit Breadcrumb breadcrumb;

void write_breadcrumb(int descriptor) noexcept {
  if (breadcrumb.hook == nullptr) return;
  char line[2048];
  std::size_t length = 0;
  const auto append = [&](const char* text) {
    for (; *text != '\0' && length < sizeof line - 1; ++text) line[length++] = *text;
  };
  append("KAIROS-C009: the process crashed inside plugin ");
  append(breadcrumb.instance);
  append(" (");
  append(breadcrumb.file);
  append("), hook ");
  append(breadcrumb.hook);
  append(". Run without this plugin, and report the crash to ");
  append(breadcrumb.contact);
  append(".\n");
  // A failed write cannot be handled here.
  [[maybe_unused]] const ssize_t written = ::write(descriptor, line, length);
}

}  // namespace kairos::host
