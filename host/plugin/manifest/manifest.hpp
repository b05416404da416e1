// SPDX-License-Identifier: MIT
// What a plugin declares, read from the manifest in the file or from the data in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "kairos/abi.h"
#include "kairos/host/plugins.hpp"

namespace kairos::host {

/// The ABI version numbers in the note.
struct AbiVersions {
  std::uint16_t major = KAIROS_ABI_MAJOR;
  std::uint16_t minor_required = 0;
  std::uint16_t minor_built = KAIROS_ABI_MINOR;
};

/// Reads a manifest. What this host does not know is an error, except for "about" and keys that begin with
/// "x-". If the plugin was built with a newer minor, an unknown key, hook, capability or kind of list entry
/// is left out. Throws Error(Plugin) KAIROS-L014, or L013 for an unknown phase, type or flag of a newer
/// minor; its `where` is empty.
[[nodiscard]] Manifest parse_manifest(std::string_view json, const AbiVersions& abi = {});

/// Reads the same from the data of a loaded plugin, as far as this host knows it; `sdk` and `compiler` stay
/// empty. Throws Error(Plugin) KAIROS-L024 for data that breaks the rules of the ABI, or L013 as above; its
/// `where` is empty.
[[nodiscard]] Manifest describe(const kairos_plugin& plugin);

/// The first field in which the two disagree.
struct ManifestDifference {
  std::string field;          ///< "callback com.example.StallStop, option patience, default"
  std::string manifest_says;  ///< as written in the manifest
  std::string data_says;
};

/// Empty if `data` (from `describe`) says the same as the manifest of the file. `sdk` and `compiler` are not
/// in the data.
[[nodiscard]] std::optional<ManifestDifference> first_difference(const Manifest& manifest,
                                                                 const Manifest& data);

/// A slot of kairos_hooks that is listed in manifests.
struct HookSlot {
  std::string_view name;
  std::size_t offset;  ///< in kairos_hooks
};

/// All slots but create and destroy, in table order.
[[nodiscard]] std::span<const HookSlot> hook_slots() noexcept;

}  // namespace kairos::host
