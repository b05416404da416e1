// SPDX-License-Identifier: MIT
// Sends a message to an address when something happens in a run.
#include <kairos/plugin.hpp>

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "../common/http_post.hpp"
#include "../common/json_text.hpp"
#include "../common/text.hpp"

namespace kairos::plugins {

/// For chats (Slack, Mattermost, Discord), pagers and services of one's own. The whole address may be a
/// secret, because those of chats are.
struct Webhook : Callback<Webhook> {
  static constexpr auto id = "kairos.Webhook";
  static constexpr auto summary = "Sends a message to an address when a run ends, fails or an epoch ends.";
  static constexpr auto phase = Phase::Report;

  Option<std::string_view> url{this, "url", required, "address; env:NAME and file:PATH keep it secret",
                               secret};
  Option<std::string_view> events{this, "events", "train_end,fault",
                                  "train_begin, epoch_end, test_end, checkpoint_saved, train_end, fault"};
  Option<Choice> format{this, "format", "event", "event: all that is known; slack, discord: a line of text",
                        choices("event,slack,discord")};
  Option<std::string_view> headers{this, "headers", unset, "lines such as Authorization: Bearer TOKEN",
                                   secret};
  Option<Duration> timeout{this, "timeout", std::chrono::seconds(10), "time for one request"};

  void setup(Run& run) {
    for (const std::string& word : words_of(events.value())) {
      std::size_t i = 0;
      while (i < names.size() && names[i] != word) ++i;
      if (i == names.size())
        throw Error("events has \"" + word +
                    "\"; expected some of train_begin, epoch_end, test_end, checkpoint_saved, train_end and "
                    "fault. Correct it");
      wanted_[i] = true;
    }
    http_->open("url", std::string(url.value()), read_headers("headers", headers.value()), timeout.value());
    *run_directory_ = std::string(run.run_dir());
  }

  void on_train_begin(Run& run) {
    send(run, TrainBegin, ", \"epoch\": " + std::to_string(run.initial_epoch()),
         run.run_resumed() ? "the training goes on" : "the training begins");
  }
  void on_epoch_end(Epoch& epoch) {
    send(epoch, EpochEnd,
         ", \"epoch\": " + std::to_string(epoch.index()) + ", \"step\": " + std::to_string(epoch.step()),
         "epoch " + std::to_string(epoch.number()));
  }
  void on_test_end(Test& test) {
    send(test, TestEnd, test.in_fit() ? ", \"epoch\": " + std::to_string(test.epoch()) : std::string(),
         test.in_fit() ? "validation of epoch " + std::to_string(test.epoch() + 1) : "evaluation");
  }
  void on_checkpoint_saved(Checkpoint& saved) {
    if (saved.is_run()) return;  // a directory, for the next run alone
    send(saved, CheckpointSaved, ", \"file\": " + json_text(saved.path()),
         "saved " + std::filesystem::path(saved.path()).filename().string());
  }
  void on_train_end(End& end) {
    const std::string why = end.completed() ? "completed" : end.stopped() ? "stopped" : "interrupted";
    send(end, TrainEnd,
         ", \"why\": " + json_text(why) + ", \"reason\": " + json_text(end.reason()) +
             ", \"epochs\": " + std::to_string(end.epochs_run()),
         "training " + why + " after " + std::to_string(end.epochs_run()) +
             (end.epochs_run() == 1 ? " epoch" : " epochs") +
             (end.stopped() ? " (" + std::string(end.reason()) + ')' : ""));
  }
  void on_fault(Fault& fault) {
    send(fault, FaultEvent,
         ", \"reason\": " + json_text(fault.message()) + ", \"instance\": " + json_text(fault.instance()),
         "training failed: " + std::string(fault.message()));
  }
  void teardown(End& end) { http_->close(tasks_, end); }

 private:
  enum Kind : std::size_t { TrainBegin, EpochEnd, TestEnd, CheckpointSaved, TrainEnd, FaultEvent };
  static constexpr std::array<std::string_view, 6> names = {"train_begin",      "epoch_end", "test_end",
                                                            "checkpoint_saved", "train_end", "fault"};

  void send(const Event& event, Kind kind, const std::string& facts, const std::string& line) {
    http_->report(event);
    if (!wanted_[kind]) return;
    std::string logs, values;
    for (std::uint32_t i = 0; i < event.log_count(); ++i) {
      const std::optional<double> value = event.log(i);
      if (!value) continue;
      const std::string_view name = event.log_name(i);
      logs += (logs.empty() ? "" : ", ") + json_text(name) + ": " + json_number(*value);
      values += (values.empty() ? ": " : ", ") + std::string(name) + ' ' + rounded(*value);
    }
    const std::string run = std::filesystem::path(*run_directory_).filename().string();
    const std::string text = (run.empty() ? "" : run + ": ") + line + values;
    std::string body;
    if (format == "event") {
      const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
      body = "{\"event\": " + json_text(names[kind]) +
             ", \"time\": " + shortest(std::floor(now.count() * 1000) / 1000) +
             ", \"run_dir\": " + json_text(*run_directory_) + facts + ", \"text\": " + json_text(text) +
             ", \"logs\": {" + logs + "}}";
    } else {
      body = chat_message(text);
    }
    // The end and an error are told also when the run was interrupted.
    http_->post(tasks_, "application/json", std::move(body),
                kind == TrainEnd || kind == FaultEvent ? when_interrupted::finish : when_interrupted::cancel);
  }

  /// As the chats take it: no value may become a link or call people.
  [[nodiscard]] std::string chat_message(const std::string& text) const {
    if (format == "discord")
      return "{\"content\": " + json_text(shortened(text)) + R"(, "allowed_mentions": {"parse": []}})";
    std::string escaped;
    for (const char c : text)
      escaped += c == '&' ? "&amp;" : c == '<' ? "&lt;" : c == '>' ? "&gt;" : std::string(1, c);
    return "{\"text\": " + json_text(escaped) + '}';
  }

  /// Discord refuses texts of more than 2000 characters.
  static std::string shortened(const std::string& text) {
    constexpr std::size_t most = 2000;
    const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };  // of UTF-8
    std::size_t characters = 0, cut = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (!begins(text[i])) continue;
      if (++characters == most) cut = i;
    }
    return characters <= most ? text : text.substr(0, cut) + "\xe2\x80\xa6";
  }

  /// With four significant digits, for people.
  static std::string rounded(double value) {
    if (std::isnan(value)) return "nan";
    std::array<char, 32> text{};
    return {text.data(),
            std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::general, 4).ptr};
  }

  Tasks tasks_{this, 16};
  Owned<HttpPost> http_{this};
  Owned<std::string> run_directory_{this};
  std::array<bool, names.size()> wanted_{};
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::Webhook)
