// SPDX-License-Identifier: MIT
// What a fit, an evaluation and a prediction tell their callbacks about themselves.
#include <catch2/catch.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "host/plugin/probe.hpp"
#include "kairos/host/compile.hpp"
#include "kairos/host/fit.hpp"

using namespace kairos::host;
using namespace kairos::tests;

TEST_CASE("In setup a callback can tell a fit, a resumed fit, an evaluation and a prediction apart",
          "[host]") {
  CompileOptions settings;
  settings.loss = "mse";
  const std::unique_ptr<Model> model = compile({{}, "dense(1)", {1}}, settings);
  Dataset data;
  data.inputs = {{"", {{2, 1}, {0.0F, 1.0F}}}};
  data.targets = {{"", {{2}, {1.0F, 3.0F}}}};

  std::vector<std::pair<std::int32_t, std::int32_t>> seen;
  ProbeScript script;
  script.in["setup"] = [&](const Visit& visit) {
    const auto& event = *static_cast<const kairos_run_event*>(visit.event);
    seen.emplace_back(event.mode, event.run_resumed);
    return KAIROS_OK;
  };
  const Catalog catalog = Catalog::scan(std::vector<std::filesystem::path>{KAIROS_DISPATCH_PLUGINS});
  FitOptions options;
  options.catalog = &catalog;
  options.plugins = {parse_plugin_spec(script.spec())};
  options.callback_state = fit(*model, data, options).callback_state;
  options.initial_epoch = 1;
  options.epochs = 2;
  (void)fit(*model, data, options);
  PassOptions pass;
  pass.catalog = options.catalog;
  pass.plugins = options.plugins;
  (void)evaluate(*model, data, pass);
  (void)predict(*model, data, pass);
  CHECK(seen ==
        std::vector<std::pair<std::int32_t, std::int32_t>>{
            {KAIROS_MODE_FIT, 0}, {KAIROS_MODE_FIT, 1}, {KAIROS_MODE_EVALUATE, 0}, {KAIROS_MODE_PREDICT, 0}});
}
