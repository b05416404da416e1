// SPDX-License-Identifier: MIT
// The smallest callback: prints the loss of each epoch.
#include <kairos/plugin.hpp>

#include <string>

struct Hello : kairos::Callback<Hello> {
  static constexpr auto id = "com.example.Hello";
  static constexpr auto phase = kairos::Phase::Report;
  kairos::Option<std::string_view> greeting{this, "greeting", "Hello", "first word of each line"};

  void on_epoch_end(kairos::Epoch& epoch) {
    epoch.print(std::string(greeting.value()) + " from epoch " + std::to_string(epoch.number()) + ": loss " +
                std::to_string(epoch.metric("loss")));
  }
};

KAIROS_PLUGIN("1.0.0", Hello)
