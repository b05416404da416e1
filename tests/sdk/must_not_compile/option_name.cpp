// expect: the name of an option must be in snake_case
// SPDX-License-Identifier: MIT
// A name as in camel case.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  kairos::Option<int> n{this, "maxEpochs", 1, "epochs"};
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
