// expect: on_batch_end is not a hook and would never be called; did you mean on_train_batch_end?
// SPDX-License-Identifier: MIT
// Keras' other name of a hook.
#include <kairos/plugin.hpp>

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  void on_batch_end(kairos::Batch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
