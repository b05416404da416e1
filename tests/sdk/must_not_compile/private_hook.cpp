// expect: write it as: void on_epoch_end(kairos::Epoch&)
// SPDX-License-Identifier: MIT
// A hook that the SDK may not call.
#include <kairos/plugin.hpp>

class Mine : public kairos::Callback<Mine> {
 public:
  static constexpr auto id = "test.Mine";
  void on_epoch_begin(kairos::Epoch&) {}

 private:
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
