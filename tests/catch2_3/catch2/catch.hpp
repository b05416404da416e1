// SPDX-License-Identifier: MIT
// The one header of Catch2 2, made of headers of Catch2 3: the tests are written for both.
#pragma once

#include <catch2/catch_approx.hpp>
#include <catch2/catch_message.hpp>
#include <catch2/catch_test_macros.hpp>
#include <catch2/catch_tostring.hpp>
#include <catch2/generators/catch_generators_all.hpp>
#include <catch2/matchers/catch_matchers.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>
#include <string>

using Catch::Approx;

namespace Catch {
namespace Matchers {

// In Catch2 3 this is the name of a matcher of ranges, whose header must not be included.
inline StringContainsMatcher Contains(const std::string& part) {
  return ContainsSubstring(part);
}

}  // namespace Matchers

using Matchers::Contains;
using Matchers::StartsWith;

}  // namespace Catch

#ifdef CATCH_CONFIG_MAIN
#include <catch2/catch_session.hpp>

int main(int count, char** arguments) {
  return Catch::Session().run(count, arguments);
}
#endif
