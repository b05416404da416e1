// SPDX-License-Identifier: MIT
// Callbacks with an order, former ids, lists and a deprecated option.
#include <kairos/plugin.hpp>
#include <string>

namespace {

using namespace kairos;

template <class Self>
struct Named : Callback<Self> {
  void on_epoch_end(Epoch&) {}
};
struct Early : Named<Early> {
  static constexpr auto id = "test.Early";
  static constexpr auto before = "test.Late,test.FormerMiddle";
};
struct Middle : Named<Middle> {
  static constexpr auto id = "test.Middle";
  static constexpr auto aliases = "test.FormerMiddle";
};
struct Late : Named<Late> {
  static constexpr auto id = "test.Late";
  static constexpr auto after = "test.Middle,test.NotHere,test.Reporting";
};
/// Of another phase: the order of callbacks does not reach it.
struct Reporting : Named<Reporting> {
  static constexpr auto id = "test.Reporting";
  static constexpr auto phase = Phase::Report;
};
struct Contrary : Named<Contrary> {
  static constexpr auto id = "test.Contrary";
  static constexpr auto before = "test.Early";
  static constexpr auto after = "test.Late";
};

struct Follower : Named<Follower> {
  static constexpr auto id = "test.Follower";
  static constexpr auto after = "test.Contrary";
  Option<bool> before{this, "before_all", false, "a member of this name is the author's own"};
};

/// Says in on_train_begin how many epochs it has seen.
struct Renamed : Callback<Renamed> {
  static constexpr auto id = "test.Renamed";
  static constexpr auto aliases = "test.Interim,test.Former";
  State<int> epochs{this, "epochs", 0};
  void on_train_begin(Run& run) { run.print(std::to_string(epochs.value()) + " epochs", Level::Warning); }
  void on_epoch_end(Epoch&) { epochs += 1; }
};

/// Says in setup what its options are.
struct Lister : Callback<Lister> {
  static constexpr auto id = "test.Lister";
  Option<List<int>> epochs{this, "epochs", "3, 5", "numbers", kairos::min(0)};
  Option<List<double>> rates{this, "rates", unset, "numbers", above(0)};
  Option<List<std::string_view>> names{this, "names", "", "texts", deprecated("write words")};
  Option<List<Choice>> words{this, "words", "min", "words", choices("auto,min,max")};
  Option<List<Duration>> pauses{this, "pauses", unset, "durations"};

  void setup(Run& run) {
    std::string text = "epochs";
    for (const std::int64_t epoch : epochs.values()) text += " " + std::to_string(epoch);
    for (const double rate : rates.values()) text += " rate " + std::to_string(rate);
    for (const std::string_view name : names.values()) text += " name " + std::string(name);
    for (const std::string_view word : words.values()) text += " word " + std::string(word);
    for (const auto pause : pauses.values()) text += " pause " + std::to_string(pause.count());
    if (epochs.is_given()) text += " given";
    run.print(text, Level::Warning);
  }
};

}  // namespace

KAIROS_PLUGIN("1.0.0", Early, Middle, Late, Reporting, Contrary, Follower, Renamed, Lister)
