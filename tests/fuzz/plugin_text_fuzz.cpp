// SPDX-License-Identifier: MIT
// The argument of --plugin, and the values of its options.
#include "fuzz.hpp"
#include "kairos/abi.h"
#include "plugin/options/expression.hpp"
#include "plugin/options/given_text.hpp"
#include "plugin/options/option_value.hpp"
#include "plugin/options/python_formula.hpp"

using namespace kairos;

namespace {

void read_as_every_type(const host::PluginOption& given) {
  for (std::int32_t type = 0; type < 16; ++type) {
    host::OptionSpec option;
    option.type = type;
    option.name = "option";
    fuzz::expect_value_or_diagnosis([&] {
      if (!host::means_unset(option, given)) static_cast<void>(host::plain_text(option, given, "fuzz"));
    });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::expect_value_or_diagnosis([&] {
    for (const host::PluginOption& given : host::parse_plugin_spec(text).options) read_as_every_type(given);
  });
  for (const host::Written written : {host::Written::Bare, host::Written::Argument})
    read_as_every_type({"option", std::string(text), written});
  for (std::int32_t type = 0; type < 16; ++type)
    if (const auto value = host::parse_value(type, text)) {
      // Written text must be read back unchanged.
      const auto again = host::parse_value(type, host::value_text(*value));
      if (!again || !(*again == *value)) std::abort();
    }
  const std::string variables[] = {"epoch", "lr"};
  static_cast<void>(host::formula_of_lambda(text, variables));
  fuzz::expect_value_or_diagnosis([&] {
    host::Expression expression(text, variables, "schedule");
    const double values[] = {3, 0.01};
    static_cast<void>(expression.evaluate(values));
  });
  return 0;
}
