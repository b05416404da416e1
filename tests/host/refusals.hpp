// SPDX-License-Identifier: MIT
// Files made to hurt and how what they get as an answer begins.
#pragma once

#include <catch2/catch.hpp>
#include <filesystem>
#include <initializer_list>

#include "host/temporary_directory.hpp"

namespace kairos::tests {

struct Refused {
  const char *name, *sentence;
};

/// `action(path)` throws for each file of the directory, and the text begins with the sentence.
template <class Action>
void check_refusals(const TemporaryDirectory& directory, std::initializer_list<Refused> cases,
                    Action action) {
  for (const Refused& c : cases) {
    INFO(c.name);
    const std::filesystem::path file = directory / c.name;
    CHECK_THAT(refusal(directory, [&] { static_cast<void>(action(file)); }),
               Catch::Matchers::StartsWith(c.sentence));
  }
}

}  // namespace kairos::tests
