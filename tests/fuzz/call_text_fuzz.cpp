// SPDX-License-Identifier: MIT
// Calls as in --optimizer and --loss: "Adam(learning_rate=0.01)".
#include <nlohmann/json.hpp>

#include "fuzz.hpp"
#include "nn/call_text.hpp"
#include "nn/optimizer.hpp"

using namespace kairos;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::expect_value_or_diagnosis([&] {
    for (const host::CallText& call : host::parse_calls(text, "model"))
      static_cast<void>(host::call_json(call, "model"));
  });
  fuzz::expect_value_or_diagnosis(
      [&] { static_cast<void>(host::call_json(host::parse_call(text, "loss"), "loss")); });
  return 0;
}
