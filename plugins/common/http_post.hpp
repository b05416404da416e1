// SPDX-License-Identifier: MIT
// Sends HTTP POST requests beside the training, by libcurl.
#pragma once

#include <curl/curl.h>
#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <kairos/error.hpp>
#include <kairos/event.hpp>
#include <kairos/tasks.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "clock_text.hpp"

namespace kairos::plugins {

namespace detail {

/// Handles of libcurl are void pointers: each type of them is named by the function that frees it.
template <auto free>
struct FreeBy {
  template <class T>
  void operator()(T* handle) const {
    free(handle);
  }
};
template <class T, auto free>
using Handle = std::unique_ptr<T, FreeBy<free>>;

/// A TLS library may write to a closed connection: the thread gets no SIGPIPE meanwhile.
class NoBrokenPipe {
 public:
  NoBrokenPipe() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoBrokenPipe() {
    if (::sigismember(&before_, SIGPIPE) == 0) {
      const timespec at_once{0, 0};
      while (::sigtimedwait(&pipe_, nullptr, &at_once) > 0) continue;
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoBrokenPipe(const NoBrokenPipe&) = delete;
  NoBrokenPipe& operator=(const NoBrokenPipe&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

}  // namespace detail

/// The lines "Name: value" of an option. The values may be secret, so no message shows them.
[[nodiscard]] inline std::vector<std::string> read_headers(std::string_view option, std::string_view text) {
  std::vector<std::string> headers;
  for (int number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const std::string_view name = line.substr(0, line.find(':'));
    const bool is_name =
        !name.empty() && name.size() < line.size() && std::all_of(name.begin(), name.end(), [](char c) {
          return c > ' ' && c < 127 &&
                 std::string_view("()<>@,;\\\"/[]?={}").find(c) == std::string_view::npos;
        });
    const bool is_clean = std::none_of(line.begin(), line.end(), [](char c) {
      return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 127;
    });
    if (!is_name || !is_clean)
      throw Error(std::string(option) + ": line " + std::to_string(number) +
                  " is no header; expected lines such as Authorization: Bearer TOKEN. Correct it");
    headers.emplace_back(line);
  }
  return headers;
}

/// One address, and what is sent to it. The server may be slow or away: training goes on, a first failure is
/// a warning, and the others are counted. Hooks call everything but `send`.
class HttpPost {
 public:
  /// Only http and https, without a password in the address. The text may be secret: messages show the
  /// server alone.
  void open(std::string_view option, std::string url, std::vector<std::string> headers,
            std::chrono::nanoseconds timeout) {
    if (timeout.count() <= 0)
      throw Error("timeout is 0; expected a longer time. Write for example timeout=10s");
    if (::curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
      throw Error("libcurl cannot be initialized. Reinstall the package libcurl4");
    server_ = server_of(option, url);
    url_ = std::move(url);
    headers_ = std::move(headers);
    timeout_ = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(timeout),
                        std::chrono::milliseconds(1));  // 0 would be no limit
  }

  /// Sends the body by a task. If as many wait as there is room for, the oldest is left out; after an
  /// interrupt only those that must finish are sent.
  void post(Tasks& tasks, std::string type, std::string body,
            when_interrupted interrupted = when_interrupted::cancel) {
    const std::int64_t number = ++posted_;
    if (interrupted == when_interrupted::finish) last_ = number;
    tasks.post([this, number, type = std::move(type), body = std::move(body)] { send(number, type, body); },
               when_full::drop, interrupted);
  }

  /// Warns of the first failure, once.
  void report(const Event& event) {
    std::string fault;
    {
      const std::lock_guard lock(mutex_);
      if (fault_.empty() || std::exchange(told_, true)) return;
      fault = fault_;
    }
    event.print(fault + ". The training goes on, and later failures are counted", Level::Warning);
  }

  /// Gives up what need not be sent any more.
  void give_up() { given_up_ = true; }

  /// In teardown: waits for what is left, for the timeout at most, and says what did not arrive. If the
  /// server is slow, a last message, which must finish, is sent instead of those that wait before it.
  void close(Tasks& tasks, const Event& event) {
    constexpr std::chrono::milliseconds silence{1000};
    if (!tasks.drain_for(std::min(silence, timeout_))) {
      first_ = last_;
      event.print("waits for " + server_ + ", for " + duration_text(timeout_) + " at most");
      tasks.drain_for(timeout_);
    }
    given_up_ = true;
    const std::lock_guard lock(mutex_);
    if (posted_ == arrived_) return;
    event.print(std::to_string(posted_ - arrived_) + " of " + std::to_string(posted_) +
                    (posted_ == 1 ? " message" : " messages") + " did not arrive at " + server_ +
                    (fault_.empty() ? ", because too many were waiting or the run was ended"
                                    : "; the last reason: " + fault_),
                Level::Warning);
  }

 private:
  /// "https://example.com:8080" of an address.
  static std::string server_of(std::string_view option, const std::string& url) {
    const std::string name(option);
    const detail::Handle<CURLU, ::curl_url_cleanup> parsed(::curl_url());
    if (::curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
      throw Error(name + " is no address; expected one such as https://example.com/path. Correct it");
    const auto part = [&parsed](CURLUPart which) {
      char* text = nullptr;
      if (::curl_url_get(parsed.get(), which, &text, 0) != CURLUE_OK) return std::string();
      return std::string(detail::Handle<char, ::curl_free>(text).get());
    };
    const std::string scheme = part(CURLUPART_SCHEME);
    if (scheme != "http" && scheme != "https")
      throw Error(name + " begins with \"" + scheme + ":\"; expected http: or https:. Correct it");
    if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty())
      throw Error(name +
                  " contains a user or password, which logs of servers would show. Give them in headers");
    const std::string port = part(CURLUPART_PORT);
    return scheme + "://" + part(CURLUPART_HOST) + (port.empty() ? "" : ':' + port);
  }

  /// Whether this message is to be sent no more.
  [[nodiscard]] bool is_given_up(std::int64_t number) const { return given_up_ || number < first_; }

  void send(std::int64_t number, const std::string& type, const std::string& body) {
    const bool is_sent = !is_given_up(number);
    const std::string fault = is_sent ? fault_of(number, type, body) : std::string("the run was ended");
    const std::lock_guard lock(mutex_);
    if (fault.empty())
      ++arrived_;
    else if (is_sent || fault_.empty())
      fault_ = fault;
  }

  /// "" if the server has accepted the request.
  std::string fault_of(std::int64_t number, const std::string& type, const std::string& body) {
    const detail::NoBrokenPipe guard;
    const detail::Handle<CURL, ::curl_easy_cleanup> easy(::curl_easy_init());
    const detail::Handle<CURLM, ::curl_multi_cleanup> multi(::curl_multi_init());
    detail::Handle<curl_slist, ::curl_slist_free_all> list;
    const auto add = [&list](const std::string& header) {
      list.reset(::curl_slist_append(list.release(), header.c_str()));
    };
    if (!has_header("Content-Type")) add("Content-Type: " + type);
    for (const std::string& header : headers_) add(header);
    std::array<char, CURL_ERROR_SIZE> detail{};
    const auto set = [&easy](CURLoption option, auto value) {
      ::curl_easy_setopt(easy.get(), option, value);
    };
    set(CURLOPT_URL, url_.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https");
    set(CURLOPT_FOLLOWLOCATION, 0L);
    set(CURLOPT_SSL_VERIFYPEER, 1L);
    set(CURLOPT_SSL_VERIFYHOST, 2L);
    set(CURLOPT_NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    set(CURLOPT_QUICK_EXIT, 1L);  // Do not wait for a thread that asks a name server which does not answer.
#endif
    set(CURLOPT_TIMEOUT_MS, static_cast<long>(timeout_.count()));
    set(CURLOPT_USERAGENT, "kairos");
    set(CURLOPT_HTTPHEADER, list.get());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    set(CURLOPT_POSTFIELDS, body.data());
    set(CURLOPT_ERRORBUFFER, detail.data());
    set(
        CURLOPT_WRITEFUNCTION,
        +[](char*, std::size_t size, std::size_t count, void*) { return size * count; });
    ::curl_multi_add_handle(multi.get(), easy.get());
    const std::string fault = outcome(number, easy.get(), multi.get(), detail.data());
    ::curl_multi_remove_handle(multi.get(), easy.get());
    return fault;
  }

  /// Runs the transfer, and looks several times a second whether it is to be given up.
  std::string outcome(std::int64_t number, CURL* easy, CURLM* multi, const char* detail) const {
    constexpr int look = 50;  // milliseconds
    for (int running = 1;;) {
      if (::curl_multi_perform(multi, &running) != CURLM_OK) return "libcurl cannot send to " + server_;
      if (running == 0) break;
      if (is_given_up(number)) return "the run was ended before " + server_ + " answered";
      ::curl_multi_poll(multi, nullptr, 0, look, nullptr);
    }
    int left = 0;
    CURLcode result = CURLE_OK;
    while (const CURLMsg* message = ::curl_multi_info_read(multi, &left))
      if (message->msg == CURLMSG_DONE) result = message->data.result;
    if (result == CURLE_OPERATION_TIMEDOUT)
      return server_ + " has not answered within " + duration_text(timeout_) + ". Check it, or raise timeout";
    // The detail of a refused connection repeats the address.
    const bool is_told = *detail != '\0' && result != CURLE_COULDNT_CONNECT;
    if (result != CURLE_OK)
      return "cannot reach " + server_ + ": " + (is_told ? detail : ::curl_easy_strerror(result));
    long status = 0;
    ::curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300) return "";
    return server_ + " has answered with status " + std::to_string(status) +
           (status >= 300 && status < 400 ? ", a redirect, which is not followed. Give the new address" : "");
  }

  /// Whether the user gives this header; names are matched ignoring case.
  [[nodiscard]] bool has_header(std::string_view name) const {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::any_of(headers_.begin(), headers_.end(), [&](const std::string& header) {
      return header.size() > name.size() && header[name.size()] == ':' &&
             std::equal(name.begin(), name.end(), header.begin(),
                        [&lower](char a, char b) { return lower(a) == lower(b); });
    });
  }

  std::string url_;
  std::string server_;  ///< for messages
  std::vector<std::string> headers_;
  std::chrono::milliseconds timeout_{0};
  std::int64_t posted_ = 0;
  std::int64_t last_ = 0;               ///< number of the last message that must finish, from 1
  std::atomic<std::int64_t> first_{0};  ///< earlier ones are given up
  std::atomic<bool> given_up_{false};
  std::mutex mutex_;  ///< for what follows
  std::int64_t arrived_ = 0;
  std::string fault_;  ///< the last one
  bool told_ = false;
};

}  // namespace kairos::plugins
