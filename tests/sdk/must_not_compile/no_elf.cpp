// expect: this SDK builds plugins for ELF systems only
// SPDX-License-Identifier: MIT
// Another format of object files.
#undef __ELF__
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
