// SPDX-License-Identifier: MIT
// Its constructor throws; the exception must not reach the host.
#include <kairos/plugin.hpp>
#include <stdexcept>

namespace {

struct ThrowingCreate : kairos::Callback<ThrowingCreate> {
  static constexpr auto id = "com.example.ThrowingCreate";
  static constexpr auto summary = "Throws when it is made.";
  static constexpr auto phase = kairos::Phase::Report;

  // The SDK also creates an object at compile time, to read the declarations.
  constexpr ThrowingCreate() {
    if (!__builtin_is_constant_evaluated()) throw std::runtime_error("there is no such planet");
  }
  void on_epoch_end(kairos::Epoch&) {}
};

}  // namespace

KAIROS_PLUGIN("1.0.0", ThrowingCreate)
