// SPDX-License-Identifier: MIT
// Shows a run that goes on as a page in the browser.
#include <kairos/plugin.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../common/http_server.hpp"
#include "../common/log_keys.hpp"
#include "../common/run_page.hpp"
#include "../common/run_recorder.hpp"
#include "live_run.hpp"

namespace kairos::plugins {

/// What TensorBoard and Weights & Biases show of a run that goes on, without a program beside the training.
/// The server has a thread of its own and copies of what it shows: a slow browser never delays a batch.
struct Dashboard : Callback<Dashboard> {
  static constexpr auto id = "kairos.Dashboard";
  static constexpr auto summary = "Shows the run as a live page in the browser.";
  static constexpr auto phase = Phase::Report;
  static constexpr auto capabilities = Can::Stop;

  Option<std::string_view> address{this, "address", "127.0.0.1",
                                   "loopback address, or unix:PATH for a socket in the file system"};
  Option<int> port{this, "port", 0, "port to listen on; 0: a free one", kairos::min(0), kairos::max(65535)};
  Option<bool> is_public{this, "public", false, "let every user of this machine read the page"};
  Option<bool> control{this, "control", false, "show a button that stops the run"};
  Option<std::string_view> token{this, "token", unset, "token of the address; by default a random one",
                                 secret};
  Option<std::string_view> log_scale{this, "log_scale", unset, "keys whose charts have a logarithmic scale"};

  State<std::string> names{this, "names"};        ///< of the columns, each ended by a line break
  State<std::vector<double>> rows{this, "rows"};  ///< RunPage::rows
  State<SavedArtifacts> artifacts{this, "artifacts"};

  void setup(Run& run) {
    check_http_address(address.value());
    if (token.is_set()) check_http_token(token.value(), 16);
    recorder_->begin(run, "");
    live_->run->controls = control && run.mode() == Mode::Fit;  // nothing else can be stopped
    const std::string given = token.is_set() ? std::string(token.value()) : random_token();
    HttpOptions place{std::string(address.value()), static_cast<std::uint16_t>(port.value()), given,
                      is_public};
    *server_ = std::make_unique<HttpServer>(
        std::move(place), [live = live_->run](const HttpRequest& request) { return live->answer(request); });
    const bool needs_token = !is_public || control;
    const bool is_socket = address.value().substr(0, 5) == "unix:";
    std::string where = "the dashboard is at " + (*server_)->url() + (is_socket ? "" : "/");
    if (needs_token && token.is_set())  // the host does not print a secret that was given
      where += is_socket ? ", with your token" : "?token= followed by your token";
    else if (needs_token)
      where += (is_socket ? ", token " : "?token=") + given;
    run.print(where);
    show_all();
  }

  void on_train_begin(Run& run) {
    recorder_->page.scaled = chosen_keys(log_scale.value(), "log_scale", log_keys(run));
    recorder_->take_keys(run);
    if (*names != recorder_->names()) rows->clear();  // a new run, or one that logs other keys
    *names = recorder_->names();
    recorder_->page.rows = *rows;
    live_->run->begin(run.initial_epoch(), run.epochs());
    show_all();
  }
  void on_epoch_begin(Epoch& epoch) {
    recorder_->begin_epoch();
    live_->run->epoch = epoch.index();
    live_->run->batch = 0;
  }

  void on_train_batch_end(Batch& batch) {
    recorder_->begin_resumed_epoch();
    live_->run->epoch.store(batch.epoch(), std::memory_order_relaxed);
    live_->run->batch.store(batch.index() + 1, std::memory_order_relaxed);
    live_->run->batches.store(batch.count(), std::memory_order_relaxed);
    if (control && live_->run->stop_wanted.load(std::memory_order_relaxed) && !batch.stop_requested())
      batch.stop("asked for in the dashboard");
    constexpr auto pause = std::chrono::milliseconds(250);
    const auto now = std::chrono::steady_clock::now();
    if (now - told_ < pause) return;
    told_ = now;
    catch_up(now);
    std::string line;
    for (std::uint32_t i = 0; i < batch.log_count(); ++i)
      if (const std::optional<double> value = batch.log(i))
        line += (line.empty() ? "" : " · ") + std::string(batch.log_name(i)) + " " + number_html(*value);
    live_->run->set_line(std::move(line));
  }

  void on_epoch_end(Epoch& epoch) {
    recorder_->end_epoch(epoch);
    recorder_->append_to(*rows);
    live_->run->batch = 0;
    live_->run->epoch = epoch.index() + 1;
    std::string line = "epoch " + std::to_string(epoch.number());
    for (const std::string& key : recorder_->page.keys)
      if (const std::optional<double> value = value_of(epoch, key))
        line += " · " + key + " " + number_html(*value);
    live_->run->log(line);
    if (control && live_->run->stop_wanted && !epoch.stop_requested())  // during the validation
      epoch.stop("asked for in the dashboard");
    show_soon();
  }

  void on_test_end(Test& test) {
    if (test.in_fit()) return;
    recorder_->end_evaluation(test);
    show_all();
  }
  void on_artifact(Artifact& artifact) {
    show(artifacts->all, artifact);
    show_soon();
  }
  void on_checkpoint_saved(Checkpoint& checkpoint) {
    live_->run->log("saved " + std::string(checkpoint.path()));
  }
  void on_interrupt(Interrupt& interrupt) { live_->run->log("signal " + std::to_string(interrupt.signal())); }
  void on_fault(Fault& fault) {
    recorder_->fail(fault);
    live_->run->log("failed: " + std::string(fault.message()));
    show_all();
  }
  void on_train_end(End& end) {
    recorder_->end(end);
    live_->run->log(recorder_->page.result + (end.reason().empty() ? "" : ": " + std::string(end.reason())));
    show_all();
  }
  /// The port is free again when the run has ended.
  void teardown(End&) { server_->reset(); }

 private:
  void show_all() {
    const auto begin = std::chrono::steady_clock::now();
    is_behind_ = false;
    live_->run->show(recorder_->snapshot(*artifacts));
    constexpr int share = 20;  // a page of many epochs takes milliseconds to copy: 5 % of the time at most
    const auto end = std::chrono::steady_clock::now();
    constexpr int first = 100;  // those of a run that has hardly begun cost nothing that counts
    next_show_ = shown_++ < first ? end : end + share * (end - begin);
  }
  /// What is left out comes with a later batch, or at the end.
  void show_soon() {
    is_behind_ = true;
    catch_up(std::chrono::steady_clock::now());
  }
  void catch_up(std::chrono::steady_clock::time_point now) {
    if (is_behind_ && now >= next_show_) show_all();
  }

  struct Shared {
    std::shared_ptr<LiveRun> run = std::make_shared<LiveRun>();
  };
  Owned<RunRecorder> recorder_{this};
  /// Also the server's, which may be making a page when the callback ends.
  Owned<Shared> live_{this};
  Owned<std::unique_ptr<HttpServer>> server_{this};
  std::chrono::steady_clock::time_point told_{}, next_show_{};
  bool is_behind_ = false;
  std::int64_t shown_ = 0;
};

}  // namespace kairos::plugins

KAIROS_PLUGIN("1.0.0", kairos::plugins::Dashboard)
