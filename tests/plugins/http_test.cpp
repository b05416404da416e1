// SPDX-License-Identifier: MIT
// RemoteMonitor and Webhook: what they send, and servers that do not answer as they should.
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "host/temporary_directory.hpp"
#include "plugins/driver.hpp"
#include "plugins/loaded_callback.hpp"
#include "plugins/loopback_server.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using kairos::testing::Fit;
using kairos::testing::Settings;
using kairos::tests::loaded;
using kairos::tests::LoopbackServer;

using namespace kairos;
using namespace kairos::tests;

namespace {

using Clock = std::chrono::steady_clock;

const kairos_callback& remote_monitor() {
  return loaded("remote_monitor", "kairos.RemoteMonitor");
}
const kairos_callback& webhook() {
  return loaded("webhook", "kairos.Webhook");
}

std::vector<std::string> printed_texts(Fit& fit) {
  std::vector<std::string> found;
  for (const auto& line : fit.host().lines) found.push_back(line.text);
  return found;
}

}  // namespace

TEST_CASE("RemoteMonitor sends what Keras sends", "[plugins]") {
  const LoopbackServer server;
  struct Case {
    Settings settings;
    std::string line, type, body;
    const char* why;
  };
  // The bodies but for NaN and "1.0" are those of Keras 3.15 with the package requests.
  const Case table[] = {
      {{},
       "POST /publish/epoch/end/ HTTP",
       "application/x-www-form-urlencoded",
       "data=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+0.5%2C+%22val_loss%22%3A+%22NaN%22%7D",
       "a form with one field"},
      {{{"send_as_json", true}, {"path", "/p"}},
       "POST /p HTTP",
       "application/json",
       R"({"epoch": 0, "loss": 0.5, "val_loss": "NaN"})",
       "JSON"},
      {{{"field", "a&b ü~"}},
       "POST /publish/epoch/end/ HTTP",
       "application/x-www-form-urlencoded",
       "a%26b+%C3%BC~=%7B%22epoch%22%3A+0%2C+%22loss%22%3A+0.5%2C+%22val_loss%22%3A+%22NaN%22%7D",
       "the name of the field is quoted too"},
  };
  std::size_t count = 0;
  for (const Case& row : table) {
    CAPTURE(row.why);
    Settings settings = row.settings;
    settings.push_back({"root", server.address()});
    Fit fit(remote_monitor(), settings);
    fit.epoch({{"loss", 0.5}, {"val_loss", NAN}});
    fit.end();
    CHECK(printed_texts(fit).empty());
    const auto requests = server.wait_for(++count);
    REQUIRE(requests.size() == count);
    CHECK_THAT(requests.back().head,
               StartsWith(row.line) && Contains("\r\nContent-Type: " + row.type + "\r\n"));
    CHECK(requests.back().body == row.body);
  }
}

TEST_CASE("RemoteMonitor sends the user's headers", "[plugins]") {
  const LoopbackServer server;
  Fit fit(remote_monitor(), {{"root", server.address()},
                             {"headers", "Authorization: Bearer t0ken\r\n\ncontent-type: text/plain\n"}});
  fit.epoch({{"loss", 1}});
  const auto requests = server.wait_for(1);
  REQUIRE(requests.size() == 1);
  CHECK_THAT(requests[0].head, Contains("\r\nAuthorization: Bearer t0ken\r\n") &&
                                   Contains("\r\ncontent-type: text/plain\r\n") &&
                                   !Contains("Content-Type:") && Contains("\r\nUser-Agent: kairos\r\n"));
}

TEST_CASE("RemoteMonitor rejects addresses and headers that it would not use", "[plugins]") {
  struct Case {
    Settings settings;
    std::string expected;
    const char* why;
  };
  const std::string no_header =
      " is no header; expected lines such as Authorization: Bearer TOKEN. Correct it";
  const Case table[] = {
      {{{"root", "ftp://example.com"}},
       "root begins with \"ftp:\"; expected http: or https:",
       "another protocol"},
      {{{"root", "file:///etc"}}, "expected http: or https:", "a file"},
      {{{"root", "http://a b"}},
       "root is no address; expected one such as https://example.com/path",
       "a blank"},
      {{{"root", ""}, {"path", ""}}, "root is no address", "nothing"},
      {{{"root", "http://me:pw@example.com"}}, "root contains a user or password", "a password"},
      {{{"timeout", std::chrono::seconds(0)}}, "timeout is 0; expected a longer time", "no time"},
      {{{"headers", "A: b\nsecret"}}, "headers: line 2" + no_header, "no colon; the text is not shown"},
      {{{"headers", ": b"}}, "headers: line 1" + no_header, "no name"},
      {{{"headers", "A b: c"}}, "headers: line 1" + no_header, "a blank in the name"},
      {{{"headers", "A: b\rC: d"}}, "headers: line 1" + no_header, "a line break that could begin a header"},
  };
  for (const Case& row : table) {
    CAPTURE(row.why);
    Fit fit(remote_monitor(), row.settings);
    CHECK_THROWS_WITH(fit.setup(), Contains(row.expected) && !Contains("secret"));
  }
}

TEST_CASE("RemoteMonitor warns once of a server that does not accept, and goes on", "[plugins]") {
  struct Case {
    std::string status, headers, expected;
    const char* why;
  };
  const Case table[] = {
      {"500 No", "", " has answered with status 500", "an error of the server"},
      {"302 Found", "Location: /elsewhere\r\n",
       " has answered with status 302, a redirect, which is not followed. Give the new address",
       "a redirect"},
      {"", "", " has not answered within 0.1s. Check it, or raise timeout", "no answer"},
  };
  for (const Case& row : table) {
    CAPTURE(row.why);
    const LoopbackServer server(row.status, row.headers);
    Fit fit(remote_monitor(), {{"root", server.address()}, {"timeout", std::chrono::milliseconds(100)}});
    for (int i = 0; i < 3; ++i) fit.epoch({{"loss", 1}});
    fit.end();
    CHECK(server.requests().size() == 3);
    CHECK(printed_texts(fit) ==
          std::vector<std::string>{
              server.address() + row.expected + ". The training goes on, and later failures are counted",
              "3 of 3 messages did not arrive at " + server.address() +
                  "; the last reason: " + server.address() + row.expected});
  }
  Fit away(remote_monitor(), {{"root", "http://127.0.0.1:9"}});
  away.epoch({{"loss", 1}});
  away.end();
  REQUIRE(printed_texts(away).size() == 1);
  CHECK_THAT(printed_texts(away)[0],
             StartsWith("1 of 1 message did not arrive at http://127.0.0.1:9; the last reason: cannot "
                        "reach http://127.0.0.1:9: "));
}

TEST_CASE("Webhook sends the events that were asked for", "[plugins]") {
  struct Case {
    std::string events, format;
    std::vector<std::string> bodies;  ///< parts of them
    const char* why;
  };
  const Case table[] = {
      {"train_end,fault", "event", {R"({"event": "train_end", "time": )"}, "the default"},
      {"train_begin, epoch_end",
       "event",
       {R"("epoch": 0, "text": "the training begins", "logs": {}})",
        R"("epoch": 0, "step": 1, "text": "epoch 1: loss 0.3333, val_loss nan", "logs": {"loss": 0.3333333, "val_loss": "NaN"}})"},
       "with all digits, and four in the text"},
      {"test_end", "slack", {R"({"text": "validation of epoch 1: val_loss nan"})"}, "a chat"},
      {"train_end",
       "discord",
       {R"({"content": "training completed after 1 epoch: loss 0.3333, val_loss nan", "allowed_mentions": {"parse": []}})"},
       "another chat"},
      {"checkpoint_saved",
       "event",
       {R"("file": "/runs/best \"1\".h5", "text": "saved best \"1\".h5: loss 0.3333, val_loss nan")"},
       "a file"},
  };
  for (const Case& row : table) {
    CAPTURE(row.events, row.why);
    const LoopbackServer server;
    Fit fit(webhook(),
            {{"url", server.address() + "/hook?key=s3cret"}, {"events", row.events}, {"format", row.format}});
    fit.epoch({{"loss", 0.3333333}, {"val_loss", NAN}});
    if (row.events == "checkpoint_saved") fit.checkpoint_saved("/runs/best \"1\".h5");

    fit.end();
    CHECK(printed_texts(fit).empty());
    const auto requests = server.wait_for(row.bodies.size());
    REQUIRE(requests.size() == row.bodies.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      CHECK_THAT(requests[i].head, StartsWith("POST /hook?key=s3cret HTTP/1.1\r\n") &&
                                       Contains("\r\nContent-Type: application/json\r\n"));
      CHECK_THAT(requests[i].body, Contains(row.bodies[i]));
    }
  }
}

TEST_CASE("Webhook tells a stop, an error and a signal", "[plugins]") {
  const LoopbackServer server;
  const Settings settings{{"url", server.address()}};
  Fit stopped(webhook(), settings);
  stopped.epoch();
  stopped.host().stop_reason = "no improvement";
  stopped.end();
  CHECK_THAT(server.wait_for(1).back().body,
             Contains(R"("why": "stopped", "reason": "no improvement", "epochs": 1)") &&
                 Contains(R"-("text": "training stopped after 1 epoch (no improvement)")-"));
  Fit failed(webhook(), settings);
  failed.epoch();
  failed.fault("the disk\nis full");
  CHECK_THAT(server.wait_for(2).back().body, Contains(R"("event": "fault")") &&
                                                 Contains(R"("reason": "the disk\u000ais full")") &&
                                                 Contains(R"(training failed: the disk\u000ais full)"));
  Fit interrupted(webhook(), settings);
  interrupted.epoch();
  interrupted.interrupt(SIGTERM);
  interrupted.end();
  CHECK_THAT(server.wait_for(3).back().body, Contains(R"("why": "interrupted")"));
}

TEST_CASE("Webhook writes texts that a chat shows as they are", "[plugins]") {
  struct Case {
    std::string format, message, body;
    const char* why;
  };
  std::string umlauts;
  for (int i = 0; i < 3000; ++i) umlauts += "\u00fc";
  const std::string begin = "training failed: ", discord_end = R"(", "allowed_mentions": {"parse": []}})";
  const Case table[] = {
      {"slack", "<!channel> a && b", R"({"text": "training failed: &lt;!channel&gt; a &amp;&amp; b"})",
       "Slack"},
      {"discord", "@everyone <b> &", R"({"content": "training failed: @everyone <b> &)" + discord_end,
       "Discord has no entities"},
      {"discord", umlauts.substr(0, 2 * (2000 - begin.size())),
       "{\"content\": \"" + begin + umlauts.substr(0, 2 * (2000 - begin.size())) + discord_end,
       "just enough"},
      {"discord", umlauts,
       "{\"content\": \"" + begin + umlauts.substr(0, 2 * (1999 - begin.size())) + "\u2026" + discord_end,
       "too long"},
  };
  std::size_t count = 0;
  const LoopbackServer server;
  for (const Case& row : table) {
    CAPTURE(row.why);
    Fit fit(webhook(), {{"url", server.address()}, {"format", row.format}});
    fit.epoch();
    fit.fault(row.message);
    const auto requests = server.wait_for(++count);
    REQUIRE(requests.size() == count);
    CHECK(requests.back().body == row.body);
  }
}

TEST_CASE("Webhook sends the end before what waits for a slow server", "[plugins]") {
  const LoopbackServer server("");  // never answers
  Driver run({{"Webhook:timeout=3s,events='epoch_end,train_end',url=" + server.address()}});
  run.fit(losses({1, 1, 1, 1, 1, 1}));
  const auto requests = server.requests();
  REQUIRE(requests.size() == 2);  // the first epoch, which is given up
  CHECK_THAT(requests[1].body, Contains(R"("event": "train_end")"));
  REQUIRE(run.messages.size() == 2);
  CHECK(run.messages[1] ==
        "7 of 7 messages did not arrive at ***; the last reason: the run was ended before *** answered");
}

TEST_CASE("Webhook shows neither the path of its address nor a header", "[plugins]") {
  const LoopbackServer server("403 No");
  Fit fit(webhook(), {{"url", server.address() + "/services/s3cret"}, {"headers", "A: s3cret"}});
  fit.epoch();
  fit.end();
  REQUIRE(printed_texts(fit).size() == 1);
  CHECK(printed_texts(fit)[0] == "1 of 1 message did not arrive at " + server.address() +
                                     "; the last reason: " + server.address() +
                                     " has answered with status 403");
  Fit wrong(webhook(), {{"url", "gopher://x/s3cret"}});
  CHECK_THROWS_WITH(wrong.setup(), Contains("url begins with \"gopher:\"") && !Contains("s3cret"));
  Fit no_event(webhook(), {{"url", server.address()}, {"events", "epoch_end, end"}});
  CHECK_THROWS_WITH(no_event.setup(),
                    Contains("events has \"end\"; expected some of train_begin, epoch_end"));
}

TEST_CASE("Webhook sends nothing to a server whose certificate cannot be checked", "[plugins]") {
  if (std::system("command -v openssl >/dev/null") != 0) {
    WARN("not run: openssl is missing");
    return;
  }
  const kairos::tests::TemporaryDirectory dir;
  const std::string command =
      "cd " + dir.path().string() +
      " && openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out cert -days 2 -subj /CN=localhost"
      " -addext subjectAltName=IP:127.0.0.1 2>/dev/null && exec timeout 15"
      " openssl s_server -accept 127.0.0.1:0 -cert cert -key key -naccept 1 -www </dev/null 2>&1";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> server(::popen(command.c_str(), "r"), ::pclose);
  REQUIRE(server != nullptr);
  std::string port, output;
  for (int c; port.empty() && (c = std::fgetc(server.get())) != EOF;) {
    output += static_cast<char>(c);
    const std::size_t at = output.find("ACCEPT 127.0.0.1:");
    if (c == '\n' && at != std::string::npos) port = output.substr(at + 17, output.size() - at - 18);
  }
  CAPTURE(output);
  REQUIRE_FALSE(port.empty());
  Fit fit(webhook(), {{"url", "https://127.0.0.1:" + port}});
  fit.epoch();
  fit.end();
  REQUIRE(printed_texts(fit).size() == 1);
  CHECK_THAT(printed_texts(fit)[0],
             Contains("cannot reach https://127.0.0.1:" + port) && Contains("certificate"));
}

TEST_CASE("RemoteMonitor never delays the training, and ends with it", "[plugins]") {
  const LoopbackServer server("");
  Driver run({{"RemoteMonitor:timeout=2s,root=" + server.address()}});
  const Clock::time_point begin = Clock::now();
  run.begin();
  for (int i = 0; i < 20; ++i) run.epoch({{1}});
  CHECK(Clock::now() - begin < std::chrono::milliseconds(1900));  // before the first one is given up
  run.end();
  CHECK(Clock::now() - begin < std::chrono::seconds(15));  // not 20 times the timeout
  REQUIRE(run.messages.size() == 2);
  CHECK(run.messages[0] == "waits for " + server.address() + ", for 2s at most");
  CHECK_THAT(run.messages[1], StartsWith("20 of 20 messages did not arrive at " + server.address()));
}

TEST_CASE("Webhook reads its address from the environment", "[plugins]") {
  const LoopbackServer server;
  ::setenv("KAIROS_TEST_HOOK", (server.address() + "/s3cret").c_str(), 1);
  Driver run({{"Webhook:url=env:KAIROS_TEST_HOOK,events=epoch_end"}});
  run.fit(losses({1, 1}));
  ::unsetenv("KAIROS_TEST_HOOK");
  CHECK(server.wait_for(2).size() == 2);
  CHECK(run.messages.empty());
}
