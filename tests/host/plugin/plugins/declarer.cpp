// SPDX-License-Identifier: MIT
// Callbacks whose declarations decide: keys with placeholders, secrets, state that depends on options.
#include <kairos/plugin.hpp>
#include <string>

namespace {

using namespace kairos;

/// Publishes a key with its name and one with an option in it.
struct Scorer : Callback<Scorer> {
  static constexpr auto id = "test.Scorer";
  static constexpr auto phase = Phase::Measure;
  static constexpr auto publishes = "{instance}_f1:max,{of}_smooth,plain:min";
  Option<Metric> of{this, "of", "loss", "what is smoothed"};
  void on_epoch_end(Epoch& epoch) { epoch.publish(std::string(of.key()) + "_smooth", 0.5); }
};

/// Publishes what its option says.
struct Named : Callback<Named> {
  static constexpr auto id = "test.Named";
  static constexpr auto publishes = "{key}";
  Option<std::string_view> key{this, "key", unset, "the key"};
  void on_epoch_end(Epoch&) {}
};

/// Publishes the learning rate, as several callbacks may.
struct RateTeller : Callback<RateTeller> {
  static constexpr auto id = "test.RateTeller";
  static constexpr auto publishes = "learning_rate";
  Option<double> factor{this, "factor", 1, "another value than that of the event"};
  void on_epoch_end(Epoch& epoch) { epoch.publish("learning_rate", factor * epoch.used_learning_rate()); }
};

/// Declares a key in setup, in the phase that its position in the file does not tell.
struct LateDeclarer : Callback<LateDeclarer> {
  static constexpr auto id = "test.LateDeclarer";
  static constexpr auto phase = Phase::Measure;
  Option<std::string_view> key{this, "key", "late", "the key"};
  Option<bool> twice{this, "twice", false, "declare it with the other direction, too"};
  void setup(Run& run) {
    run.declare_log(key.value(), KAIROS_DIRECTION_UNKNOWN);
    run.declare_log(key.value(), KAIROS_DIRECTION_MAX);
    if (twice) run.declare_log(key.value(), KAIROS_DIRECTION_MIN);
  }
  void on_epoch_end(Epoch&) {}
};

/// Watches a metric, and says which direction it has.
struct Watcher : Callback<Watcher> {
  static constexpr auto id = "test.Watcher";
  Option<Metric> monitor{this, "monitor", "loss", "what to watch"};
  void setup(Run& run) {
    run.print(monitor.direction(run) == Direction::Max ? "watches a maximum" : "watches a minimum",
              Level::Warning);
  }
  void on_epoch_end(Epoch&) {}
};

/// Lets its secret slip wherever it can.
struct Gossip : Callback<Gossip> {
  static constexpr auto id = "test.Gossip";
  static constexpr auto capabilities = Can::Stop;
  Option<std::string_view> token{this, "token", required, "what to keep", secret};
  Option<Choice> act{this, "act", "print", "how it slips", choices("print,throw,stop")};
  void on_epoch_end(Epoch& epoch) {
    const std::string text =
        "sent Bearer " + std::string(token.value()) + " twice: " + std::string(token.value());
    if (act == "print") epoch.print(text, Level::Warning);
    if (act == "throw") throw Error(text);
    if (act == "stop") epoch.stop(text);
  }
};

/// Remembers its own name, to tell whose state it got.
struct Twin : Callback<Twin> {
  static constexpr auto id = "test.Twin";
  Option<std::string_view> monitor{this, "monitor", "loss", "the state is for this", voids_state};
  Option<int> patience{this, "patience", 1, "the state is for any value"};
  State<std::string> origin{this, "origin"};

  void on_train_begin(Run& run) {
    run.print(std::string(run.resumed() ? "resumed " : "new ") +
                  (run.run_resumed() ? "in a resumed run " : "") + *origin,
              Level::Warning);
  }
  void on_epoch_end(Epoch&) { *origin = std::string(monitor.value()) + std::to_string(patience); }
};

/// Has no state, and says where it runs.
struct Stateless : Callback<Stateless> {
  static constexpr auto id = "test.Stateless";
  static constexpr auto phase = Phase::Report;
  static constexpr bool every_rank = true;
  void on_train_begin(Run& run) {
    run.print(std::string(run.resumed() ? "resumed " : "new ") +
                  (run.run_resumed() ? "in a resumed run " : "") + std::to_string(run.raw().rank) + " of " +
                  std::to_string(run.world()),
              Level::Warning);
  }
};

}  // namespace

KAIROS_PLUGIN_ABOUT("1.0.0", About().author("Jane Doe").url("https://example.com"), Scorer, Named, RateTeller,
                    LateDeclarer, Watcher, Gossip, Twin, Stateless)
