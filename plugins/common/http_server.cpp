// SPDX-License-Identifier: MIT
// Boost.Beast, asynchronous on one thread, so that slow clients wait for themselves alone.
#include "http_server.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <kairos/error.hpp>
#include <optional>
#include <thread>
#include <utility>

namespace kairos::plugins {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using net::ip::tcp;
using Local = net::local::stream_protocol;
using std::chrono::seconds;

constexpr int most_connections = 32;
constexpr std::uint32_t most_header = 8192;
constexpr std::uint64_t most_body = 1024;
constexpr std::string_view unix_prefix = "unix:";

/// Compares in a time that depends on the lengths alone.
bool is_same(std::string_view given, std::string_view expected) {
  if (given.size() != expected.size() || expected.empty()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<unsigned char>(given[i]) ^ static_cast<unsigned char>(expected[i]);
  return difference == 0;
}

/// The value of `name` in "a=1&b=2".
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

/// Asio does not ask for it: a program that a callback starts must not keep the port or a connection.
template <class Socket>
void close_on_exec(Socket& socket) {
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
}

/// Whether the path is a socket of ours at which nobody listens, as a run that was killed leaves it.
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

std::string_view text_of(beast::string_view text) {
  return {text.data(), text.size()};
}

using Request = http::request<http::string_body>;

/// Who may ask, whatever is asked.
struct Gate {
  std::string authority;  ///< "127.0.0.1:41233"; "" on a Unix socket, which has no pages of other origins
  std::string token;
  bool is_public = false;

  /// Whether Host and Origin are ours.
  [[nodiscard]] bool is_from_here(const Request& request) const {
    if (authority.empty()) return true;
    const std::string_view host = text_of(request[http::field::host]);
    const std::string port = authority.substr(authority.rfind(':'));
    bool is_ours = host == authority || host == "localhost" + port;
    if (port == ":80")  // which browsers leave out
      is_ours = is_ours || host == "localhost" || host == authority.substr(0, authority.rfind(':'));
    if (request.count(http::field::host) != 1 || !is_ours) return false;
    if (request.count(http::field::origin) == 0) return true;
    return request.count(http::field::origin) == 1 &&
           text_of(request[http::field::origin]) == "http://" + std::string(host);
  }
  [[nodiscard]] bool has_token(const Request& request, std::string_view query) const {
    constexpr std::string_view bearer = "Bearer ";
    const std::string_view header = text_of(request[http::field::authorization]);
    if (header.substr(0, bearer.size()) == bearer && is_same(header.substr(bearer.size()), token))
      return true;
    return request.method() != http::verb::post && is_same(query_value(query, "token"), token);
  }
};

HttpResponse plain(unsigned status, std::string text) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(text) + "\n";
  return response;
}

HttpResponse answer_to(const Request& request, const Gate& gate, const HttpServer::Handler& handler) {
  const http::verb method = request.method();
  if (method != http::verb::get && method != http::verb::head && method != http::verb::post)
    return plain(405, "only GET, HEAD and POST are known");
  if (!gate.is_from_here(request)) return plain(403, "Host or Origin is not the address of this server");
  const std::string_view target = text_of(request.target());
  const std::size_t mark = std::min(target.find('?'), target.size());
  HttpRequest asked{std::string(text_of(request.method_string())), std::string(target.substr(0, mark)),
                    gate.has_token(request, target.substr(std::min(mark + 1, target.size())))};
  const bool may = asked.has_token || (gate.is_public && method != http::verb::post);
  if (!may) return plain(401, "the token is missing or wrong; it is in the address that the run has printed");
  try {
    return handler(asked);
  } catch (const std::exception&) {
    return plain(500, "the page cannot be made");
  }
}

template <class Protocol>
class Connection : public std::enable_shared_from_this<Connection<Protocol>> {
 public:
  using Socket = typename beast::basic_stream<Protocol>::socket_type;

  Connection(Socket socket, const Gate& gate, const HttpServer::Handler& handler, int& open)
      : stream_(std::move(socket)), gate_(gate), handler_(handler), open_(open) {
    ++open_;
    parser_.header_limit(most_header);
    parser_.body_limit(most_body);
  }
  ~Connection() { --open_; }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start() {
    stream_.expires_after(seconds(10));  // for the whole request, however slowly it comes
    http::async_read(
        stream_, buffer_, parser_,
        [self = this->shared_from_this()](beast::error_code error, std::size_t) { self->answer(error); });
  }

 private:
  void answer(beast::error_code error) {
    if (error == http::error::header_limit || error == http::error::body_limit)
      return send(plain(431, "the request is too long"));
    if (error && error.category() == beast::http::make_error_code(http::error::bad_method).category() &&
        error != http::error::end_of_stream && error != http::error::partial_message)
      return send(plain(400, "this is not HTTP"));
    if (error) return;  // gone, or too slow: nobody reads an answer
    send(answer_to(parser_.get(), gate_, handler_));
  }
  void send(HttpResponse given) {
    response_.result(given.status);
    response_.version(11);
    response_.keep_alive(false);
    response_.set(http::field::content_type, given.type);
    response_.set("Content-Security-Policy", given.policy);
    response_.set("X-Content-Type-Options", "nosniff");
    response_.set("X-Frame-Options", "DENY");
    response_.set("Referrer-Policy", "no-referrer");
    response_.set("Cross-Origin-Resource-Policy", "same-origin");
    response_.set(http::field::cache_control, "no-store");
    if (given.status == 401) response_.set(http::field::www_authenticate, "Bearer");
    response_.content_length(given.body.size());
    if (parser_.is_header_done() && parser_.get().method() == http::verb::head)
      given.body.clear();  // its length stays
    response_.body() = std::move(given.body);
    stream_.expires_after(seconds(20));
    serializer_.emplace(response_);
    http::async_write(stream_, *serializer_,
                      [self = this->shared_from_this()](beast::error_code, std::size_t) {
                        beast::error_code ignored;
                        self->stream_.socket().shutdown(net::socket_base::shutdown_send, ignored);
                      });
  }

  beast::basic_stream<Protocol> stream_;
  const Gate& gate_;
  const HttpServer::Handler& handler_;
  int& open_;
  beast::flat_buffer buffer_{most_header + most_body};
  http::request_parser<http::string_body> parser_;
  http::response<http::string_body> response_;
  std::optional<http::response_serializer<http::string_body>> serializer_;
};

}  // namespace

class HttpServer::Impl {
 public:
  Impl(HttpOptions options, Handler handler) : handler_(std::move(handler)) {
    gate_.token = std::move(options.token);
    gate_.is_public = options.is_public;
    if (options.address.rfind(unix_prefix, 0) == 0)
      listen_at(options.address.substr(unix_prefix.size()));
    else
      listen_on(options.address, options.port);
    start_thread();
  }
  ~Impl() {
    context_.stop();
    if (thread_.joinable()) thread_.join();
    remove_socket();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  std::string url;

 private:
  [[noreturn]] static void fail(const std::string& where, const std::string& why, const std::string& cure) {
    throw Error(KAIROS_E_IO, "cannot listen on " + where + ": " + why + ". " + cure);
  }

  /// Not a file that has taken the name since.
  void remove_socket() const {
    struct stat facts {};
    if (!path_.empty() && ::lstat(path_.c_str(), &facts) == 0 && facts.st_dev == device_ &&
        facts.st_ino == inode_)
      ::unlink(path_.c_str());
  }

  void listen_on(const std::string& address, std::uint16_t port) {
    const tcp::endpoint place(net::ip::make_address(address), port);
    const std::string plain = place.address().to_string();  // as browsers write it
    const std::string name = (place.address().is_v6() ? "[" + plain + "]" : plain) + ":";
    beast::error_code error;
    tcp_.emplace(context_);
    tcp_->open(place.protocol(), error);
    if (!error) close_on_exec(*tcp_);
    if (!error) tcp_->set_option(net::socket_base::reuse_address(true), error);  // right after another run
    if (!error) tcp_->bind(place, error);
    if (!error) tcp_->listen(most_connections, error);
    if (error)
      fail(name + std::to_string(port), error.message(), "Choose another port, or port=0 for a free one");
    gate_.authority = name + std::to_string(tcp_->local_endpoint().port());
    url = "http://" + gate_.authority;
    accept(*tcp_);
  }

  /// Nobody can connect before `listen`, so the file is never open to others.
  void listen_at(const std::string& path) {
    beast::error_code error;
    local_.emplace(context_);
    local_->open(Local(), error);
    if (!error) close_on_exec(*local_);
    if (!error) local_->bind(Local::endpoint(path), error);
    if (error == net::error::address_in_use && is_stale_socket(path) && ::unlink(path.c_str()) == 0) {
      error = {};
      local_->bind(Local::endpoint(path), error);
    }
    struct stat facts {};
    if (!error && ::lstat(path.c_str(), &facts) == 0) {
      path_ = path;
      device_ = facts.st_dev;
      inode_ = facts.st_ino;
    }
    if (!error && ::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0)
      error.assign(errno, boost::system::system_category());
    if (!error) local_->listen(most_connections, error);
    if (error) {
      remove_socket();
      fail(path, error.message(), "Remove the file if no other run uses it, or choose another path");
    }
    url = std::string(unix_prefix) + path;
    accept(*local_);
  }

  template <class Acceptor>
  void accept(Acceptor& acceptor) {
    using Protocol = typename Acceptor::protocol_type;
    acceptor.async_accept([this, &acceptor](beast::error_code error, typename Protocol::socket socket) {
      if (!error) {
        accept(acceptor);  // first: a connection that cannot be made does not end the server
        close_on_exec(socket);
        if (open_ < most_connections)  // a connection too many is closed here
          std::make_shared<Connection<Protocol>>(std::move(socket), gate_, handler_, open_)->start();
        return;
      }
      // Out of descriptors, perhaps: not at once again.
      pause_.expires_after(std::chrono::milliseconds(100));
      pause_.async_wait([this, &acceptor](beast::error_code) { accept(acceptor); });
    });
  }

  /// Signals are for other threads, but for those of a fault: blocked, they would end the process unnamed.
  void start_thread() {
    sigset_t all, before;
    ::sigfillset(&all);
    for (int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT}) ::sigdelset(&all, fault);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      thread_ = std::thread([this] { serve(); });
    } catch (...) {
      ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
      throw;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  void serve() noexcept {
    while (!context_.stopped()) try {
        context_.run();
      } catch (const std::exception&) {
        continue;  // the connection that threw is gone
      }
  }

  Handler handler_;
  Gate gate_;
  int open_ = 0;
  std::string path_;  ///< of the socket, with the file that it was
  dev_t device_ = 0;
  ino_t inode_ = 0;
  net::io_context context_{1};
  net::steady_timer pause_{context_};
  std::optional<tcp::acceptor> tcp_;
  std::optional<Local::acceptor> local_;
  std::thread thread_;
};

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

void check_http_address(std::string_view address) {
  const std::string text(address);
  if (text.rfind(unix_prefix, 0) == 0 && text.size() > unix_prefix.size() + 1 &&
      text[unix_prefix.size()] == '/') {
    constexpr std::size_t longest = 107;  // of sockaddr_un
    if (text.size() - unix_prefix.size() <= longest) return;
    throw Error("address is " + text + "; a Unix socket may have a path of at most 107 bytes. Shorten it");
  }
  beast::error_code error;
  const net::ip::address parsed = net::ip::make_address(text, error);
  if (!error && parsed.is_loopback() && text.find('%') == std::string::npos) return;
  throw Error("address is " + text +
              ", which other machines may reach without encryption; expected a loopback address (127.0.0.1 "
              "or ::1) or unix:/PATH. Use an SSH tunnel to look from another machine");
}

HttpServer::HttpServer(HttpOptions options, Handler handler)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(handler))) {}
HttpServer::~HttpServer() = default;
const std::string& HttpServer::url() const {
  return impl_->url;
}

}  // namespace kairos::plugins
