// SPDX-License-Identifier: MIT
// kairos evaluate.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/json_number.hpp"
#include "cli/command.hpp"
#include "cli/prepared_pass.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::host::cli {

int run_evaluate(Arguments arguments) {
  Settings settings(Command::Evaluate, arguments);
  if (settings.help_wanted()) return print(settings.help("compute loss and metrics of a model on data")), 0;
  if (settings.is_on("print_config")) return print_config(settings), 0;
  settings.require("model", "Name a Keras file, or a shorthand with --weights");
  require_data(settings);

  PreparedPass pass(settings, Purpose::Evaluate, "evaluate.json");
  const auto results = pass.run([](auto&&... parts) { return evaluate(parts...); });
  if (const int interrupted = results.empty() ? pass.tell_interrupt() : 0; interrupted != 0)
    return interrupted;
  std::string line;
  nlohmann::ordered_json document;
  for (const auto& [name, value] : results) {
    line += fmt::format("{}{}: {:.{}}", line.empty() ? "" : " - ", name, value, 6);
    document[name] = json_number(value);
  }
  print((settings.is_on("json")
             ? document.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)
             : line) +
        "\n");
  return 0;
}

}  // namespace kairos::host::cli
