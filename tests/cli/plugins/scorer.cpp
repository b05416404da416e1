// SPDX-License-Identifier: MIT
// Publishes a key with the name of its instance.
#include <kairos/plugin.hpp>
#include <string>

struct Scorer : kairos::Callback<Scorer> {
  static constexpr auto id = "com.example.Scorer";
  static constexpr auto phase = kairos::Phase::Measure;
  static constexpr auto publishes = "{instance}_f1:max";

  void on_epoch_end(kairos::Epoch& epoch) {
    const kairos_str name = interfaces.host->instance(interfaces.host);
    epoch.publish(std::string(name.ptr, name.length) + "_f1", static_cast<double>(epoch.number()));
  }
};

KAIROS_PLUGIN("1.0.0", Scorer)
