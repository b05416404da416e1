// expect: two callbacks of this plugin have the same id
// SPDX-License-Identifier: MIT
// An id that was copied.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
struct Other : kairos::Callback<Other> {
  static constexpr auto id = "test.Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine, Other)
