// SPDX-License-Identifier: MIT
// Declarations that the host accepts.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "7-zip.example.some-thing.Mine_2";
  static constexpr auto summary = "Überwacht 100 % aller Werte: \"gut\" oder 'schlecht'.";
  static constexpr auto publishes = "score:max,{monitor}_smooth,{instance}_f1:min,a/b-c";
  static constexpr std::uint32_t state_version = 3;
  static constexpr std::uint32_t oldest_state_version = 2;
  kairos::Option<kairos::Metric> monitor{this, "monitor", "val_loss", "metric",
                                         kairos::alias("metric,watch")};
  kairos::Option<kairos::Choice> mode{this, "mode", "0.5x", "mode", kairos::choices("auto,0.5x,min")};
  kairos::Option<int> low{this, "low", 0, "low", kairos::min(0), kairos::max(0)};
  kairos::Option<double> rate{this, "rate", 0.5, "rate", kairos::above(0), kairos::below(1)};
  kairos::Option<double> limit{this, "limit", kairos::unset, "limit", kairos::max(1)};
  kairos::Option<kairos::Expression> formula{this, "formula", kairos::required, "formula",
                                             kairos::variables("epoch,lr")};
  kairos::State<int> wait{this, "wait", 0};
  kairos::State<int> best{this, "best", 0};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
