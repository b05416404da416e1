// SPDX-License-Identifier: MIT
#include "base/delayed_library.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <thread>
#include <vector>

#include "host/error_text.hpp"
#include "kairos/host/error.hpp"

using namespace kairos::host;
using kairos::tests::error_of;

namespace {

/// The mathematics library is always installed, and has no data of 8 bytes to copy.
struct Mathematics {
  std::array<void*, 2> slots{};
  double copy = 0;
  [[nodiscard]] DelayedLibrary library(const char* functions, const char* soname = "libm.so.6") {
    return {soname, "", functions, "\0", slots.data(), &copy};
  }
};

}  // namespace

TEST_CASE("A delayed library fills the slots of its functions in their order", "[host]") {
  Mathematics maths;
  open(maths.library("sqrt\0pow\0"));
  CHECK(reinterpret_cast<double (*)(double)>(maths.slots[0])(9.0) == 3.0);
  CHECK(reinterpret_cast<double (*)(double, double)>(maths.slots[1])(2.0, 5.0) == 32.0);
}

TEST_CASE("A delayed library may be opened by many threads at once", "[host]") {
  Mathematics maths;
  const DelayedLibrary library = maths.library("sqrt\0pow\0");
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) threads.emplace_back([&] { open(library); });
  for (std::thread& thread : threads) thread.join();
  CHECK(maths.slots[0] != nullptr);
  CHECK(maths.slots[1] != nullptr);
}

TEST_CASE("A delayed library that is not installed is an error that names it", "[host]") {
  Mathematics maths;
  const std::string error = error_of([&] {
    open(maths.library("sqrt\0", "libkairos_absent.so.7"));
    return 0;
  });
  CHECK_THAT(error, Catch::StartsWith("KAIROS-I110: libkairos_absent.so.7: the library cannot be opened"));
  CHECK_THAT(error, Catch::Contains("Install the package that provides it"));
  CHECK(maths.slots[0] == nullptr);
}

TEST_CASE("A delayed library without one of the functions is an error that names the function", "[host]") {
  Mathematics maths;
  CHECK_THAT(error_of([&] {
               open(maths.library("sqrt\0squirt\0"));
               return 0;
             }),
             Catch::Contains("a function of the library is missing") && Catch::Contains("squirt"));
  CHECK(maths.slots[0] == nullptr);  // so it may be tried again
}
