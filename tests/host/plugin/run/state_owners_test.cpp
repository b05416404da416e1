// SPDX-License-Identifier: MIT
// Whose state an instance gets in a resumed run.
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "host/plugin/rig.hpp"
#include "plugin/run/saved_states.hpp"

using namespace kairos::host;
using namespace kairos::tests;

namespace {

std::string state_after_an_epoch(const std::vector<std::string>& plugins, const std::string& state = {}) {
  Rig rig(plugins, state);
  rig.epoch(0, 1.0);
  return rig.callbacks->save_state();
}

/// What the instances say in on_train_begin of a run that resumes from `state`.
std::vector<std::string> resumed(const std::string& state, const std::vector<std::string>& plugins) {
  return Rig(plugins, state).warnings;
}

/// CRC-32, bit by bit.
std::uint32_t checksum(const std::string& bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) crc = (crc >> 1) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U);
  }
  return ~crc;
}

template <class T>
void append(std::string& bytes, T number) {
  bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void append_text(std::string& bytes, const std::string& text) {
  append<std::uint64_t>(bytes, text.size());
  bytes += text;
}

/// A state as it was saved before the values of options were.
std::string without_options(const SavedState& state) {
  std::string bytes = "KAIROS-STATE-1\n";
  append<std::uint64_t>(bytes, 1);
  append_text(bytes, state.id);
  append_text(bytes, state.name);
  append(bytes, state.version);
  append_text(bytes, state.bytes);
  append<std::uint64_t>(bytes, 0);
  append(bytes, checksum(bytes));
  return bytes;
}

using Lines = std::vector<std::string>;

const std::string resumed_line = "resumed in a resumed run ", new_line = "new in a resumed run ";

}  // namespace

TEST_CASE("Twins without names get the state of their options, whatever their order", "[host][plugin]") {
  const std::string state =
      state_after_an_epoch({"Twin:monitor=a", "Twin:monitor=b", "Twin:monitor=b,patience=2"});
  CHECK(resumed(state, {"Twin:monitor=b,patience=2", "Twin:monitor=b", "Twin:monitor=a"}) ==
        Lines{"Twin: " + resumed_line + "b2", "Twin_2: " + resumed_line + "b1",
              "Twin_3: " + resumed_line + "a1"});
  CHECK(resumed(state, {"Twin:monitor=b"}) == Lines{"Twin: " + resumed_line + "b1"});
}

TEST_CASE("Another value of an option keeps the state, unless the state depends on it", "[host][plugin]") {
  const std::string state = state_after_an_epoch({"Twin:monitor=a"});
  CHECK(resumed(state, {"Twin:monitor=a,patience=7"}) == Lines{"Twin: " + resumed_line + "a1"});
  CHECK(resumed(state, {"Twin:monitor=b"}) == Lines{"Twin: its saved state is for another value of the "
                                                    "option monitor (a, now b) and is not restored: it "
                                                    "starts anew",
                                                    "Twin: " + new_line});
}

TEST_CASE("Names that the user gave decide before options do", "[host][plugin]") {
  const std::string state =
      state_after_an_epoch({"Twin@x:monitor=a,patience=1", "Twin@y:monitor=a,patience=2"});
  CHECK(resumed(state, {"Twin@y:monitor=a,patience=1", "Twin@x:monitor=a,patience=2"}) ==
        Lines{"y: " + resumed_line + "a2", "x: " + resumed_line + "a1"});
  CHECK(resumed(state, {"Twin@z:monitor=a"}) == Lines{"z: " + new_line});
}

TEST_CASE("Whether an instance resumed is about itself, and whether the run did is another question",
          "[host][plugin]") {
  const std::string state = state_after_an_epoch({"Twin:monitor=a"});
  CHECK(resumed(state, {"Twin:monitor=a", "Twin@new", "Stateless"}) ==
        Lines{"Twin: " + resumed_line + "a1", "new: " + new_line, "Stateless: " + new_line + "0 of 1"});
  CHECK(resumed("", {"Twin", "Stateless"}) == Lines{"Twin: new ", "Stateless: new 0 of 1"});
}

TEST_CASE("A state that no instance takes goes on to a later run, even if its name is taken",
          "[host][plugin]") {
  const std::string both = state_after_an_epoch({"Twin:monitor=a", "Twin:monitor=b"});
  const std::string one = state_after_an_epoch({"Twin:monitor=b"}, both);
  CHECK(resumed(one, {"Twin:monitor=a", "Twin:monitor=b"}) ==
        Lines{"Twin: " + resumed_line + "a1", "Twin_2: " + resumed_line + "b1"});
}

TEST_CASE("A state that was saved without options is found by its name", "[host][plugin]") {
  const SavedState saved = decode_states(state_after_an_epoch({"Twin:monitor=a"})).at(0);
  CHECK(saved.options.at("monitor") == "4:a");
  CHECK(resumed(without_options(saved), {"Twin:monitor=b", "Twin:monitor=a"}) ==
        Lines{"Twin: " + resumed_line + "a1", "Twin_2: " + new_line});
}
