// SPDX-License-Identifier: MIT
// An HTTP server on loopback that keeps what it receives.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace kairos::tests {

/// One request after the other.
class LoopbackServer {
 public:
  struct Request {
    std::string head;  ///< request line and headers, each ended by "\r\n"
    std::string body;
  };

  /// Answers with this status line, and headers ended by "\r\n"; never if it is empty.
  explicit LoopbackServer(std::string status = "200 OK", std::string headers = "")
      : status_(std::move(status)), headers_(std::move(headers)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no port on loopback");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~LoopbackServer() {
    ends_ = true;
    thread_.join();
    for (const int connection : open_) ::close(connection);
    ::close(listener_);
  }
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] std::vector<Request> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  /// Waits until so many requests have come, for 20 seconds at most.
  [[nodiscard]] std::vector<Request> wait_for(std::size_t count) const {
    for (int i = 0; i < 2000 && requests().size() < count; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return requests();
  }

 private:
  void serve() {
    while (!ends_) {
      pollfd readable{listener_, POLLIN, 0};
      if (::poll(&readable, 1, 20) <= 0) continue;
      const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) continue;
      receive(connection);
      if (status_.empty()) {
        open_.push_back(connection);
        continue;
      }
      const std::string answer =
          "HTTP/1.1 " + status_ + "\r\n" + headers_ + "Content-Length: 0\r\nConnection: close\r\n\r\n";
      static_cast<void>(::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL));
      ::close(connection);
    }
  }

  void receive(int connection) {
    std::string text;
    std::array<char, 4096> piece{};
    std::size_t head = std::string::npos, body = 0;
    while (head == std::string::npos || text.size() < head + body) {
      pollfd readable{connection, POLLIN, 0};
      if (::poll(&readable, 1, 5000) <= 0) return;
      const ssize_t got = ::recv(connection, piece.data(), piece.size(), 0);
      if (got <= 0) return;
      text.append(piece.data(), static_cast<std::size_t>(got));
      if (head != std::string::npos) continue;
      const std::size_t end = text.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      head = end + 4;
      const std::size_t length = text.find("Content-Length: ");
      if (length < head) body = std::stoul(text.substr(length + 16));
    }
    const std::lock_guard lock(mutex_);
    requests_.push_back({text.substr(0, head - 2), text.substr(head)});
  }

  std::string status_, headers_;
  int listener_ = -1;
  int port_ = 0;
  std::vector<int> open_;
  std::atomic<bool> ends_{false};
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  std::thread thread_;
};

}  // namespace kairos::tests
