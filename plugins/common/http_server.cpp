// SPDX-License-Identifier: MIT
// Boost.Beast, asynchronous on one thread, so that slow clients wait for themselves alone.
#include "http_server.hpp"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <exception>
#include <kairos/error.hpp>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "http_access.hpp"

namespace kairos::plugins {

namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using net::ip::tcp;
using Local = net::local::stream_protocol;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_connections = 32;
constexpr std::uint32_t most_header = 8192;
constexpr std::uint64_t most_body = 1024;
constexpr std::string_view unix_prefix = "unix:";

/// Asio does not ask for it: a program that a callback starts must not keep the port or a connection.
template <class Socket>
void close_on_exec(Socket& socket) {
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
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

/// What the list of open connections knows of one, whatever its protocol.
class Guest {
 public:
  Guest() = default;
  virtual ~Guest() = default;
  Guest(const Guest&) = delete;
  Guest& operator=(const Guest&) = delete;
  /// Since when it has not sent a whole request from somebody who may ask; empty once it has.
  [[nodiscard]] std::optional<Clock::time_point> waits_since() const { return waits_since_; }
  virtual void drop() = 0;

 protected:
  std::optional<Clock::time_point> waits_since_ = Clock::now();
};

/// The open connections, oldest first.
class Guests {
 public:
  /// Whether there is room for one more. If there is none, it is made by dropping the oldest of those that
  /// have sent no request with the token within a second: any user of the machine can open connections, and
  /// must not lock out the one who has the token.
  [[nodiscard]] bool make_room() {
    if (all_.size() < most_connections) return true;
    const auto oldest = std::find_if(all_.begin(), all_.end(), [](const Guest* guest) {
      return guest->waits_since() && Clock::now() - *guest->waits_since() >= seconds(1);
    });
    if (oldest == all_.end()) return false;
    Guest* const guest = *oldest;
    all_.erase(oldest);
    guest->drop();
    return true;
  }
  void add(Guest* guest) { all_.push_back(guest); }
  void remove(const Guest* guest) { std::erase(all_, guest); }

 private:
  std::vector<Guest*> all_;
};

template <class Protocol>
class Connection : public Guest, public std::enable_shared_from_this<Connection<Protocol>> {
 public:
  using Socket = typename beast::basic_stream<Protocol>::socket_type;

  Connection(Socket socket, const Gate& gate, const HttpServer::Handler& handler, Guests& guests)
      : stream_(std::move(socket)), gate_(gate), handler_(handler), guests_(guests) {
    guests_.add(this);
    parser_.header_limit(most_header);
    parser_.body_limit(most_body);
  }
  ~Connection() override { guests_.remove(this); }

  void drop() override { stream_.cancel(); }
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
    HttpResponse answer = answer_to(parser_.get(), gate_, handler_);
    if (answer.status != 401 && answer.status != 403) waits_since_.reset();
    send(std::move(answer));
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
  Guests& guests_;
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
        if (guests_.make_room())  // a connection too many is closed here
          std::make_shared<Connection<Protocol>>(std::move(socket), gate_, handler_, guests_)->start();
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
  Guests guests_;
  std::string path_;  ///< of the socket, with the file that it was
  dev_t device_ = 0;
  ino_t inode_ = 0;
  net::io_context context_{1};
  net::steady_timer pause_{context_};
  std::optional<tcp::acceptor> tcp_;
  std::optional<Local::acceptor> local_;
  std::thread thread_;
};

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
