// SPDX-License-Identifier: MIT
// The output of `kairos plugins`: JSON, text, and a Markdown table.
#pragma once

#include <optional>
#include <string>

#include "kairos/host/plugins.hpp"

namespace kairos::host::cli {

// The JSON is for scripts: keys are only ever added. A plugin is
//   {"file", "version", "abi": {"major", "required", "built"}, "sdk", "compiler",
//    "about": {"author", "license", "url", "description", "support"}, as far as they are given, "callbacks":
//    [
//     {"id", "name", "summary", "phase", "capabilities": […], "publishes": […], "every_rank",
//      "state": {"version", "oldest"} or null, "hooks": […], "options": [
//       {"name", "type", "required", "default", "min", "max", "min_excluded", "max_excluded", "unit",
//        "choices": […], "aliases": […], "help", "access": […], "secret", "voids_state"}],
//      "host_options": [… the same, for on_error and on_missing]}]}
// where "default", "min" and "max" are null if there is none, and have the option's type otherwise (durations
// and numbers that JSON lacks are text). A refused file is
//   {"file", "code", "what", "found", "expected", "cure", "text", "ids": […]}.

/// {"directories": […], "plugins": […], "refused": […]}
[[nodiscard]] std::string catalog_json(const Catalog& catalog);

/// A plugin; with `only`, just that callback of it.
[[nodiscard]] std::string plugin_json(const Plugin& plugin, std::optional<std::size_t> only);
[[nodiscard]] std::string refusal_json(const Refusal& refusal);

/// One line per callback, then the refused files with reasons.
[[nodiscard]] std::string catalog_text(const Catalog& catalog);
[[nodiscard]] std::string plugin_text(const Plugin& plugin, std::optional<std::size_t> only);

/// A Markdown table sorted by name: name, phase, summary, options with their defaults.
[[nodiscard]] std::string catalog_markdown(const Catalog& catalog);

}  // namespace kairos::host::cli
