// SPDX-License-Identifier: MIT
// Tokens, queries and sockets of the server of pages.
#include "http_access.hpp"

#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <kairos/error.hpp>

#include "http_server.hpp"

namespace kairos::plugins {

bool is_same(std::string_view given, std::string_view expected) {
  if (given.size() != expected.size() || expected.empty()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(expected[i]);
  return difference == 0;
}

std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    if (pair.size() > name.size() && pair.substr(0, name.size()) == name && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return {};
}

bool is_stale_socket(const std::string& path) {
  struct stat facts {};
  sockaddr_un place{};
  if (path.size() >= sizeof place.sun_path || ::lstat(path.c_str(), &facts) != 0 ||
      !S_ISSOCK(facts.st_mode) || facts.st_uid != ::geteuid())
    return false;
  place.sun_family = AF_UNIX;
  std::memcpy(place.sun_path, path.data(), path.size());
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return false;
  const bool refused =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&place), sizeof place) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

void check_http_token(std::string_view token, std::size_t least) {
  if (token.size() < least)
    throw Error("token has " + std::to_string(token.size()) + " characters; expected " +
                std::to_string(least) + " or more, so that nobody guesses it");
  const bool is_plain = std::all_of(token.begin(), token.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '.' || c == '_' || c == '~';
  });
  if (!is_plain)
    throw Error("token has a character that an address changes; expected letters, digits and -._~");
}

std::string random_token() {
  std::array<unsigned char, 16> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    throw Error(KAIROS_E_IO, "the system gives no random bytes for a token");
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace kairos::plugins
