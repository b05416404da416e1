// SPDX-License-Identifier: MIT
// Hooks from a base, from a base template, and from a base of a base.
#include <kairos/plugin.hpp>

struct Printer {
  void on_epoch_end(kairos::Epoch& epoch) { epoch.print("the end"); }
};
template <class Derived>
struct Starter : kairos::Callback<Derived> {
  void on_train_begin(kairos::Run& run) { run.print("the begin"); }
};
struct Further : Printer {};

struct First : kairos::Callback<First>, Printer {
  static constexpr auto id = "test.First";
};
struct Second : Starter<Second> {
  static constexpr auto id = "test.Second";
};
struct Third : Starter<Third>, Further {
  static constexpr auto id = "test.Third";
  void on_train_end(kairos::End&) {}
};
KAIROS_PLUGIN("1.0.0", First, Second, Third)

namespace detail = kairos::detail;
static_assert(detail::Has_on_epoch_end<First>::value);
static_assert(detail::Has_on_train_begin<Second>::value);
static_assert(detail::Has_on_train_begin<Third>::value && detail::Has_on_epoch_end<Third>::value);
