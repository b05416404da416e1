// SPDX-License-Identifier: MIT
// Messages, search directories, and output of the program.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/printable.hpp"
#include "cli/command.hpp"
#include "cli/failures.hpp"
#include "cli/field_flags.hpp"
#include "cli/printable_lines.hpp"
#include "kairos/abi/plugin.h"
#include "kairos/host/error.hpp"
#include "plugin/options/secrets.hpp"

namespace kairos::host::cli {

namespace {

void write_text(std::FILE* to, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), to);
  std::fflush(to);
}

/// A message of `author` as lines that each begin with `prefix`, so that no line of a plugin looks like one
/// of the program. Tabs stay.
std::string lines_of(const std::string& prefix, std::string_view message) {
  std::string out;
  for (bool more = true; more;) {
    const std::size_t end = message.find('\n');
    more = end != std::string_view::npos && end + 1 < message.size();
    std::string_view line = message.substr(0, end);
    if (end != std::string_view::npos) message.remove_prefix(end + 1);
    out += prefix;
    for (std::size_t tab; (tab = line.find('\t')) != std::string_view::npos; line.remove_prefix(tab + 1))
      out += printable(line.substr(0, tab)) + '\t';
    out += printable(line) + '\n';
  }
  return out;
}

/// Erases the line of the terminal that both streams may share: it may hold a progress bar.
std::string start_of_line(std::FILE* to) {
  const char* const terminal = std::getenv("TERM");
  const bool is_dumb = terminal != nullptr && std::string_view(terminal) == "dumb";
  return !is_dumb && ::isatty(::fileno(to)) == 1 && ::isatty(STDOUT_FILENO) == 1 ? "\r\x1b[J" : "";
}

}  // namespace

std::string message_text(Level level, std::string_view author, std::string_view message,
                         std::string_view prefix) {
  // What a plugin writes stays as it is: its options may have the names of fields.
  const std::string text = author.empty() ? with_flags(message) : std::string(message);
  const char* const kind = level == Level::Debug     ? "debug: "
                           : level == Level::Warning ? "warning: "
                           : level == Level::Error   ? "error: "
                                                     : "";
  return lines_of(std::string(prefix) + kind + (author.empty() ? "" : printable(author) + ": "), text);
}

Level log_level(const Settings& settings) {
  const std::string level = settings.choice("log_level");
  return level == "debug"     ? Level::Debug
         : level == "warning" ? Level::Warning
         : level == "error"   ? Level::Error
                              : Level::Info;
}

void set_watch_over_plugins(const Settings& settings, RunOptions& options) {
  const std::chrono::duration<double> seconds(std::min(settings.number("slow_hook"), 1e9));
  options.slow_hook = std::chrono::duration_cast<std::chrono::nanoseconds>(seconds);
  const char* const check = std::getenv("KAIROS_CHECK_PLUGINS");
  options.checks_plugins = check != nullptr && *check != '\0' && std::string_view(check) != "0";
}

MessageSink console_messages(Level least) {
  auto mutex = std::make_shared<std::mutex>();
  return [mutex, least](Level level, std::string_view author, std::string_view message) {
    if (level < least) return;
    const std::string text = message_text(level, author, message);
    const std::lock_guard lock(*mutex);
    // Failing to print a message must not end a training: errors are ignored.
    std::FILE* const to = level == Level::Info ? stdout : stderr;
    std::fflush(stdout);
    write_text(to, start_of_line(to) + text);
  };
}

namespace {

/// Empty if there is none. As the XDG specification says, a relative XDG_DATA_HOME counts as unset.
std::filesystem::path user_directory() {
  const char* const data = ::secure_getenv("XDG_DATA_HOME");
  const char* const home = ::secure_getenv("HOME");
  std::filesystem::path base(data == nullptr ? "" : data);
  if (!base.is_absolute()) base = std::filesystem::path(home == nullptr ? "" : home) / ".local" / "share";
  return base.is_absolute() ? base / "kairos" / "plugins" : std::filesystem::path();
}

}  // namespace

std::vector<std::filesystem::path> search_directories(const std::vector<std::string>& directories) {
  const std::vector<std::filesystem::path> given(directories.begin(), directories.end());
  const char* environment = ::secure_getenv("KAIROS_PLUGIN_PATH");
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path installed =
      error ? std::filesystem::path() : program.parent_path().parent_path() / "lib" / "kairos" / "plugins";
  std::vector<std::filesystem::path> searched = plugin_directories(
      given, environment == nullptr ? std::nullopt : std::optional<std::string_view>(environment),
      user_directory());
  for (std::filesystem::path& last : plugin_directories({}, std::nullopt, installed))
    if (std::ranges::find(searched, last) == searched.end()) searched.push_back(std::move(last));
  return searched;
}

std::vector<PluginSpec> parse_specs(const std::vector<std::string>& texts) {
  std::vector<PluginSpec> specs;
  for (const std::string& text : texts) specs.push_back(parse_plugin_spec(text));
  return specs;
}

Catalog scan_catalog(const std::vector<std::string>& directories, std::span<const PluginSpec> specs) {
  std::vector<std::filesystem::path> files;
  for (const PluginSpec& spec : specs)
    if (spec.is_file()) files.emplace_back(spec.target);
  const std::vector<std::filesystem::path> searched = search_directories(directories);
  return Catalog::scan(searched, files);
}

void refuse_commands_of(const std::string& file, const Settings& settings, std::span<const PluginSpec> specs,
                        const Catalog& catalog) {
  if (settings.is_on("allow_shell")) return;
  for (const PluginSpec& spec : specs) {
    Catalog::Match match;
    try {
      match = catalog.find(spec);
    } catch (const Error&) {
      continue;  // It is reported where the callback is needed.
    }
    if ((match.callback->capabilities & KAIROS_CAN_RUN_COMMANDS) != 0)
      throw Error(
          ErrorKind::Usage,
          {"KAIROS-U095", file, "a file may name commands to run only with --allow-shell",
           std::string(match.callback->short_name()), "--allow-shell, or --plugin on the command line",
           "Read the commands in that file; to run them, add --allow-shell"});
  }
}

void refuse_commands_of_config(const Settings& settings, std::span<const PluginSpec> specs,
                               const Catalog& catalog) {
  if (settings.is_configured("plugin")) refuse_commands_of(settings.config_flag(), settings, specs, catalog);
}

void hide_secrets(Settings& settings, const Catalog& catalog) {
  std::vector<std::string> specs = settings.items("plugin");
  for (std::string& spec : specs) spec = storable_spec(spec, catalog);
  settings.record_as("plugin", std::move(specs));
}

void print_config(Settings& settings) {
  const std::vector<std::string> given = settings.items("plugin");
  if (!given.empty()) {
    hide_secrets(settings, scan_catalog(settings.items("plugin_dir"), parse_specs(given)));
  }
  print(settings.json());
}

void print(std::string_view text) {
  const std::string shown = printable_lines(text);
  errno = 0;
  if (std::fwrite(shown.data(), 1, shown.size(), stdout) == shown.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw ClosedPipe();
  throw Error(ErrorKind::File, {"KAIROS-F060", "standard output", "cannot write to it", std::strerror(errno),
                                "", "Check for a full disk"});
}

}  // namespace kairos::host::cli
