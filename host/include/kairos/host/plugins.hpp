// SPDX-License-Identifier: MIT
// Finds and describes plugins without running any of their code.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kairos/host/error.hpp"

namespace kairos::host {

/// The value of an option. `type` is a KAIROS_TYPE_… number (kairos/abi/option.h) and selects the field with
/// the value: bool, int and duration (nanoseconds) use `integer`, float uses `number`, all others `text`. A
/// list has its items too, once a plugin is configured.
struct OptionValue {
  std::int32_t type = 0;
  std::int64_t integer = 0;
  double number = 0.0;
  std::string text;
  std::vector<OptionValue> items{};

  /// Compares the selected field only; NaN equals NaN.
  [[nodiscard]] bool operator==(const OptionValue& other) const;
  [[nodiscard]] bool absent() const noexcept { return type == 0; }
};

/// Declaration of an option; see kairos_option.
struct OptionSpec {
  std::uint32_t flags = 0;     ///< KAIROS_OPTION_…
  std::int32_t type = 0;       ///< KAIROS_TYPE_…
  std::int32_t item_type = 0;  ///< of a list; else 0
  std::string name, help;
  std::string deprecated;  ///< why, and what to use instead; "" if it is not
  std::vector<std::string> aliases;
  std::string unit;
  std::vector<std::string> choices;
  OptionValue initial, min, max;
};

/// Declaration of a callback; see kairos_callback.
struct CallbackManifest {
  std::string id;
  std::string summary;
  std::int32_t phase = 0;              ///< KAIROS_PHASE_…
  std::uint64_t capabilities = 0;      ///< KAIROS_CAN_…
  std::uint32_t flags = 0;             ///< KAIROS_CALLBACK_…
  std::vector<std::string> publishes;  ///< keys that it may publish
  std::uint32_t state_version = 0;     ///< 0: no state
  std::uint32_t oldest_state_version = 0;
  std::vector<std::string> hooks;  ///< in the order of kairos_hooks, without create and destroy
  std::vector<OptionSpec> options;
  std::vector<std::string> aliases;        ///< former ids
  std::vector<std::string> before, after;  ///< ids of callbacks of the same phase

  /// The part of the id after the last '.'.
  [[nodiscard]] std::string_view short_name() const noexcept;
};

/// What the author tells about a plugin; texts as in the file, "" if they are missing.
struct About {
  std::string author, license, url, description;
  std::string support;  ///< where to report problems
};

/// What a plugin declares.
struct Manifest {
  std::uint16_t major = 0, minor_required = 0, minor_built = 0;
  std::string version;   ///< of the plugin
  std::string sdk;       ///< version of the SDK it was built with
  std::string compiler;  ///< version of the compiler
  About about;
  std::vector<CallbackManifest> callbacks;
};

/// "int" for KAIROS_TYPE_INT, and so on; "absent" for 0.
[[nodiscard]] std::string_view type_name(std::int32_t type) noexcept;
/// "measure", "decide", "report", "persist".
[[nodiscard]] std::string_view phase_name(std::int32_t phase) noexcept;
/// "stop", "set_optimizer", … for the bits that this host knows, lowest bit first.
[[nodiscard]] std::vector<std::string> capability_names(std::uint64_t capabilities);
/// A value as written in a configuration: "true", "10", "0.001", "1h30m"; "" if absent.
[[nodiscard]] std::string value_text(const OptionValue& value);

/// Identifies one version of a file.
struct FileIdentity {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t modified = 0;  ///< nanoseconds
  std::int64_t changed = 0;   ///< the same, also of its name and rights
  [[nodiscard]] bool operator==(const FileIdentity&) const = default;
};

/// A file that passed all checks before loading.
struct Plugin {
  std::filesystem::path file;  ///< absolute
  Manifest manifest;
  FileIdentity identity;  ///< of the checked file; loading refuses any other
};

/// A file that failed a check, and why.
struct Refusal {
  std::filesystem::path file;
  Diagnosis diagnosis;
  std::vector<std::string> ids;  ///< callbacks in its manifest, as far as it could be read
};

/// How the value of an option was written. Quoted text is taken literally; anything else may be Python's
/// None, a list or a number.
enum class Written {
  Quoted,    ///< key='value'
  Bare,      ///< key=value
  Argument,  ///< without quotes in a call, where a word is a Python name: Name(key=value)
};

/// One option as written.
struct PluginOption {
  std::string key;  ///< "" for a positional argument
  std::string value;
  Written written = Written::Bare;
  [[nodiscard]] bool operator==(const PluginOption&) const = default;
};

/// A plugin and its options: `ID[@instance][:key=value,…]` or `ID[@instance](value,key=value,…)`. Instead of
/// the id, the path of a .so, followed by `#ID` if it has several callbacks.
struct PluginSpec {
  std::string target;    ///< an id or short name, or the path of a .so
  std::string callback;  ///< the text after '#', or ""
  std::string instance;  ///< the text after '@', or ""
  std::vector<PluginOption> options;

  /// True if `target` is the path of a file.
  [[nodiscard]] bool is_file() const noexcept;
};

/// Quotes and escapes are Python's; inside brackets a value may contain commas. A call may span several lines
/// and start with Keras' module: "tf.keras.callbacks.EarlyStopping('val_loss', patience=20)". Throws
/// Error(Plugin) with the column of the error.
[[nodiscard]] PluginSpec parse_plugin_spec(std::string_view text);

/// The directories to scan, absolute, in order: `command_line` (relative to the current directory), then
/// `environment` (the value of KAIROS_PLUGIN_PATH: absolute paths separated by ':'), then `install_directory`
/// (may be empty). Throws Error(Plugin) for a requested directory that cannot be read; a missing
/// `install_directory` is omitted.
[[nodiscard]] std::vector<std::filesystem::path> plugin_directories(
    std::span<const std::filesystem::path> command_line, std::optional<std::string_view> environment,
    const std::filesystem::path& install_directory);

/// All plugins that were found. Pointers into it stay valid as long as it lives, even after a move.
class Catalog {
 public:
  struct Match {
    const Plugin* plugin = nullptr;
    const CallbackManifest* callback = nullptr;
    std::size_t index = 0;  ///< of the callback in the manifest
    bool by_alias = false;  ///< found by a former id
  };

  /// Reads every *.so in the directories (not in subdirectories), then `files`. A file that cannot be used
  /// becomes a refusal; so do two files with a callback of the same id, unless one of them is in `files`.
  /// Runs no plugin code.
  [[nodiscard]] static Catalog scan(std::span<const std::filesystem::path> directories,
                                    std::span<const std::filesystem::path> files = {});

  [[nodiscard]] const std::vector<Plugin>& plugins() const noexcept { return plugins_; }
  [[nodiscard]] const std::vector<Refusal>& refusals() const noexcept { return refusals_; }
  [[nodiscard]] const std::vector<std::filesystem::path>& directories() const noexcept {
    return directories_;
  }

  /// The callback with this id or short name; "EarlyStopping", "early_stopping" and "kairos.EarlyStopping"
  /// are the same, and so is a former id or its short name. Throws Error(Plugin) if there is none, if there
  /// are several, or if its file was refused.
  [[nodiscard]] Match find(std::string_view name) const;

  /// The callback of a spec. A file must be among those given to `scan`.
  [[nodiscard]] Match find(const PluginSpec& spec) const;

 private:
  [[nodiscard]] Match find_in_file(const PluginSpec& spec) const;
  [[noreturn]] void not_found(std::string_view name) const;

  std::vector<Plugin> plugins_;
  std::vector<Refusal> refusals_;
  std::vector<std::filesystem::path> directories_;
};

}  // namespace kairos::host
