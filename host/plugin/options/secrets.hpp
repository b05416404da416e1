// SPDX-License-Identifier: MIT
// Options whose values are neither printed nor stored.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// What is printed and stored in place of a secret.
constexpr std::string_view hidden_secret = "***";

[[nodiscard]] bool is_secret(const OptionSpec& option) noexcept;

/// A secret as the callback gets it.
struct ReadSecret {
  std::string value;
  std::filesystem::path file;  ///< that it was read from; empty for none
};

/// Reads env:NAME and file:PATH; any other text is the secret itself. Throws Error(Plugin) KAIROS-O058 that
/// names `where` and never the value.
[[nodiscard]] ReadSecret read_secret(const std::string& text, const std::string& where);

/// Adds secrets to `all`, which has each once, a longer one before those that are parts of it.
void add_secrets(std::vector<std::string>& all, std::span<const std::string> more);

/// The text with `***` for each of the secrets, which are in the order of add_secrets.
[[nodiscard]] std::string without_secrets(std::string_view text, std::span<const std::string> secrets);

/// The spec in the notation in which its options were written.
[[nodiscard]] std::string spec_text(const PluginSpec& spec);

/// A --plugin as it may be stored: with `***` for a secret that was written out, and the absolute path of a
/// file that the callback only reads. env:NAME and file:PATH stay. If the catalog does not have the callback,
/// `***` for all values.
[[nodiscard]] std::string storable_spec(const std::string& text, const Catalog& catalog);

}  // namespace kairos::host
