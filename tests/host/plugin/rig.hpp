// SPDX-License-Identifier: MIT
// A run of callbacks without a model, for tests of the dispatch.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/host/callbacks.hpp"
#include "plugins/stub_target.hpp"

namespace kairos::tests {

/// Callbacks of the test plugins over losses that are given; `Model` is a StubTarget.
template <class Model = StubTarget>
struct RigOf {
  explicit RigOf(const std::vector<std::string>& plugins, std::string state = {}) {
    std::vector<host::PluginSpec> specs;
    for (const std::string& text : plugins) specs.push_back(host::parse_plugin_spec(text));
    host::CallbacksOptions options;
    options.keys = {{"loss", host::Direction::Min}};
    options.messages = [this](host::Level level, std::string_view author, std::string_view text) {
      if (level == host::Level::Warning) warnings.push_back(std::string(author) + ": " + std::string(text));
    };
    callbacks.emplace(catalog, specs, target, options);
    callbacks->setup({});
    if (!state.empty()) callbacks->load_state(state);
    callbacks->train_begin();
  }
  void epoch(std::int64_t index, double loss) {
    host::LogValues logs{loss};
    callbacks->epoch_begin(index);
    callbacks->train_batch_begin(0, 1);
    callbacks->gradients_ready();
    callbacks->train_batch_end(logs);
    target.weight = static_cast<float>(index + 1);
    callbacks->epoch_end(logs, nullptr);
  }
  std::optional<double> published(std::string_view key) {
    for (std::size_t i = 0; i < callbacks->keys().size(); ++i)
      if (callbacks->keys()[i].name == key && callbacks->epoch_values()[i].available)
        return callbacks->epoch_values()[i].value;
    return std::nullopt;
  }

  Model target{0.5};
  host::Catalog catalog = host::Catalog::scan(std::vector<std::filesystem::path>{KAIROS_DISPATCH_PLUGINS});
  std::vector<std::string> warnings;
  std::optional<host::Callbacks> callbacks;
};

using Rig = RigOf<>;

}  // namespace kairos::tests
