// SPDX-License-Identifier: MIT
// Dashboard and PrometheusExporter: what they show, and to whom.
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/http_client.hpp"
#include "plugins/loaded_callback.hpp"

using Catch::Matchers::Contains;
using kairos::testing::ArtifactData;
using kairos::testing::Failure;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::Answer;
using kairos::tests::answer_of;
using kairos::tests::Connection;
using kairos::tests::loaded;
using kairos::tests::ServerAddress;
using kairos::tests::TemporaryDirectory;

namespace {

const kairos_callback& dashboard() {
  return loaded("dashboard", "kairos.Dashboard");
}
const kairos_callback& exporter() {
  return loaded("prometheus_exporter", "kairos.PrometheusExporter");
}

/// A run with its server, whose address it has printed.
struct Served {
  explicit Served(const kairos_callback& callback, const Settings& settings = {}) : fit(callback, settings) {
    fit.host().log("loss", {}, kairos::Direction::Min);
    fit.host().log("a\"\\<script>", {});
    fit.run_event().epochs = 4;
    fit.run_event().steps_per_epoch = 2;
    fit.setup();
  }
  [[nodiscard]] ServerAddress address() { return ServerAddress(fit.host().lines.at(0).text); }
  void epoch(double loss) {
    fit.begin_epoch();
    fit.batch({{"loss", loss}});
    fit.end_epoch({{"loss", loss}, {"a\"\\<script>", 0.5}});
  }
  Fit fit;
};

std::string reason_of(const kairos_callback& callback, const Settings& settings) {
  try {
    Served served(callback, settings);
  } catch (const Failure& failure) {
    return failure.reason();
  }
  return "";
}

}  // namespace

TEST_CASE("Dashboard shows the whole run to a browser that joins late", "[plugins]") {
  Served run(dashboard());
  run.fit.host().info[kairos::Info::Settings] = {{"epochs", "4"}};
  run.epoch(4);
  run.fit.begin_epoch();
  ArtifactData note;
  note.name = "<b>note";
  note.text = "<script>alert(1)</script>";
  note.media_type = "text/plain";
  run.fit.artifact(note, "Someone");
  run.fit.batch({{"loss", 3}});
  const ServerAddress place = run.address();
  const Answer page = place.ask("GET /?token=" + place.token);
  CHECK(page.status == 200);
  CHECK_THAT(page.body, Contains("<polyline") || Contains("<circle"));
  CHECK_THAT(page.body, Contains("1 of 4") && Contains("&lt;b&gt;note") && Contains("epoch 1 · loss 4"));
  CHECK_THAT(page.body,
             !Contains("<script>") && Contains("<script nonce=\"") && Contains("a&quot;\\&lt;script"));
  CHECK_THAT(page.head, Contains("script-src 'nonce-") && Contains("default-src 'none'") &&
                            Contains("nosniff") && Contains("no-referrer") && Contains("no-store"));
  CHECK_THAT(page.body, !Contains("id=\"stop\""));
  const Answer progress = place.ask("GET /progress", place.bearer());
  CHECK_THAT(progress.body, Contains("epoch 2 of 4") && Contains("\"result\": \"running\""));
  run.fit.end_epoch({{"loss", 2}});
  CHECK_THAT(place.ask("GET /main", place.bearer()).body, Contains("2 of 4"));
  CHECK(place.ask("HEAD /main", place.bearer()).body.empty());
  CHECK(place.ask("GET /nothing", place.bearer()).status == 404);
}

TEST_CASE("Dashboard is shown only to those who have the token, and only under its own name", "[plugins]") {
  Served run(dashboard());
  const ServerAddress place = run.address();
  CHECK(place.token.size() == 32);
  const std::string path = "GET /?token=" + place.token;
  const auto with_host = [&](const std::string& host) {
    return answer_of(Connection(place.port), path + " HTTP/1.1\r\n" + host + "\r\n").status;
  };
  CHECK(place.ask("GET /").status == 401);
  CHECK(place.ask("GET /?token=").status == 401);
  CHECK(place.ask("GET /?token=" + std::string(32, '0')).status == 401);
  CHECK(place.ask("GET /?token=" + place.token.substr(1)).status == 401);
  CHECK(place.ask("GET /", "Authorization: Bearer x\r\n").status == 401);
  CHECK_THAT(place.ask("GET /").body, !Contains(place.token));
  CHECK(place.ask("GET /?a=b&token=" + place.token).status == 200);
  const std::string own = "Host: " + place.host() + "\r\n", port = std::to_string(place.port);
  CHECK(with_host(own) == 200);
  CHECK(with_host("Host: localhost:" + port + "\r\n") == 200);
  for (const std::string& other :
       {std::string(), std::string("Host: evil.example:" + port + "\r\n"), std::string("Host: 127.0.0.1\r\n"),
        own + own, "Host: 127.0.0.1:" + port + ".evil.example\r\n", own + "Origin: http://evil.example\r\n",
        own + "Origin: null\r\n", own + "Origin: https://" + place.host() + "\r\n"}) {
    INFO(other);
    CHECK(with_host(other) == 403);
  }
  CHECK(with_host(own + "Origin: http://" + place.host() + "\r\n") == 200);
}

TEST_CASE("Dashboard stops the run only with control=true, and only for those who have the token",
          "[plugins]") {
  const auto stop_reason = [](const Settings& settings, const auto& ask) {
    Served run(dashboard(), settings);
    run.epoch(4);
    const int status = ask(run.address());
    run.fit.begin_epoch();
    run.fit.batch({{"loss", 1}});
    return std::pair(status, run.fit.host().stop_reason.value_or(""));
  };
  const auto asks = [](const ServerAddress& place) { return place.ask("POST /stop", place.bearer()).status; };
  CHECK(stop_reason({{"control", true}}, asks) == std::pair(200, std::string("asked for in the dashboard")));
  CHECK(stop_reason({}, asks) == std::pair(404, std::string()));
  CHECK(stop_reason({{"control", true}}, [](const ServerAddress& place) {
          return place.ask("POST /stop?token=" + place.token).status;
        }) == std::pair(401, std::string()));
  CHECK(stop_reason({{"control", true}}, [](const ServerAddress& place) {
          return place.ask("GET /stop", place.bearer()).status;
        }) == std::pair(404, std::string()));
  CHECK(stop_reason({{"control", true}, {"public", true}}, [](const ServerAddress& place) {
          CHECK_THAT(place.ask("GET /").body, !Contains("id=\"stop\""));
          CHECK_THAT(place.ask("GET /?token=" + place.token).body, Contains("id=\"stop\""));
          return place.ask("POST /stop").status;
        }) == std::pair(401, std::string()));
}

TEST_CASE("Dashboard with public=true needs no token to read", "[plugins]") {
  Served run(dashboard(), {{"public", true}});
  const ServerAddress place = run.address();
  CHECK(place.token.empty());
  CHECK(place.ask("GET /").status == 200);
  CHECK(place.ask("GET /", "Origin: http://evil.example\r\n").status == 403);
}

TEST_CASE("Requests that are wrong, too long or too many are refused, and the others answered", "[plugins]") {
  Served run(dashboard());
  const ServerAddress place = run.address();
  const auto raw = [&](const std::string& text) { return answer_of(Connection(place.port), text).status; };
  CHECK(raw("\x16\x03\x01 nonsense\r\n\r\n") == 400);
  CHECK(raw("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n") == 431);
  CHECK(raw("POST /stop HTTP/1.1\r\nHost: " + place.host() + "\r\nContent-Length: 99999999999\r\n\r\n") ==
        431);
  CHECK(place.ask("DELETE /").status == 405);
  std::vector<std::unique_ptr<Connection>> many;
  for (int i = 0; i < 100; ++i) {
    many.push_back(std::make_unique<Connection>(place.port));
    many.back()->send("GET / HT");
  }
  many.clear();  // they give up; those who wait without an end are cut off after 10 s
  int status = 0;
  for (int i = 0; i < 100 && status != 200; ++i) {
    status = place.ask("GET /main", place.bearer()).status;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  CHECK(status == 200);
}

TEST_CASE("Idle connections do not lock out the one who has the token", "[plugins]") {
  Served run(dashboard());
  const ServerAddress place = run.address();
  std::vector<std::unique_ptr<Connection>> idle;
  for (int i = 0; i < 16; ++i) idle.push_back(std::make_unique<Connection>(place.port));
  for (int i = 0; i < 16; ++i) {  // and some that send something, without the token
    idle.push_back(std::make_unique<Connection>(place.port));
    idle.back()->send("GET / HTTP/1.1\r\nX: ");
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(1300));
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) CHECK(place.ask("GET /main", place.bearer()).status == 200);
  CHECK(idle.front()->receive().empty());  // the oldest has made room
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  CHECK(took.count() < 5);  // before they are cut off for being slow
}

TEST_CASE("A client that sends slowly is cut off", "[plugins]") {
  Served run(dashboard());
  const Connection slow(run.address().port);
  const auto begin = std::chrono::steady_clock::now();
  slow.send("GET / HTTP/1.1\r\n");
  CHECK(slow.receive().empty());
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  CHECK(took.count() > 5);
  CHECK(took.count() < 14);
}

TEST_CASE("The port of Dashboard is free again after the run, and a port in use is an error", "[plugins]") {
  std::uint16_t port = 0;
  {
    Served run(dashboard());
    port = run.address().port;
    const std::string reason = reason_of(dashboard(), {{"port", static_cast<int>(port)}});
    CHECK_THAT(reason, Contains("cannot listen on 127.0.0.1:" + std::to_string(port)) &&
                           Contains("port=0 for a free one"));
    run.epoch(1);
    run.fit.end();
    CHECK_FALSE(Connection(port).is_open());
  }
  CHECK(reason_of(dashboard(), {{"port", static_cast<int>(port)}}) == "");
}

TEST_CASE("Dashboard refuses addresses that other machines reach, and short tokens", "[plugins]") {
  for (const char* address : {"0.0.0.0", "::", "192.168.1.1", "localhost", "", "unix:", "unix:relative"}) {
    INFO(address);
    CHECK_THAT(reason_of(dashboard(), {{"address", address}}),
               Contains("expected a loopback address") && Contains("SSH tunnel"));
  }
  CHECK_THAT(reason_of(dashboard(), {{"address", "unix:/" + std::string(120, 'x')}}), Contains("107 bytes"));
  CHECK_THAT(reason_of(dashboard(), {{"token", "short"}}), Contains("5 characters; expected 16"));
}

TEST_CASE("Dashboard listens on a Unix socket that its user alone may open", "[plugins]") {
  const TemporaryDirectory dir;
  const std::string path = (dir / "socket").string();
  {
    Served run(dashboard(), {{"address", "unix:" + path}, {"public", true}});
    struct stat facts {};
    REQUIRE(::stat(path.c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
    CHECK(answer_of(Connection(path), "GET / HTTP/1.1\r\nHost: any\r\n\r\n").status == 200);
    CHECK_THAT(reason_of(dashboard(), {{"address", "unix:" + path}}), Contains("Remove the file"));
    CHECK(std::filesystem::exists(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("Dashboard goes on with the curves of a resumed run", "[plugins]") {
  kairos::testing::State state;
  {
    Served first(dashboard());
    first.epoch(4);
    state = first.fit.state();
  }
  Served second(dashboard());
  second.fit.run_event().initial_epoch = 1;
  second.fit.restore(state);
  second.epoch(2);
  const ServerAddress place = second.address();
  CHECK_THAT(place.ask("GET /main", place.bearer()).body, Contains("2 of 4") && Contains("<polyline"));
}

TEST_CASE("PrometheusExporter offers the logs in Prometheus' text format", "[plugins]") {
  Served run(exporter(), {{"port", 0}, {"run", "a\"b\\c\nd"}});
  const ServerAddress place = run.address();
  CHECK_THAT(place.ask("GET /metrics").body, Contains("kairos_running{run=\"a\\\"b\\\\c\\nd\"} 1\n"));
  run.epoch(std::nan(""));
  const Answer metrics = place.ask("GET /metrics");
  CHECK(metrics.status == 200);
  CHECK_THAT(metrics.head, Contains("text/plain; version=0.0.4"));
  CHECK_THAT(metrics.body, Contains("# TYPE kairos_log gauge\n") && Contains("key=\"loss\"} NaN\n"));
  const std::string run_label = "run=\"a\\\"b\\\\c\\nd\"";
  CHECK_THAT(metrics.body, Contains("kairos_log{" + run_label + ",key=\"a\\\"\\\\<script>\"} 0.5\n"));
  CHECK_THAT(metrics.body, Contains("kairos_epochs{" + run_label + "} 1\n") &&
                               Contains("kairos_steps{" + run_label + "} 1\n") &&
                               Contains("kairos_learning_rate{" + run_label + "} "));
  run.epoch(2);
  CHECK_THAT(place.ask("GET /metrics").body, Contains("kairos_epochs{" + run_label + "} 2\n") &&
                                                 Contains("key=\"loss\"} 2\n") && !Contains("NaN"));
  CHECK(place.ask("GET /").status == 404);
  CHECK(place.ask("POST /metrics").status == 401);
  CHECK(place.ask("GET /metrics", "Origin: http://evil.example\r\n").status == 403);
}

TEST_CASE("PrometheusExporter asks for a token if it has one", "[plugins]") {
  Served run(exporter(), {{"port", 0}, {"token", "0123456789abcdef"}});
  const ServerAddress place = run.address();
  CHECK(place.ask("GET /metrics").status == 401);
  CHECK(place.ask("GET /metrics", "Authorization: Bearer 0123456789abcdef\r\n").status == 200);
  CHECK_THAT(reason_of(exporter(), {{"address", "0.0.0.0"}}), Contains("expected a loopback address"));
}
