// SPDX-License-Identifier: MIT
// Callbacks that fail during a run, two in one file.
#include <kairos/plugin.hpp>

#include <csignal>

struct Crash : kairos::Callback<Crash> {
  static constexpr auto id = "com.example.Crash";

  void on_epoch_end(kairos::Epoch& epoch) {
    if (epoch.index() == 1) static_cast<void>(std::raise(SIGSEGV));
  }
};

struct Fail : kairos::Callback<Fail> {
  static constexpr auto id = "com.example.Fail";
  kairos::Option<int> good{this, "good", 1, "epochs that go well", kairos::min(0)};

  void on_epoch_end(kairos::Epoch& epoch) {
    if (epoch.index() >= good) throw kairos::Error("there is no more paper.\nFill the tray.");
  }
};

KAIROS_PLUGIN_ABOUT("1.2.3", kairos::About().support("https://example.com/issues"), Crash, Fail)
