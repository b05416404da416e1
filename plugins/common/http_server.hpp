// SPDX-License-Identifier: MIT
// A small HTTP server for pages about a run, on loopback or a Unix socket, on a thread of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace kairos::plugins {

struct HttpRequest {
  std::string method;      ///< GET, HEAD or POST
  std::string path;        ///< "/metrics", without what follows a '?'
  bool has_token = false;  ///< the right one was given
};

struct HttpResponse {
  unsigned status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::string policy = "default-src 'none'";  ///< Content-Security-Policy
};

struct HttpOptions {
  std::string address = "127.0.0.1";  ///< a loopback address, or unix:PATH
  std::uint16_t port = 0;             ///< 0: a free one
  std::string token;                  ///< "": none is known, and no request has it
  bool is_public = false;             ///< requests without the token reach the handler, too
};

/// 128 random bits in hexadecimal digits.
[[nodiscard]] std::string random_token();

/// Throws kairos::Error for a token that is shorter, or that is not the same in an address, in a query that a
/// script reads and in a header.
void check_http_token(std::string_view token, std::size_t least);

/// Throws kairos::Error for an address that other machines could reach.
void check_http_address(std::string_view address);

/// Takes connections from its constructor to its destructor, which frees the port. Requests are answered one
/// at a time, each on a connection of its own: at most 32 connections, 8 KiB of headers, 1 KiB of body, 10 s
/// for a request and 20 s for its answer. One more connection takes the place of the oldest that has sent no
/// request with the token for a second; without one, it is closed.
///
/// A request must name the address itself in Host, and in Origin if it has one: other names are those of
/// pages that reach loopback by DNS rebinding. A POST needs an Authorization header with the token, which no
/// page of another origin can send. The token is compared in constant time; GET also takes it as ?token=….
class HttpServer {
 public:
  /// Called on the thread of the server.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  /// Throws kairos::Error if the address cannot be used.
  HttpServer(HttpOptions options, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "http://127.0.0.1:41233" or "unix:PATH", without the token.
  [[nodiscard]] const std::string& url() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace kairos::plugins
