// SPDX-License-Identifier: MIT
// More options than a callback has: compilers limit the steps of a constant evaluation, clang to a million.
#include <kairos/plugin.hpp>

#define ONE(n)                                                                                         \
  kairos::Option<int> option_##n{this,                                                                 \
                                 "option_number_" #n,                                                  \
                                 1,                                                                    \
                                 "help of a usual length, which says what the option is for and when", \
                                 kairos::min(0),                                                       \
                                 kairos::alias("alias_of_" #n ",other_alias_of_" #n)};                 \
  kairos::State<int> state_##n{this, "state_number_" #n, 0};
#define TEN(n) \
  ONE(n##0) ONE(n##1) ONE(n##2) ONE(n##3) ONE(n##4) ONE(n##5) ONE(n##6) ONE(n##7) ONE(n##8) ONE(n##9)

struct Mine : kairos::Callback<Mine> {
  static constexpr auto id = "test.Mine";
  TEN(1) TEN(2) TEN(3) TEN(4) TEN(5) TEN(6) void on_epoch_end(kairos::Epoch&) {}
};
KAIROS_PLUGIN("1.0.0", Mine)
