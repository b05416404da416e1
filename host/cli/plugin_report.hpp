// SPDX-License-Identifier: MIT
// What `kairos plugins` says of plugins: as JSON, as text for people, and as the table of a README.
#pragma once

#include <optional>
#include <string>

#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

// The JSON is for scripts: keys are only ever added. A plugin is
//   {"file", "version", "abi": {"major", "required", "built"}, "sdk", "compiler", "callbacks": [
//     {"id", "name", "summary", "phase", "capabilities": […], "publishes": […],
//      "state": {"version", "oldest"} or null, "hooks": […], "options": [
//       {"name", "type", "required", "default", "min", "max", "min_excluded", "max_excluded", "unit",
//        "choices": […], "aliases": […], "help"}],
//      "host_options": [… the same, for on_error and on_missing]}]}
// where "default", "min" and "max" are null if there is none, and of the option's type otherwise (durations
// are text, as are numbers that JSON does not have). A refused file is
//   {"file", "code", "what", "found", "expected", "cure", "text", "ids": […]}.

/// {"directories": […], "plugins": […], "refused": […]}
[[nodiscard]] std::string catalog_json(const Catalog& catalog);

/// A plugin; with `only`, of its callbacks that one alone.
[[nodiscard]] std::string plugin_json(const Plugin& plugin, std::optional<std::size_t> only);
[[nodiscard]] std::string refusal_json(const Refusal& refusal);

/// A line for each callback, then what was refused and why.
[[nodiscard]] std::string catalog_text(const Catalog& catalog);
[[nodiscard]] std::string plugin_text(const Plugin& plugin, std::optional<std::size_t> only);

/// Name, phase, what it does, options with their defaults: a Markdown table sorted by name.
[[nodiscard]] std::string catalog_markdown(const Catalog& catalog);

}  // namespace kairos::host::cli
