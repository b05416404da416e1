// SPDX-License-Identifier: MIT
// A lock tells the living from the dead: the number of a process may be in use again, and means nothing in
// another container. Files without a name (O_TMPFILE) would leave nothing behind, but a file that replaces
// another one needs a name before it is renamed, and neither network file systems nor a missing /proc allow
// them: the names would have to be removed all the same.
#include "base/temporary_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <exception>
#include <random>
#include <string_view>

namespace kairos::host {

namespace {

constexpr std::string_view prefix = ".kairos-", suffix = ".tmp";

/// FNV-1a of the machine's name, as eight digits.
std::string machine() {
  std::array<char, 256> name{};
  static_cast<void>(::gethostname(name.data(), name.size() - 1));
  std::uint32_t hash = 2166136261U;
  for (const char* c = name.data(); *c != '\0'; ++c)
    hash = (hash ^ static_cast<unsigned char>(*c)) * 16777619U;
  constexpr const char* digits = "0123456789abcdef";
  std::string text;
  for (int shift = 28; shift >= 0; shift -= 4) text += digits[(hash >> shift) & 15];
  return text;
}

bool consists_of(std::string_view text, std::string_view characters) {
  return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

/// The part between the next two dashes, which is removed from `name`.
std::string_view next_part(std::string_view& name) {
  const std::size_t end = name.find('-');
  const std::string_view part = name.substr(0, end);
  name.remove_prefix(end == std::string_view::npos ? name.size() : end + 1);
  return part;
}

enum class Origin { NoTemporary, ThisMachine, Elsewhere };

Origin origin_of(std::string_view name, const std::string& here) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix)) return Origin::NoTemporary;
  name.remove_prefix(prefix.size());
  name.remove_suffix(suffix.size());
  const std::string_view of = next_part(name), process = next_part(name), number = next_part(name);
  constexpr std::string_view decimal = "0123456789";
  const bool valid = of.size() == here.size() && consists_of(of, "0123456789abcdef") &&
                     consists_of(process, decimal) && consists_of(number, decimal) && name.empty();
  return !valid ? Origin::NoTemporary : of == here ? Origin::ThisMachine : Origin::Elsewhere;
}

/// Its process is dead if nobody holds the lock.
void remove_if_dead(int directory, const char* name, Origin origin) {
  constexpr std::time_t day = 86400;
  const int file = ::openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
  if (file < 0) return;
  struct stat status {};
  const bool ours = ::fstat(file, &status) == 0 && S_ISREG(status.st_mode) && status.st_uid == ::geteuid();
  const bool due = origin == Origin::ThisMachine || std::time(nullptr) - status.st_mtime > day;
  // The owner renames only while it holds the lock, so the name is still that of this file.
  if (ours && due && ::flock(file, LOCK_EX | LOCK_NB) == 0) ::unlinkat(directory, name, 0);
  ::close(file);
}

}  // namespace

std::string temporary_name() {
  std::random_device random;
  const std::uint64_t number = (std::uint64_t{random()} << 32) | random();
  return std::string(prefix) + machine() + "-" + std::to_string(::getpid()) + "-" + std::to_string(number) +
         std::string(suffix);
}

bool hold_temporary(int descriptor) {
  // Whoever holds it now is about to remove it.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
  struct stat status {};
  return ::fstat(descriptor, &status) != 0 || status.st_nlink > 0;
}

void remove_dead_temporaries(const std::filesystem::path& directory) noexcept {
  constexpr int entries_looked_at = 100000;
  DIR* const entries = ::opendir(directory.empty() ? "." : directory.c_str());
  if (entries == nullptr) return;
  try {
    const std::string here = machine();
    for (int i = 0; i < entries_looked_at; ++i) {
      const dirent* const entry = ::readdir(entries);
      if (entry == nullptr) break;
      const Origin origin = origin_of(entry->d_name, here);
      if (origin != Origin::NoTemporary) remove_if_dead(::dirfd(entries), entry->d_name, origin);
    }
  } catch (const std::exception&) {
    // Out of memory: the next run removes them.
  }
  ::closedir(entries);
}

}  // namespace kairos::host
