// SPDX-License-Identifier: MIT
// Requests as any program on the machine can send them, also wrong ones.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace kairos::tests {

/// A connection to a port of 127.0.0.1, or to a Unix socket; closed at the end.
class Connection {
 public:
  explicit Connection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_port = htons(port);
    place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connect(&place, sizeof place);
  }
  explicit Connection(const std::string& path) : socket_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
    sockaddr_un place{};
    place.sun_family = AF_UNIX;
    std::strncpy(place.sun_path, path.c_str(), sizeof place.sun_path - 1);
    connect(&place, sizeof place);
  }
  ~Connection() { ::close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  [[nodiscard]] bool is_open() const { return open_; }
  void send(std::string_view text) const {
    static_cast<void>(::send(socket_, text.data(), text.size(), MSG_NOSIGNAL));
  }
  /// Until the other side closes, or nothing has come for 15 s.
  [[nodiscard]] std::string receive() const {
    std::string all;
    char part[4096];
    for (ssize_t count = 0; (count = ::recv(socket_, part, sizeof part, 0)) > 0;)
      all.append(part, static_cast<std::size_t>(count));
    return all;
  }

 private:
  void connect(const void* place, std::size_t size) {
    const timeval patience{15, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    open_ = ::connect(socket_, static_cast<const sockaddr*>(place), static_cast<socklen_t>(size)) == 0;
  }

  int socket_;
  bool open_ = false;
};

struct Answer {
  int status = 0;  ///< 0: no answer
  std::string head, body;
};

[[nodiscard]] inline Answer answer_of(const Connection& connection, std::string_view request) {
  connection.send(request);
  const std::string all = connection.receive();
  Answer answer;
  const std::size_t end = all.find("\r\n\r\n");
  if (end == std::string::npos || all.rfind("HTTP/1.1 ", 0) != 0) return answer;
  answer.status = std::stoi(all.substr(9, 3));
  answer.head = all.substr(0, end);
  answer.body = all.substr(end + 4);
  return answer;
}

/// A server's address as a callback prints it: "… http://127.0.0.1:1234/?token=abc".
struct ServerAddress {
  std::uint16_t port = 0;
  std::string token;  ///< "" if there is none

  explicit ServerAddress(const std::string& line) {
    constexpr std::string_view before = "http://127.0.0.1:", mark = "?token=";
    const std::size_t at = line.find(before), token_at = line.find(mark);
    if (at == std::string::npos) throw std::runtime_error("no address in: " + line);
    port = static_cast<std::uint16_t>(std::stoi(line.substr(at + before.size())));
    if (token_at != std::string::npos) token = line.substr(token_at + mark.size());
  }
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(port); }
  /// `line` is "GET /path"; `more` are headers that end in "\r\n".
  [[nodiscard]] Answer ask(const std::string& line, const std::string& more = "") const {
    return answer_of(Connection(port), line + " HTTP/1.1\r\nHost: " + host() + "\r\n" + more + "\r\n");
  }
  [[nodiscard]] std::string bearer() const { return "Authorization: Bearer " + token + "\r\n"; }
};

}  // namespace kairos::tests
