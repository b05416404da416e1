// SPDX-License-Identifier: MIT
// Offers the logs of a run to Prometheus.
#include <kairos/plugin.hpp>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../common/http_server.hpp"
#include "../common/text.hpp"

namespace kairos::plugins {

/// A value of Prometheus' text format 0.0.4.
[[nodiscard]] inline std::string prometheus_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return shortest(value);
}
/// A value of a label, without its quotation marks.
[[nodiscard]] inline std::string prometheus_label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

/// Prometheus' text format 0.0.4, as a page of /metrics.
struct PrometheusExporter : Callback<PrometheusExporter> {
  static constexpr auto id = "kairos.PrometheusExporter";
  static constexpr auto summary = "Offers the logs at /metrics, for Prometheus.";
  static constexpr auto phase = Phase::Report;

  Option<std::string_view> address{this, "address", "127.0.0.1",
                                   "loopback address, or unix:PATH for a socket in the file system"};
  Option<int> port{
      this, "port", 9464, "port to listen on; 0: a free one", kairos::min(0), kairos::max(65535)};
  Option<std::string_view> token{this, "token", unset, "token that a scrape needs; without it, none does",
                                 secret};
  Option<std::string_view> run_label{this, "run", unset,
                                     "value of the label run; by default the name of the run directory"};

  void setup(Run& run) {
    check_http_address(address.value());
    if (token.is_set()) check_http_token(token.value(), 16);
    const std::string directory = std::filesystem::path(std::string(run.run_dir())).filename().string();
    *label_ = "run=\"" +
              prometheus_label(run_label.is_set() ? run_label.value() : std::string_view(directory)) + '"';
    offer(gauge("kairos_running", "1 while the run goes on.", 1));
    HttpOptions place{std::string(address.value()), static_cast<std::uint16_t>(port.value()),
                      token.is_set() ? std::string(token.value()) : std::string(), !token.is_set()};
    *server_ =
        std::make_unique<HttpServer>(std::move(place), [page = shared_->page](const HttpRequest& request) {
          HttpResponse response;
          if (request.path != "/metrics" || request.method == "POST") {
            response.status = 404;
            response.body = "the metrics are at /metrics\n";
            return response;
          }
          response.type = "text/plain; version=0.0.4; charset=utf-8";
          const std::lock_guard lock(page->mutex);
          response.body = page->text;
          return response;
        });
    run.print("metrics are at " + (*server_)->url() + "/metrics");
  }

  void on_epoch_end(Epoch& epoch) {
    epochs_ = epoch.number();
    step_ = epoch.step();
    rate_ = epoch.used_learning_rate();
    collect(epoch);
  }
  void on_test_end(Test& test) {
    step_ = test.step();
    if (!test.in_fit()) collect(test);
  }
  /// The port is free again when the run has ended.
  void teardown(End&) { server_->reset(); }

 private:
  struct Page {
    std::mutex mutex;
    std::string text;
  };
  struct Shared {
    std::shared_ptr<Page> page = std::make_shared<Page>();
  };

  void offer(std::string text) {
    const std::lock_guard lock(shared_->page->mutex);
    shared_->page->text.swap(text);
  }

  [[nodiscard]] std::string gauge(const char* name, const char* help, double value) const {
    return "# HELP " + std::string(name) + ' ' + help + "\n# TYPE " + name + " gauge\n" + name + '{' +
           *label_ + "} " + prometheus_number(value) + '\n';
  }

  void collect(const Event& event) {
    std::string text = gauge("kairos_running", "1 while the run goes on.", 1) +
                       gauge("kairos_epochs", "Epochs that have ended.", static_cast<double>(epochs_)) +
                       gauge("kairos_steps", "Steps of the optimizer.", static_cast<double>(step_));
    if (!std::isnan(rate_)) text += gauge("kairos_learning_rate", "Learning rate of the last epoch.", rate_);
    text +=
        "# HELP kairos_log A value of the logs of the last epoch or evaluation.\n# TYPE kairos_log gauge\n";
    for (std::uint32_t i = 0; i < event.log_count(); ++i)
      if (const std::optional<double> value = event.log(i))
        text += "kairos_log{" + *label_ + ",key=\"" + prometheus_label(event.log_name(i)) + "\"} " +
                prometheus_number(*value) + '\n';
    offer(std::move(text));
  }

  std::int64_t epochs_ = 0, step_ = 0;
  double rate_ = std::numeric_limits<double>::quiet_NaN();
  Owned<std::string> label_{this};
  /// Also the server's.
  Owned<Shared> shared_{this};
  Owned<std::unique_ptr<HttpServer>> server_{this};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::PrometheusExporter)
