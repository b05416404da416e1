// SPDX-License-Identifier: MIT
// Messages, search directories, and output of the program.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "cli/command.hpp"
#include "cli/failures.hpp"
#include "cli/field_flags.hpp"
#include "cli/printable.hpp"
#include "kairos/host/error.hpp"

namespace kairos::host::cli {

namespace {

void write_line(std::FILE* to, const std::string& line) {
  std::fwrite(line.data(), 1, line.size(), to);
  std::fflush(to);
}

}  // namespace

MessageSink console_messages() {
  auto mutex = std::make_shared<std::mutex>();
  return [mutex](Level level, std::string_view author, std::string_view message) {
    if (level == Level::Debug) return;
    // What a plugin writes stays as it is: its options may have the names of fields.
    const std::string flags = author.empty() ? with_flags(message) : std::string(message);
    // Names from files are part of our messages; a warning is one line.
    const std::string text = !author.empty()        ? flags
                             : level == Level::Info ? printable_lines(flags)
                                                    : printable(flags);
    const std::lock_guard lock(*mutex);
    // Failing to print a message must not end a training: errors are ignored.
    if (level == Level::Info) {
      write_line(stdout, fmt::format("{}\n", text));
      return;
    }
    std::fflush(stdout);
    write_line(stderr, fmt::format("{}: {}{}{}\n", level == Level::Warning ? "warning" : "error", author,
                                   author.empty() ? "" : ": ", text));
  };
}

std::vector<std::filesystem::path> search_directories(const std::vector<std::string>& directories) {
  const std::vector<std::filesystem::path> given(directories.begin(), directories.end());
  const char* environment = ::secure_getenv("KAIROS_PLUGIN_PATH");
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path installed =
      error ? std::filesystem::path() : program.parent_path().parent_path() / "lib" / "kairos" / "plugins";
  return plugin_directories(
      given, environment == nullptr ? std::nullopt : std::optional<std::string_view>(environment), installed);
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

void print(std::string_view text) {
  const std::string shown = printable_lines(text);
  errno = 0;
  if (std::fwrite(shown.data(), 1, shown.size(), stdout) == shown.size() && std::fflush(stdout) == 0) return;
  if (errno == EPIPE) throw ClosedPipe();
  throw Error(ErrorKind::File, {"KAIROS-F060", "standard output", "cannot write to it", std::strerror(errno),
                                "", "Check for a full disk"});
}

}  // namespace kairos::host::cli
