// SPDX-License-Identifier: MIT
// Macros of the author, defined before the SDK is included.
#define X 3
#define HOOK 4
#define OPTION 5
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  int sum = X + HOOK + OPTION;
  void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)

#if X != 3
#error "the SDK changed a macro of the author"
#endif
