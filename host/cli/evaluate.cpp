// SPDX-License-Identifier: MIT
// kairos evaluate.
#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/command.hpp"
#include "cli/inputs.hpp"
#include "cli/json_number.hpp"
#include "cli/run_directory.hpp"
#include "kairos/host/fit.hpp"

namespace kairos::host::cli {

int run_evaluate(Arguments arguments) {
  const Settings settings("evaluate", evaluate_settings(), arguments);
  if (settings.help_wanted()) return print(settings.help("loss and metrics of a model on data")), 0;
  if (settings.is_on("print_config")) return print(settings.json()), 0;
  require(settings, "model", "Name a Keras file, or a shorthand with --weights");
  require_data(settings);

  PassOptions options;
  options.batch_size = settings.integer("batch_size");
  options.steps = settings.integer("steps");
  options.plugins = parse_specs(settings.list("plugin"));
  const Catalog catalog = scan_catalog(settings.list("plugin_dir"), options.plugins);
  options.catalog = &catalog;
  RunDirectory directory(settings.text("run_dir"));
  options.run_directory = directory.path();
  options.before_pass = [&] { directory.begin("evaluate.json", settings.json()); };
  options.messages = console_messages();
  GivenModel given = read_given_model(settings);
  options.stream = stream_options(settings, Purpose::Evaluate);
  const std::unique_ptr<SampleSource> stream = open_data(settings, given.ports, Purpose::Evaluate);
  const LoadedData data =
      stream ? LoadedData{stream->layout(), {}} : load(settings, given.ports, Purpose::Evaluate);
  require_use_of_class_names(settings, data.train);
  const std::unique_ptr<Model> model = make_model(settings, std::move(given), data.train, Purpose::Evaluate);

  const auto results = stream ? evaluate(*model, *stream, options) : evaluate(*model, data.train, options);
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
