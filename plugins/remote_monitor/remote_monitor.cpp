// SPDX-License-Identifier: MIT
// Sends the logs of each epoch to a server.
#include <kairos/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../common/http_post.hpp"
#include "../common/json_text.hpp"

namespace kairos::plugins {

/// Keras 3.15 `RemoteMonitor`: the same request, a form with one field or JSON. Differences: it is sent
/// beside the training, with a timeout, and redirects are not followed. NaN and infinity are the texts that
/// Kairos' history.json uses, where Python writes what is no JSON. `headers` is text, and may be a secret.
struct RemoteMonitor : Callback<RemoteMonitor> {
  static constexpr auto id = "kairos.RemoteMonitor";
  static constexpr auto summary = "Sends the logs of each epoch to a server.";
  static constexpr auto phase = Phase::Report;

  Option<std::string_view> root{this, "root", "http://localhost:9000", "address of the server"};
  Option<std::string_view> path{this, "path", "/publish/epoch/end/", "path there"};
  Option<std::string_view> field{this, "field", "data", "field of the form that has the logs as JSON"};
  Option<std::string_view> headers{this, "headers", unset, "lines such as Authorization: Bearer TOKEN",
                                   secret};
  Option<bool> send_as_json{this, "send_as_json", false, "send JSON instead of a form"};
  Option<Duration> timeout{this, "timeout", std::chrono::seconds(10), "time for one request"};

  void setup(Run&) {
    http_->open("root", std::string(root.value()) + std::string(path.value()),
                read_headers("headers", headers.value()), timeout.value());
  }

  void on_epoch_end(Epoch& epoch) {
    http_->report(epoch);
    std::string logs = "{\"epoch\": " + std::to_string(epoch.index());
    for (std::uint32_t i = 0; i < epoch.log_count(); ++i)
      if (const std::optional<double> value = epoch.log(i))
        logs += ", " + json_text(epoch.log_name(i)) + ": " + json_number(*value);
    logs += '}';
    if (send_as_json)
      http_->post(tasks_, "application/json", std::move(logs));
    else
      http_->post(tasks_, "application/x-www-form-urlencoded",
                  form_text(field.value()) + '=' + form_text(logs));
  }

  void on_interrupt(Interrupt&) { http_->give_up(); }
  void on_fault(Fault&) { http_->give_up(); }
  void teardown(End& end) { http_->close(tasks_, end); }

 private:
  /// As Python's `quote_plus`.
  static std::string form_text(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
      const auto byte = static_cast<unsigned char>(c);
      if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
          c == '.' || c == '-' || c == '~') {
        out += c;
      } else if (c == ' ') {
        out += '+';
      } else {
        out += '%';
        out += digits[byte >> 4];
        out += digits[byte & 15];
      }
    }
    return out;
  }

  Tasks tasks_{this, 16};
  Owned<HttpPost> http_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::RemoteMonitor)
