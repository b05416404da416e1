// SPDX-License-Identifier: MIT
// Complete transfers through system calls that may transfer fewer bytes than requested, or be interrupted.
#pragma once

#include <sys/types.h>

#include <cerrno>
#include <cstddef>
#include <span>

namespace kairos::host {

/// `some(at, count)` is write, send or the like. False if not everything could be written.
template <class Some>
bool write_whole(const void* bytes, std::size_t count, Some some) {
  for (const char* at = static_cast<const char*>(bytes); count > 0;) {
    const ssize_t n = some(at, count);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    count -= static_cast<std::size_t>(n);
  }
  return true;
}

/// `some(at, count)` is read, recv or the like. Returns the number of bytes read.
template <class Some>
std::size_t read_whole(std::span<std::byte> bytes, Some some) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = some(bytes.data() + done, bytes.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

}  // namespace kairos::host
